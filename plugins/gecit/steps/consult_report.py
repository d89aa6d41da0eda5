"""Answered consultation -> a marked paragraph in its asker's draft, and closed: one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from ..core.access import Person
from ..core.consultation import Consultation, Outcome
from ..core.consultation_paragraph import inserted, paragraph
from ..core.consulting import ConsultationRefused, Why
from ..core.report import ReportPart
from ..ports import Transaction
from . import consult, read_exam
from .consult import Tell, tell_nobody
from .read_exam import ReadingRefused


def close_into_report(
    tx: Transaction,
    number: str,
    person: Person,
    part: ReportPart,
    employers: Mapping[str, str],
    now: datetime,
    tell: Tell = tell_nobody,
) -> Consultation:
    """Close it and put its answers at the end of a part of the draft; `employers`: SKRS code -> name.

    The version that is signed later carries it. Raises `ConsultationRefused`, and nothing is changed then.
    """
    done = consult.close(tx, number, person, Outcome.REPORT, now, tell)
    found = tx.consultation(number)
    draft = tx.draft(found[0], person.name) if found else None
    if draft is None:
        raise ConsultationRefused(Why.NO_DRAFT)
    parts = inserted(draft.parts, part, paragraph(done, employers))
    try:
        read_exam.save(tx, replace(draft, parts=parts), person, now)
    except ReadingRefused as refused:
        raise ConsultationRefused(Why.NO_DRAFT, more=(refused.text,)) from refused
    return done
