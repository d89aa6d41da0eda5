"""The ratings of an exam in force: those of the report that stands, and those of assessors, as one kind of value."""

from __future__ import annotations

from .exam import Exam, ReceivedReport
from .quality import Rating, RatingSource, superseded_by
from .report import RatingKind


def ratings_of(exam: Exam) -> tuple[Rating, ...]:
    """Return each rater's last rating of a kind, sorted; of reports, those of the version in force and its addenda."""
    found = exam.rated
    for number in exam.standing.numbers:
        for one in _of_report(exam, exam.reports[number - 1], number):
            found = superseded_by(found, one)
    return found


def _of_report(exam: Exam, received: ReceivedReport, version: int) -> list[Rating]:
    signature, report = received.signature, received.report
    said = (
        (RatingKind.REQUEST, report.request_reason_rating, report.request_reason_reasons),
        (RatingKind.IMAGE, report.image_quality_rating, report.image_quality_reasons),
    )
    return [
        Rating(
            exam=exam.key,
            kind=kind,
            score=score,
            rater=signature.by if signature else exam.key.institution,
            source=RatingSource.EDITOR if signature else RatingSource.HL7,
            at=received.received_at,
            reasons=reasons,
            version=version,
        )
        for kind, score, reasons in said
        if score is not None
    ]
