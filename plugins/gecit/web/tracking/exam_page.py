"""One exam: what is missing on top, then all of it, then its whole way; and what a person decides about it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.quality import Reasons
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.approve_withdrawal import NothingToDecideError, approve, can_withdraw, dismiss

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from ..beside import Beside
from ..masking import mask
from ..shown import show_detail
from ..shown_quality import QualityOfExam, show_quality
from .later import later_of
from .missing import excused_of, missing_of
from .rulebooks import Rulebooks
from .way import way_of

LONGEST_REASON = 300
DECISIONS: dict[str, tuple[Callable[..., object], str]] = {
    "approve": (approve, "withdrawal-approved"),
    "dismiss": (dismiss, "withdrawal-dismissed"),
}


def exam_routes(
    pages: Blueprint,
    ledger: SqlLedger,
    clock: Clock,
    rulebooks: Rulebooks,
    beside: Beside,
    reasons: Callable[[], Reasons] | None = None,
) -> None:
    """Add the routes of one exam; without `reasons` its quality is not shown."""

    def quality(found: Exam) -> QualityOfExam | None:
        mine = may_touch(Action.SEE_QUALITY, found.key.institution)
        return show_quality(found, reasons()) if reasons and mine else None

    @pages.get("/exams/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def exam(institution: str, accession: str) -> str:
        found = read_exam(ledger, institution, accession, Action.SEE_EXAM)
        return _draw(ledger, clock, rulebooks, beside, found, quality(found))

    @pages.post("/exam/retry")
    @needs(Action.RETRY_DELIVERY)
    def retry_exam() -> Redirect:
        found = _posted(ledger, Action.RETRY_DELIVERY)
        tell_first()
        count = ledger.retry_of([found.key], clock.now())
        return _back(found.key, "retried" if count else "nothing-retried", count)

    @pages.post("/exam/decide")
    @needs(Action.APPROVE_WITHDRAWAL)
    def decide() -> Redirect:
        found = _posted(ledger, Action.APPROVE_WITHDRAWAL)
        decision, reason = request.form.get("decision", ""), request.form.get("reason", "").strip()
        if decision not in DECISIONS:
            abort(400)
        if not reason or len(reason) > LONGEST_REASON or mask(reason) != reason:
            return make_response(_draw(ledger, clock, rulebooks, beside, found, quality(found), reason), 422)
        act, said = DECISIONS[decision]
        by, now = person().name, clock.now()
        tell_first()
        try:
            ledger.write(lambda tx: act(tx, found.key, now, by, reason))
        except NothingToDecideError:
            said = "nothing-to-decide"
        return _back(found.key, said)


def read_exam(ledger: SqlLedger, institution: str, accession: str, action: Action) -> Exam:
    """Return an exam that the person may do this with, or answer 404: that there is one is no news for others."""
    found = ledger.exam_of(ExamKey(institution=institution, accession=accession))
    mine = found is not None and may_touch(action, institution, tckn=found.patient.tckn, exam=found.key)
    about(institution, accession, patient=found.patient.tckn if found else "", refused=found is not None and not mine)
    if found is None or not mine:
        abort(404)
    return found


def _posted(ledger: SqlLedger, action: Action) -> Exam:
    return read_exam(ledger, request.form.get("institution", ""), request.form.get("accession", ""), action)


def _back(key: ExamKey, said: str, count: int = 0) -> Redirect:
    address = url_for("tracking.exam", institution=key.institution, accession=key.accession)
    return redirect(f"{address}?said={said}&count={count}", 303)


def _draw(
    ledger: SqlLedger,
    clock: Clock,
    rulebooks: Rulebooks,
    beside: Beside,
    found: Exam,
    quality: QualityOfExam | None,
    reason: str | None = None,
) -> str:
    """Draw the page; `reason`: of a decision, which was not taken for it and waits in the form to be mended."""
    events, deliveries = ledger.timeline(found.key), ledger.deliveries_of(found.key)
    shown = show_detail(found, events, beside)
    judged_by = rulebooks.named(found.verdict.rulebook) if found.verdict else None
    patient, institution = found.patient.tckn, found.key.institution
    return render_template(
        "exam.html",
        shown=shown,
        quality=quality,
        critical=found.critical,
        missing=missing_of(found, judged_by or rulebooks.in_force()),
        excused=excused_of(found),
        later=later_of(found, rulebooks.compiled(), clock.now()),
        way=way_of(events, shown.beside.queries, deliveries),
        deliveries=deliveries,
        masked=mask,
        reason=reason,
        institution_name=next(
            (one.name for one in ledger.read(lambda tx: tx.institutions()) if one.skrs == institution), ""
        ),
        viewer=url_for("viewer.open_exam", institution=institution, accession=found.key.accession),
        images_here=may_touch(Action.SEE_IMAGES, institution, tckn=patient, exam=found.key) and shown.exam.images > 0,
        writes_here="editor.show" in current_app.view_functions and may_touch(Action.WRITE_REPORT, institution),
        report_here=may_touch(Action.SEE_REPORT, institution, tckn=patient, exam=found.key),
        may_retry=may_touch(Action.RETRY_DELIVERY, institution) and any(one.state == "parked" for one in deliveries),
        may_decide=may_touch(Action.APPROVE_WITHDRAWAL, institution) and can_withdraw(found),
    )
