"""What a report's sender hears beside its acceptance: how it stands to earlier versions, and of its other signers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .codes_of_remarks import remark
from .exam import Exam, ReceivedReport
from .remarks import Remark, Where
from .report import Report, ReportStatus
from .verdict import Finding, Status
from .versions import Effect, versions_of

REMARKS: dict[tuple[Effect, ReportStatus], str] = {
    (Effect.WAITS, ReportStatus.ADDENDUM): "addendum-without-report",
    (Effect.STANDS, ReportStatus.CORRECTED): "correction-without-report",
    (Effect.SET_ASIDE, ReportStatus.PRELIMINARY): "preliminary-after-final",
}


def said_of_version(exam: Exam, candidate: ReceivedReport) -> list[Remark]:
    """Say how the version stands to those before it, where its sender may not expect it."""
    number = len(exam.reports) + 1
    effects = {one.number: one.effect for one in versions_of((*exam.reports, candidate))}
    code = REMARKS.get((effects[number], candidate.report.status))
    return [remark(code, Where(segment="OBX", field=11))] if code else []


def repeats(exam: Exam, candidate: ReceivedReport) -> bool:
    """Whether the version that is sent is in force already, under another MSH-10; it then has no effect.

    Where an earlier one waits or was refused it has: it settles that.
    """
    if exam.refused_report or candidate.message in exam.deferred_reports:
        return False
    standing = exam.standing
    in_force = [exam.reports[number - 1].report for number in (standing.report, *standing.addenda) if number]
    return _undated(candidate.report) in map(_undated, in_force)


def _undated(report: Report) -> Report:
    return msgspec.structs.replace(report, message_at=None)


def said_of_signers(candidate: ReceivedReport, findings: Sequence[Finding]) -> list[Remark]:
    """Say that a further signer is no radiologist; the approving one decides, and only where a rule asks for one."""
    others = {one.identifier for one in candidate.report.radiologists[1:]}
    if not any(one.status is Status.PASSED for one in findings):
        return []
    wrong = any(one.identifier in others and not one.radiologist for one in candidate.registry)
    return [remark("second-signer-no-radiologist", Where(segment="OBX", field=16))] if wrong else []
