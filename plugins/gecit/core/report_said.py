"""What a report's sender hears beside its acceptance: how it stands to earlier versions, and of its other signers."""

from __future__ import annotations

from collections.abc import Sequence

from .codes_of_remarks import remark
from .exam import Exam, ReceivedReport
from .remarks import Remark, Where
from .report import ReportStatus
from .values import local
from .verdict import Finding, Status
from .versions import Effect, same_as, versions_of

REMARKS: dict[tuple[Effect, ReportStatus], str] = {
    (Effect.WAITS, ReportStatus.ADDENDUM): "addendum-without-report",
    (Effect.STANDS, ReportStatus.CORRECTED): "correction-without-report",
    (Effect.SET_ASIDE, ReportStatus.PRELIMINARY): "preliminary-after-final",
}

_STATUS = Where(segment="OBX", field=11)


def said_of_version(exam: Exam, candidate: ReceivedReport) -> list[Remark]:
    """Say how the version stands to those before it, where its sender may not expect it."""
    number = len(exam.reports) + 1
    version = next(one for one in versions_of((*exam.reports, candidate)) if one.number == number)
    if version.effect is Effect.SET_ASIDE and same_as(candidate, _accepted(exam)):
        return [remark("report-superseded", _STATUS)]  # it waited, with what it repeats
    if version.effect is Effect.SUPERSEDES and _approved_earlier(candidate, exam.reports[version.before.report - 1]):
        return [remark("report-approved-earlier", Where(segment="OBR", field=7))]
    code = REMARKS.get((version.effect, candidate.report.status))
    return [remark(code, _STATUS)] if code else []


def said_of_repetition(exam: Exam, candidate: ReceivedReport) -> list[Remark]:
    """Say that the version was accepted before, under another MSH-10: it then has no effect. Nothing where it has one.

    It has where an earlier one waits, and what is in force has where one was refused since: it settles that.
    """
    same = same_as(candidate, _accepted(exam))
    if not same or candidate.message in exam.deferred_reports:
        return []
    if not set(same) & set(exam.standing.numbers):
        return [remark("report-superseded", _STATUS)]
    return [] if exam.refused_report else [remark("report-repeated", _STATUS)]


def _accepted(exam: Exam) -> list[tuple[int, ReceivedReport]]:
    return list(enumerate(exam.reports, start=1))


def _approved_earlier(one: ReceivedReport, other: ReceivedReport) -> bool:
    mine, its = one.report.approved_at, other.report.approved_at
    return mine is not None and its is not None and local(mine) < local(its)


def said_of_signers(candidate: ReceivedReport, findings: Sequence[Finding]) -> list[Remark]:
    """Say that a further signer is no radiologist; the approving one decides, and only where a rule asks for one."""
    others = {one.identifier for one in candidate.report.radiologists[1:]}
    if not any(one.status is Status.PASSED for one in findings):
        return []
    wrong = any(one.identifier in others and not one.radiologist for one in candidate.registry)
    return [remark("second-signer-no-radiologist", Where(segment="OBX", field=16))] if wrong else []
