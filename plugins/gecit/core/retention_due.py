"""Which studies are past their time, and which legal holds keep them all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from .exam import Exam, Study
from .retention import Hold, ListedStudy, Terms
from .values import local


def covers(hold: Hold, study: Study, exams: Sequence[Exam]) -> bool:
    """Whether a hold keeps a study, by its own identifiers or by the exams that have it."""
    if hold.released_at is not None:
        return False
    if hold.exam and hold.exam in {one.key for one in exams}:
        return True
    facts = study.facts
    if hold.exam and facts.accession == hold.exam.accession and facts.institution in ("", hold.exam.institution):
        return True  # not linked, or not any more: the number is enough to wait for a person
    named = {facts.patient_id, *facts.other_patient_ids, *(one.patient.tckn for one in exams)}
    return bool(hold.patient) and hold.patient in named


def kept_until(study: Study, exams: Sequence[Exam], terms: Terms) -> date | None:
    """Return the first day on which a study is past its time; None = it is kept for ever, or nothing says its day.

    Counted from the last of its own day and its exams' orders and reports: a wrong StudyDate alone deletes nothing.
    """
    facts = study.facts
    modalities = facts.modalities or tuple(sorted({one.modality for one in facts.series}))
    years, day = terms.of(modalities), _day(facts.study_date)
    if not years or day is None:
        return None
    days = [day]
    for exam in exams:
        if exam.order and exam.order.ordered_at:
            days.append(local(exam.order.ordered_at).date())
        days += [local(one.report.approved_at or one.received_at).date() for one in exam.reports]
    return _years_after(max(days), years)


def listed(study: Study, exams: Sequence[Exam], until: date) -> ListedStudy:
    """Return a study as a list names it."""
    facts = study.facts
    return ListedStudy(
        key=study.key,
        study_instance_uid=facts.study_instance_uid,
        study_date=facts.study_date,
        kept_until=until,
        modalities=facts.modalities,
        institution=facts.institution,
        accession=facts.accession,
        exams=tuple(sorted(one.key for one in exams)),
        images=facts.images,
        last_instance_at=facts.last_instance_at,
    )


def _day(written: str) -> date | None:
    """Read a DA (PS3.5 6.2), YYYYMMDD."""
    try:
        return datetime.strptime(written, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        return None


def _years_after(day: date, years: int) -> date | None:
    if day.year + years > date.max.year:
        return None
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
