"""What stands beside the editor: the exam's versions, and the patient's other exams with their reports."""

from __future__ import annotations

from datetime import datetime

from gecit.core.access import Action
from gecit.core.exam import Exam, ReceivedReport
from gecit.core.issue import signers
from gecit.core.key_images import KeyImage
from gecit.core.order import ExamKey
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.values import Value
from gecit.edges.hl7_parts import plain
from gecit.edges.store import SqlLedger

from ..access import may_touch
from ..blinded import is_blinded

MOST_EARLIER = 20


class ShownVersion(Value):
    """A version with its text; `told`: whether the hospital has it: yes | no | waits, empty = it came from there."""

    number: int
    status: ReportStatus
    at: datetime
    signers: tuple[str, ...]
    parts: dict[ReportPart, str]
    key_images: tuple[KeyImage, ...] = ()
    told: str = ""
    reason: str = ""


class ShownEarlier(Value):
    """Another exam of the patient."""

    key: ExamKey
    name: str
    modality: str
    ordered_at: datetime | None
    images: int
    versions: tuple[ShownVersion, ...] = ()


def versions_here(exam: Exam) -> tuple[ShownVersion, ...]:
    """Return all versions, the newest first."""
    return tuple(_version(exam, number, one) for number, one in reversed(list(enumerate(exam.reports, 1))))


def earlier_of(ledger: SqlLedger, exam: Exam) -> list[ShownEarlier]:
    """Return the patient's other exams that the person may see, the newest first, with what is in force of them."""
    patient, institution = exam.patient, exam.key.institution
    found = ledger.read(lambda tx: tx.exams_of_patient(patient.tckn, institution, patient.file_number))
    others = [one for one in found if one.key != exam.key and may_touch(Action.SEE_EXAM, one.key.institution)]
    newest = sorted(others, key=lambda one: (_ordered(one) is not None, _ordered(one)), reverse=True)
    return [_earlier(one) for one in newest[:MOST_EARLIER] if not is_blinded(ledger, one.key)]


def _ordered(exam: Exam) -> datetime | None:
    return exam.order.ordered_at if exam.order else None


def _earlier(exam: Exam) -> ShownEarlier:
    procedures = exam.order.procedures if exam.order else ()
    may_read = may_touch(Action.SEE_REPORT, exam.key.institution)
    return ShownEarlier(
        key=exam.key,
        name=", ".join(one.sut_name or one.loinc_name or one.sut for one in procedures),
        modality=exam.modality,
        ordered_at=_ordered(exam),
        images=exam.images,
        versions=tuple(_version(exam, one, exam.reports[one - 1]) for one in exam.standing.numbers) if may_read else (),
    )


def _version(exam: Exam, number: int, received: ReceivedReport) -> ShownVersion:
    report = received.report
    answer = next((one for one in exam.hospital if one.version == number), None)
    told = "" if received.signature is None else "waits" if answer is None else "yes" if answer.accepted else "no"
    return ShownVersion(
        number=number,
        status=report.status,
        at=report.approved_at or received.received_at,
        signers=tuple(f"{one.given} {one.family}".strip() for one in signers(received)),
        parts={part: _text(text, report.format) for part, text in sorted(report.parts.items())},
        key_images=report.key_images if may_touch(Action.SEE_IMAGES, report.key.institution) else (),
        told=told,
        reason=f"{answer.code} {answer.message}" if answer and not answer.accepted else "",
    )


def _text(text: str, form: str) -> str:
    return plain(text, form) if form == "HTML" else text
