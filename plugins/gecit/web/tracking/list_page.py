"""The list of exams: filter, pages, live refresh, a patient's exams, deliveries tried again in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action, reach
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.search import UNJUDGED, ExamSearch
from gecit.core.verdict import Effect
from gecit.edges.store import SqlLedger
from gecit.ports import Clock

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from ..language import say
from ..shown import ShownStudy, show_study
from ..words import BILLING, OUTCOMES
from ..words import PAGE as WORDS
from .asked import PARKED, Asked, read_place, write_place
from .lines import Line, changed_since, lines_of, seen_of
from .rulebooks import Rulebooks

PAGE = 50  # exams
OF_PATIENT = 200  # exams of one patient
MOST_UNLINKED = 200
UNLINKED_DAYS = 30
SEPARATOR = "~"
MODALITIES = ("CR", "CT", "DX", "ES", "MG", "MR", "NM", "PT", "RF", "US", "XA")
"""Of PS3.16 CID 29: what the list offers; any other can be typed."""


def list_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock, rulebooks: Rulebooks, *, exporting: bool) -> None:
    """Add the routes of the list."""

    # Orthanc gives /gecit/ to the forwarder as /gecit: both are the list, without a redirect.
    @pages.get("")
    @pages.get("/")
    @needs(Action.LIST_EXAMS)
    def exams() -> str:
        asked = Asked.of(request.args)
        lines, older, newer = _page(ledger, asked, request.args)
        more = {"older": older, "newer": newer, "exporting": exporting, "here_after": request.args.get("after", "")}
        return _draw(ledger, rulebooks, "exams.html", lines, asked=asked, **more)

    @pages.get("/changes")
    @needs(Action.LIST_EXAMS)
    def changes() -> Response:
        asked = Asked.of(request.args)
        lines, _, _ = _page(ledger, asked, request.args)
        changed = changed_since(lines, request.args.get("seen", ""))
        if changed == []:
            return make_response("", 204)
        names = {one.skrs: one.name for one in ledger.read(lambda tx: tx.institutions())}
        shown = {"lines": lines, "changed": changed, "seen": seen_of(lines), "names": names}
        return make_response(render_template("exams_changed.html", **shown))

    @pages.post("/patient")
    @needs(Action.LIST_EXAMS)
    def patient() -> Response:
        tckn = request.form.get("tckn", "").strip()
        right = len(tckn) == 11 and tckn.isascii() and tckn.isdigit()
        about(patient=tckn if right else "")
        found = _of_patient(ledger, tckn) if right else ()
        lines = lines_of(found, ledger.parked_of([one.key for one in found]))
        drawn = _draw(ledger, rulebooks, "patient.html", lines, right=right, last=tckn[-3:] if right else "")
        return make_response(drawn, 200 if right else 422)

    @pages.post("/retry")
    @needs(Action.RETRY_DELIVERY)
    def retry() -> Redirect:
        asked = Asked.of(request.form)
        keys = _all_parked(ledger, asked) if request.form.get("all") else _chosen(request.form.getlist("exam"))
        tell_first()
        count = ledger.retry_of(keys, clock.now()) if keys else 0
        said = "retried" if count else "nothing-retried"
        return redirect(f"{url_for('tracking.exams')}?{asked.query(said=said, count=str(count))}", 303)

    @pages.get("/unlinked")
    @needs(Action.LIST_EXAMS)
    def unlinked() -> str:
        return render_template("unlinked.html", studies=_unlinked(ledger, clock), days=UNLINKED_DAYS)


def _page(ledger: SqlLedger, asked: Asked, given: Mapping[str, str]) -> tuple[list[Line], str, str]:
    """Read a page: its lines, and where the next one and the one before begin; empty = there is none."""
    search = asked.search(reach(person(), Action.LIST_EXAMS))
    after, before = read_place(given.get("after", "")), read_place(given.get("before", ""))
    found = ledger.search_exams(search, PAGE, after=after, before=before)
    lines = lines_of(found.exams, ledger.parked_of([one.key for one in found.exams]))
    return lines, write_place(found.older), write_place(found.newer)


def _draw(ledger: SqlLedger, rulebooks: Rulebooks, template: str, lines: Sequence[Line], **shown: object) -> str:
    """Draw a page with lines and what its forms offer."""
    book = rulebooks.in_force()
    mine = reach(person(), Action.LIST_EXAMS)
    known = ledger.read(lambda tx: tx.institutions())
    reached = [one for one in known if mine.everything or one.skrs in (mine.institution, *mine.granted)]
    return render_template(
        template,
        choices={
            "outcome": [(one.value if one else UNJUDGED, say(text)) for one, text in OUTCOMES.items()],
            "billing": [*((one.value, say(text)) for one, text in BILLING.items()), (PARKED, say(WORDS["parked"]))],
            "rule": [(one.id, say(one.title)) for one in book.rules if one.effect is not Effect.WARN] if book else [],
            "institution": [(one.skrs, f"{one.skrs} {one.name}") for one in reached],
        },
        names={one.skrs: one.name for one in known},
        modalities=MODALITIES,
        parked_word=PARKED,
        lines=lines,
        seen=seen_of(lines),
        saved=[(one.name, Asked.of(one.fields).query()) for one in ledger.saved_views(person().name)],
        **shown,
    )


def _of_patient(ledger: SqlLedger, tckn: str) -> Sequence[Exam]:
    search = ExamSearch(reach=reach(person(), Action.LIST_EXAMS), tckn=tckn)
    return ledger.search_exams(search, OF_PATIENT).exams


def _chosen(given: Sequence[str]) -> list[ExamKey]:
    """Read the ticked exams; those of others are left out."""
    pairs = [one.partition(SEPARATOR) for one in given]
    keys = [ExamKey(institution=institution, accession=accession) for institution, _, accession in pairs]
    return [one for one in keys if may_touch(Action.RETRY_DELIVERY, one.institution)]


def _all_parked(ledger: SqlLedger, asked: Asked) -> list[ExamKey]:
    fields = {**asked.fields, "billing": PARKED}
    search = Asked(fields=fields).search(reach(person(), Action.RETRY_DELIVERY))
    return [one.key for one in ledger.all_exams(search)]


def _unlinked(ledger: SqlLedger, clock: Clock) -> list[ShownStudy]:
    """Return the studies that no exam has, of whom the person reaches, each with the reason."""
    mine = reach(person(), Action.LIST_EXAMS)
    if not (mine.everything or mine.institution):
        return []
    since = clock.now() - timedelta(days=UNLINKED_DAYS)
    studies = ledger.unlinked_since(since, "" if mine.everything else mine.institution, MOST_UNLINKED)
    shown = []
    for one in studies:
        same = ledger.find_exams(one.facts.accession) if one.facts.accession else []
        orders = [exam.order for exam in same if exam.order and may_touch(Action.SEE_EXAM, exam.key.institution)]
        shown.append(show_study(one, orders))
    return shown
