"""Exams by the filters of the list, and what is known of one of them."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import msgspec
from flask import Blueprint, Response, abort

from gecit.core.access import Action, reach
from gecit.core.exam import Billing, Exam
from gecit.core.search import ExamSearch, Place
from gecit.core.values import Value
from gecit.edges.store.search import Found
from gecit.ports import Views

from ..access import needs, person
from ..audit import about
from ..shown import show_exam
from ..timeline import show_event
from ..tracking import find_exam
from .answers import answer
from .queries import After, Instant, Limit, Word, next_of, place_of, read_body, read_query
from .shown import ExamPage, Timeline, show_findings, show_verdicts


class Searched(Protocol):
    """The list of exams, as the ledger finds it."""

    def search_exams(
        self, search: ExamSearch, limit: int, *, after: Place | None = None, before: Place | None = None
    ) -> Found:
        """Return a page of exams, newest order first."""
        ...


class ExamQuery(Value):
    """The filters of the list; what is left out does not narrow."""

    outcome: Annotated[
        Literal["submit", "hold", "pending", "unjudged"] | None,
        msgspec.Meta(description="Outcome of the last verdict."),
    ] = None
    billing: Annotated[Billing | None, msgspec.Meta(description="What MEDULA knows of it.")] = None
    rule: Annotated[Word, msgspec.Meta(description="Id of a rule that keeps it from being billed.")] = ""
    modality: Annotated[Word, msgspec.Meta(description="Modality: CT, MR ...")] = ""
    device: Annotated[Word, msgspec.Meta(description="Serial number or station of a device.")] = ""
    institution: Annotated[Word, msgspec.Meta(description="SKRS code.")] = ""
    since: Annotated[Instant | None, msgspec.Meta(description="Ordered then or later, with a time zone.")] = None
    until: Annotated[Instant | None, msgspec.Meta(description="Ordered before, with a time zone.")] = None
    accession: Annotated[Word, msgspec.Meta(description="Accession number (0008,0050).")] = ""
    study: Annotated[Word, msgspec.Meta(description="Study Instance UID (0020,000D).")] = ""
    parked: Annotated[bool, msgspec.Meta(description="Only those with a delivery that a person must look at.")] = False
    limit: Limit = 100
    after: After = ""


class ExamSearchBody(ExamQuery):
    """The same filters, and the patient's number, which never stands in an address."""

    tckn: Annotated[str, msgspec.Meta(pattern="^([0-9]{11})?$", description="TCKN or foreigner's number.")] = ""


class VerdictQuery(Value):
    """How many verdicts."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="The newest so many.")] = 20


def exam_routes(routes: Blueprint, searched: Searched, views: Views) -> None:
    """Add the routes."""

    @routes.get("/exams")
    @needs(Action.LIST_EXAMS)
    def exams() -> Response:
        return answer(_page(searched, read_query(ExamQuery)))

    @routes.post("/exams/search")
    @needs(Action.LIST_EXAMS)
    def search_exams() -> Response:
        asked = read_body(ExamSearchBody)
        return answer(_page(searched, asked, asked.tckn))

    @routes.get("/verdicts/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def verdicts(institution: str, accession: str) -> Response:
        limit = read_query(VerdictQuery).limit
        found = exam_at(views, institution, accession)
        return answer(show_verdicts(found, views.timeline(found.key), limit))

    @routes.get("/findings/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def findings(institution: str, accession: str) -> Response:
        return answer(show_findings(exam_at(views, institution, accession)))

    @routes.get("/timeline/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def timeline(institution: str, accession: str) -> Response:
        found = exam_at(views, institution, accession)
        events = tuple(show_event(one) for one in views.timeline(found.key))
        return answer(Timeline(institution=found.key.institution, accession=found.key.accession, events=events))


def _page(searched: Searched, asked: ExamQuery, tckn: str = "") -> ExamPage:
    about(patient=tckn)
    search = ExamSearch(
        reach=reach(person(), Action.LIST_EXAMS),
        outcome=asked.outcome or "",
        billing=asked.billing.value if asked.billing else "",
        rule=asked.rule,
        modality=asked.modality,
        device=asked.device,
        institution=asked.institution,
        since=asked.since,
        until=asked.until,
        tckn=tckn,
        accession=asked.accession.strip(),
        study_uid=asked.study,
        parked=asked.parked,
    )
    found = searched.search_exams(search, asked.limit, after=place_of(asked.after))
    return ExamPage(exams=tuple(show_exam(one) for one in found.exams), next=next_of(found.older))


def exam_at(views: Views, institution: str, accession: str) -> Exam:
    """Return an exam that the asker may see, or answer 404; a NUL is no part of a key, and PostgreSQL takes none."""
    if "\0" in institution or "\0" in accession:
        abort(404)
    return find_exam(views, institution, accession)
