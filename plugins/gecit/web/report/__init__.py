"""The text of an exam's report: every version with its four parts, who signed it, and what took the place of what."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, url_for

from gecit.core.access import Action
from gecit.core.exam import Exam, ReceivedReport
from gecit.core.report import ReportPart
from gecit.core.values import Value
from gecit.core.versions import Effect, versions_of
from gecit.edges.report_text import text_of
from gecit.edges.store import SqlLedger

from ..access import may_touch, needs
from ..masking import mask
from ..reports import ShownReport, show_refused, show_reports
from ..shown import show_exam
from ..tracking.exam_page import read_exam


class ReportText(Value):
    """A version with its text; numbers count accepted versions from 1."""

    shown: ShownReport
    parts: dict[ReportPart, str]  # plain text, whatever was sent
    replaces: tuple[int, ...] = ()  # the report and the addenda that it took the place of
    replaced_by: int = 0
    adds_to: int = 0


def report_pages(ledger: SqlLedger) -> Blueprint:
    """Build the page."""
    pages = Blueprint("report", __name__, url_prefix="/gecit")

    @pages.get("/reports/<institution>/<path:accession>")
    @needs(Action.SEE_REPORT)
    def show(institution: str, accession: str) -> str:
        found = read_exam(ledger, institution, accession, Action.SEE_REPORT)
        may_open = may_touch(Action.SEE_EXAM, institution, tckn=found.patient.tckn)
        address = url_for("tracking.exam", institution=institution, accession=accession)
        return render_template(
            "report.html",
            exam=show_exam(found),
            versions=texts_of(found),
            refused=_refused(found),
            back=address if may_open and "tracking.exam" in current_app.view_functions else "",
        )

    return pages


def texts_of(exam: Exam) -> tuple[ReportText, ...]:
    """Return every accepted version with its text, the newest first."""
    by: dict[int, int] = {}
    replaces: dict[int, tuple[int, ...]] = {}
    adds_to: dict[int, int] = {}
    for one in versions_of(exam.reports):
        if one.effect is Effect.SUPERSEDES:
            replaces[one.number] = one.before.numbers
            by |= dict.fromkeys(one.before.numbers, one.number)
        if one.effect is Effect.ADDS:
            adds_to[one.number] = one.before.report
    pairs = zip(show_reports(exam), exam.reports, strict=True)
    made = [
        ReportText(
            shown=shown,
            parts=_parts(received),
            replaces=replaces.get(shown.version, ()),
            replaced_by=by.get(shown.version, 0),
            adds_to=adds_to.get(shown.version, 0),
        )
        for shown, received in pairs
    ]
    return tuple(reversed(made))


def _refused(exam: Exam) -> ReportText | None:
    shown = show_refused(exam)
    if shown is None or exam.refused_report is None:
        return None
    return ReportText(shown=shown, parts=_parts(exam.refused_report))


def _parts(received: ReceivedReport) -> dict[ReportPart, str]:
    """Return the parts as text: tags of HTML are read, never shown or run; numbers of persons are masked."""
    report = received.report
    return {part: mask(text_of(text, report.format)) for part, text in sorted(report.parts.items()) if text.strip()}
