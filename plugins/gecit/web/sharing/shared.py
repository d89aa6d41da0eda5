"""What was opened to who is signed in, or came by a link: a list, and the report of each exam."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template

from gecit.core.access import Action
from gecit.core.accounts import Account
from gecit.core.disclosures import Disclosure, Ground
from gecit.core.exam import Exam
from gecit.core.issue import signers
from gecit.core.order import ExamKey
from gecit.core.report import ReportPart
from gecit.core.sharing import shown_versions
from gecit.core.values import Value
from gecit.edges.hl7_parts import plain
from gecit.ports import Transaction
from gecit.steps.disclosing import standing
from gecit.steps.sharing import exams_of

from ..access import may_touch, needs, person
from ..audit import about
from .desk import SharingDesk, ShownExam, shown

MOST = 500
"""Lines of the page, those that end first; what else stands opens all the same."""
MOST_EXAMS = 200
"""Exams listed of one disclosure, the newest first."""


class Opened(Value):
    """What one disclosure opens."""

    disclosure: Disclosure
    patient: str
    exams: tuple[ShownExam, ...]


class ShownReport(Value):
    """One version of a report, as it is read."""

    number: int
    at: object
    signers: tuple[str, ...]
    parts: dict[ReportPart, str]
    corrected: bool = False


def shared_pages(desk: SharingDesk) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("shared", __name__, url_prefix="/gecit/shared")

    @pages.get("")
    @needs(Action.SEE_SHARED)
    def show() -> str:
        return render_template("shared.html", opened=opened_to(desk))

    @pages.get("/report/<institution>/<path:accession>")
    @needs(Action.SEE_REPORT)
    def report(institution: str, accession: str) -> Response:
        key = ExamKey(institution=institution, accession=accession)
        found = desk.ledger.exam_of(key)
        mine = found is not None and may_touch(Action.SEE_REPORT, institution, tckn=found.patient.tckn, exam=key)
        refused = found is not None and not mine
        about(institution, accession, patient=found.patient.tckn if found else "", refused=refused)
        if found is None or not mine:
            abort(404)  # that there is one is no news for others
        names = {one.skrs: one.name for one in desk.ledger.read(lambda tx: tx.institutions())}
        page = render_template(
            "shared_report.html",
            exam=shown(found, names, reported=True),
            patient=patient_name(found),
            versions=[version(found, one) for one in shown_versions(found)],
            images_here=found.images > 0
            and may_touch(Action.SEE_IMAGES, institution, tckn=found.patient.tckn, exam=key),
        )
        return make_response(page)

    return pages


def opened_to(desk: SharingDesk) -> list[Opened]:
    """Return what stands open to who asks, what ends first on top; consultations have pages of their own."""
    asker, now = person(), desk.clock.now()
    account = Account(name=asker.name, tckn=asker.tckn, institution=asker.institution)

    def read(tx: Transaction) -> list[Opened]:
        names = {one.skrs: one.name or one.skrs for one in tx.institutions()}
        found = [one for one in standing(tx, account, now, desk.rule()) if one.ground is not Ground.CONSULTATION]
        return [opened(tx, one, names) for one in sorted(found, key=lambda one: (one.ends, one.id))[:MOST]]

    return [one for one in desk.ledger.read(read) if one.exams]


def opened(tx: Transaction, one: Disclosure, names: dict[str, str]) -> Opened:
    """Return what a disclosure opens, as far as the asker's role lets him see it."""
    tx.prefetch(one.exams)
    found = [exam for key in one.exams if (exam := tx.exam(key))] if one.exams else exams_of(tx, one.patient)
    mine = [
        exam
        for exam in found[:MOST_EXAMS]
        if may_touch(Action.SEE_REPORT, exam.key.institution, tckn=exam.patient.tckn, exam=exam.key)
    ]
    listed = tuple(shown(exam, names, reported=bool(shown_versions(exam))) for exam in mine)
    return Opened(disclosure=one, patient=patient_name(mine[0]) if mine else "", exams=listed)


def patient_name(exam: Exam) -> str:
    """Return whose exam it is."""
    return f"{exam.patient.given} {exam.patient.family}".strip()


def version(exam: Exam, number: int) -> ShownReport:
    """Return a version of the report with its text."""
    received = exam.reports[number - 1]
    report = received.report
    return ShownReport(
        number=number,
        at=report.approved_at or received.received_at,
        signers=tuple(name for one in signers(received) if (name := f"{one.given} {one.family}".strip())),
        parts={
            part: plain(text, report.format) if report.format == "HTML" else text
            for part, text in sorted(report.parts.items())
        },
    )
