"""What of an exam is shown to its patient: images, and reports that a physician answers for as final.

A preliminary report is for who treats the patient: it may still change, and is never shown here, neither are addenda
to it. What a correction took the place of is named with its date, and not shown either: who reads it would take what
is known to be wrong for the result.
"""

from __future__ import annotations

from datetime import date, datetime

from .exam import Exam, ReceivedReport
from .issue import issued
from .report import FINAL, ReportStatus
from .sharing import shown_versions
from .values import Value, local


class OwnReport(Value):
    """The final report in force; numbers count accepted versions from 1."""

    number: int  # the report itself
    latest: int  # the version whose document shows it with all of its addenda
    at: datetime  # when what is shown was last signed
    corrected: bool = False
    replaced: tuple[datetime, ...] = ()  # when the final reports were signed that it took the place of


def own_report(exam: Exam) -> OwnReport | None:
    """Return the report that its patient may read; None where there is none that is final."""
    standing = exam.standing
    if not shown_versions(exam):
        return None
    before = [one for one in issued(exam) if one not in standing.numbers]
    gone = [exam.reports[one - 1] for one in before]
    return OwnReport(
        number=standing.report,
        latest=standing.latest,
        at=signed_at(exam.reports[standing.latest - 1]),
        corrected=exam.reports[standing.report - 1].report.status is ReportStatus.CORRECTED,
        replaced=tuple(signed_at(one) for one in gone if one.report.status in FINAL),
    )


def signed_at(one: ReceivedReport) -> datetime:
    """Return when a version was approved, as sent; else when it came."""
    return one.report.approved_at or one.received_at


def performed_on(exam: Exam) -> date | None:
    """Return the day that a patient knows an exam by: of the images, else of the appointment, else of the order."""
    taken = [day for one in exam.studies if one.facts.images and (day := _day(one.facts.study_date))]
    if taken:
        return min(taken)
    planned = (exam.order.scheduled_at or exam.order.ordered_at) if exam.order else None
    return local(planned).date() if planned else None


def _day(written: str) -> date | None:
    """Read a DA (PS3.5 6.2), YYYYMMDD."""
    try:
        return datetime.strptime(written, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        return None


def is_shown(exam: Exam) -> bool:
    """Whether it stands in the list: a cancelled one does where there are images or a report of it all the same."""
    return not exam.cancelled or bool(exam.images) or own_report(exam) is not None
