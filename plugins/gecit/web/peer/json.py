"""Reviews as JSON: what rounds give the person, and one report with what he said of it. Blind as the pages are."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort

from gecit.core.access import Action
from gecit.core.peer_review import Significance
from gecit.core.report import ReportPart
from gecit.core.reviewing import reviewed
from gecit.core.values import Value
from gecit.steps.review_report import in_force

from ..access import needs, person
from ..api.answers import answer
from ..route import Parameter, Route
from .desk import PeerDesk
from .reviews import Shown, Task, mine, shown_report, tasks_of

BASE = "/gecit/api/reviews"


class Reviews(Value):
    """What the person is given: what waits for him, and what he reviewed and may still say anew."""

    waiting: tuple[Task, ...]
    done: tuple[Task, ...]


class MyReview(Value):
    """What the person said of a report last."""

    at: datetime
    score: int
    significance: Significance
    note: str


class ReviewedReport(Value):
    """A report that the person reviews; in a blind round nothing of it names people, institution or accession."""

    round: str
    number: int
    blind: bool
    modality: str
    procedures: tuple[str, ...]
    clinical_information: str
    sex: str
    age: int | None  # in whole years, at the order
    parts: dict[ReportPart, str]
    addenda: tuple[dict[ReportPart, str], ...]
    people: tuple[str, ...]  # who signed
    institution: str
    accession: str
    review: MyReview | None  # None = nothing yet


PLACE = (
    Parameter(name="round", place="path", kind="string", text="the round's id"),
    Parameter(name="number", place="path", kind="integer", text="the number of the report within the round"),
)
DESCRIBED = (
    Route(path=BASE, text="Reports that rounds of peer review give the person.", answers=Reviews),
    Route(
        path=f"{BASE}/{{round}}/{{number}}",
        text="One report of a round that is the person's to review; blind where the round is.",
        answers=ReviewedReport,
        parameters=PLACE,
        errors=(401, 404, 503),
    ),
)


def json_routes(desk: PeerDesk) -> Blueprint:
    """Build the routes."""
    routes = Blueprint("reviews_api", __name__, url_prefix=BASE)

    @routes.get("")
    @needs(Action.REVIEW_REPORT)
    def listed() -> Response:
        found = tasks_of(desk)
        return answer(
            Reviews(waiting=tuple(one for one in found if not one.score), done=tuple(one for one in found if one.score))
        )

    @routes.get("/<round_id>/<int:number>")
    @needs(Action.REVIEW_REPORT)
    def one(round_id: str, number: int) -> Response:
        state, pick, exam = mine(desk, round_id, number)
        version = reviewed(exam, pick.version) or abort(404)
        shown = shown_report(desk, exam, version, blind=state.round.blind)
        return answer(_report(desk, round_id, number, shown, blind=state.round.blind))

    return routes


def _report(desk: PeerDesk, round_id: str, number: int, shown: Shown, *, blind: bool) -> ReviewedReport:
    return ReviewedReport(
        round=round_id,
        number=number,
        blind=blind,
        modality=shown.modality,
        procedures=shown.procedures,
        clinical_information=shown.clinical,
        sex=shown.sex,
        age=shown.age,
        parts=dict(shown.parts),
        addenda=tuple(map(dict, shown.addenda)),
        people=shown.people,
        institution=shown.institution,
        accession=shown.accession,
        review=_said(desk, round_id, number),
    )


def _said(desk: PeerDesk, round_id: str, number: int) -> MyReview | None:
    stands = in_force(desk.ledger.read_reviews(lambda tx: tx.reviews(round_id)), number, person().name)
    if stands is None:
        return None
    given = stands.review
    return MyReview(at=stands.at, score=given.score, significance=given.significance, note=given.note)
