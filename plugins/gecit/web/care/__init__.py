"""Access without the patient's consent: care relations, emergency access with a stated reason, and its review."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, Whose, may
from gecit.core.identifiers import is_tckn
from gecit.core.openings import CARE, LONGEST, PHYSICIANS, UNSAID, WORDS, CareOpening, Fault, Outcome, Way
from gecit.core.sharing import stretch
from gecit.core.values import local
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.openings import OpeningRefused, Openings

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from ..masking import mask

LONGEST_TEXT = 500
MOST = 200
"""Relations on the page, the newest: an HBYS that tells visits by ADT records one for each of them."""


class CareDesk(NamedTuple):
    """What the pages are made of."""

    ledger: SqlLedger
    clock: Clock
    openings: Openings


def care_pages(desk: CareDesk, doors: Doors) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("care", __name__, url_prefix="/gecit/care")

    @pages.get("")
    @needs(Action.RECORD_CARE)
    def show() -> Response:
        return _page(desk)

    @pages.post("")
    @needs(Action.RECORD_CARE)
    def record() -> Response:
        asked, patient = _written(desk), _typed("tckn")
        refused = asked is not None and not may_touch(Action.RECORD_CARE, asked.institution)
        about(asked.institution if asked else "", patient=patient, refused=refused)
        if asked is None or refused:
            return _page(desk, (Fault.PHYSICIAN if refused else Fault.DAYS,))
        tell_first()
        try:
            desk.openings.record(asked, desk.clock.now())
        except OpeningRefused as fault:
            return _page(desk, fault.faults)
        return _back("care.show", "care-recorded")

    @pages.post("/find")
    @needs(Action.RECORD_CARE)
    def find() -> Response:
        patient = _typed("tckn")
        about("" if _everywhere() else person().institution, patient=patient)
        return _page(desk, patient=patient) if is_tckn(patient) else _page(desk, (Fault.PATIENT,))

    @pages.post("/<number>/end")
    @needs(Action.RECORD_CARE)
    def end(number: str) -> Response:
        found = desk.ledger.read(lambda tx: tx.opening(number))
        if found is None or not may_touch(Action.RECORD_CARE, found.institution):
            abort(404)
        about(found.institution, patient=found.patient)
        tell_first()
        desk.openings.end(number, person().name, desk.clock.now())
        return _back("care.show", "care-ended")

    @pages.get("/emergency")
    @needs(Action.OPEN_IN_EMERGENCY)
    def emergency() -> Response:
        return _emergency(desk)

    @pages.post("/emergency")
    @needs(Action.OPEN_IN_EMERGENCY)
    def open_in_emergency() -> Response:
        patient = _typed("tckn")
        about(patient=patient)
        tell_first()
        try:
            desk.openings.state(person().name, patient, mask(_typed("reason")), desk.clock.now())
        except OpeningRefused as fault:
            return _emergency(desk, fault.faults)
        doors.forget(request.headers.get("Cookie", ""))  # who waits in an emergency sees it at once
        return _back("shared.show", "emergency-opened")

    @pages.get("/reviews")
    @needs(Action.REVIEW_EMERGENCY)
    def reviews() -> Response:
        return _reviews(desk)

    @pages.post("/reviews/<number>")
    @needs(Action.REVIEW_EMERGENCY)
    def review(number: str) -> Response:
        found = desk.ledger.read(lambda tx: tx.opening(number))
        outcome = next((one for one in Outcome if one.value == request.form.get("outcome")), None)
        if found is None or outcome is None or not may_touch(Action.REVIEW_EMERGENCY, found.institution):
            abort(404)
        about(found.institution, patient=found.patient)
        tell_first()
        try:
            desk.openings.review(number, outcome, mask(_typed("note")), person().name, desk.clock.now())
        except OpeningRefused as fault:
            return _reviews(desk, fault.faults)
        return _back("care.reviews", "reviewed")

    return pages


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()[:LONGEST_TEXT]


def _back(endpoint: str, said: str) -> Response:
    return make_response(redirect(f"{url_for(endpoint)}?said={said}", 303))


def _written(desk: CareDesk) -> CareOpening | None:
    """Return the relation that a form names; None where its days are none."""
    now, way = desk.clock.now(), next((one for one in CARE if one.value == request.form.get("way")), None)
    days = _days(now, way)
    physician = next((one for one in desk.ledger.accounts() if one.name == request.form.get("physician")), None)
    if way is None or days is None:
        return None
    return CareOpening(
        id="",
        way=way,
        institution=physician.institution if physician else "",
        account=physician.name if physician else "",
        patient=_typed("tckn"),
        reason=mask(_typed("reason")),
        since=max(days[0], now),
        until=days[1],
        recorded_by=person().name,
    )


def _days(now: datetime, way: Way | None) -> tuple[datetime, datetime] | None:
    """Return the stretch that is written; without a last day a family doctor's lasts, the others have to be renewed."""
    try:
        first = date.fromisoformat(request.form.get("since", ""))
        written = request.form.get("until", "")
        last = now + (LONGEST if way is Way.FAMILY else UNSAID)
        return stretch(
            first,
            date.fromisoformat(written) if written else last.date(),
        )
    except (ValueError, OverflowError):
        return None


def _mine(action: Action, institution: str) -> bool:
    return may(person(), action, Whose.FOREIGN) or institution == person().institution


def _everywhere() -> bool:
    return may(person(), Action.RECORD_CARE, Whose.FOREIGN)


def _page(desk: CareDesk, faults: tuple[Fault, ...] = (), patient: str = "") -> Response:
    """Show what is recorded: the newest, or all of one patient."""
    now, mine = desk.clock.now(), "" if _everywhere() else person().institution
    most = None if patient else MOST + 1
    found = desk.ledger.read(lambda tx: tx.openings(institution=mine, patient=patient, stated=False, limit=most))
    accounts = [one for one in desk.ledger.accounts() if _mine(Action.RECORD_CARE, one.institution)]
    page = render_template(
        "care.html",
        openings=found if patient else found[:MOST],
        more=not patient and len(found) > MOST,
        most=MOST,
        of_patient=mask(patient),
        physicians=[one for one in accounts if PHYSICIANS.intersection(one.roles) and not one.disabled],
        names={one.name: one.full_name or one.name for one in accounts},
        ways=desk.openings.rule.at(now).ways,
        now=now,
        today=local(now).date(),
        masked=mask,
        faults=[WORDS[one] for one in faults],
        given=request.form,
    )
    return make_response(page, 422 if faults else 200)


def _emergency(desk: CareDesk, faults: tuple[Fault, ...] = ()) -> Response:
    hours = desk.openings.rule.at(desk.clock.now()).stated_reason_hours
    page = render_template("emergency.html", hours=hours, faults=[WORDS[one] for one in faults], given=request.form)
    return make_response(page, 422 if faults else 200)


def _reviews(desk: CareDesk, faults: tuple[Fault, ...] = ()) -> Response:
    everywhere = may(person(), Action.REVIEW_EMERGENCY, Whose.FOREIGN)
    mine = "" if everywhere else person().institution
    found = desk.ledger.read(lambda tx: tx.openings(institution=mine, stated=True))
    page = render_template(
        "emergency_reviews.html",
        openings=sorted(found, key=lambda one: not one.waits),
        outcomes=list(Outcome),
        masked=mask,
        faults=[WORDS[one] for one in faults],
    )
    return make_response(page, 422 if faults else 200)
