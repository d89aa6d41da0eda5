"""The reading list: which exams wait to be read, and in which order."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from .exam import Exam, reading_of
from .order import ExamKey, Order
from .reading import AT_WORK, OPEN, State
from .values import Text, Value


class Urgency(IntEnum):
    """Whose exam is read first; the lower, the sooner."""

    AT_ONCE = 0
    SOON = 1
    INPATIENT = 2
    ROUTINE = 3


URGENCIES: dict[Urgency, Text] = {
    Urgency.AT_ONCE: Text(tr="Acil", en="Emergency"),
    Urgency.SOON: Text(tr="Öncelikli", en="Urgent"),
    Urgency.INPATIENT: Text(tr="Yatan", en="Inpatient"),
    Urgency.ROUTINE: Text(tr="Ayaktan", en="Outpatient"),
}

# OBR-27.6 (HL7 v2.3.1 4.4.6) and PV1-2 (table 0004); what is not here says nothing of urgency.
_BY_PRIORITY = {"S": Urgency.AT_ONCE, "A": Urgency.SOON}
_BY_CLASS = {"E": Urgency.AT_ONCE, "I": Urgency.INPATIENT}


class Line(Value):
    """An exam of the list, as the ledger finds it: a copy of what stands in the exam."""

    key: ExamKey
    state: State
    urgency: Urgency
    waits_from: datetime  # when its first pictures came
    reader: str = ""
    modality: str = ""
    since: datetime | None = None  # in this state


def urgency_of(order: Order | None) -> Urgency:
    """Return how soon an exam is to be read: the more urgent of the order's priority and the patient's class."""
    if order is None:
        return Urgency.ROUTINE
    said = (_BY_PRIORITY.get(order.priority[:1]), _BY_CLASS.get(order.patient_class[:1]))
    return min((one for one in said if one is not None), default=Urgency.ROUTINE)


def line_of(exam: Exam) -> Line | None:
    """Return an exam's line; None where there is nothing to read: no pictures, cancelled, or reported."""
    reading = reading_of(exam)
    arrived = [one.linked_at for one in exam.studies if one.facts.images]
    at_work = reading.state in AT_WORK
    if not at_work and (exam.cancelled or not arrived or reading.state not in OPEN):
        return None
    waits_from = min(arrived, default=reading.since)
    if waits_from is None:
        return None
    return Line(
        key=exam.key,
        state=reading.state,
        urgency=urgency_of(exam.order),
        waits_from=waits_from,
        reader=reading.reader,
        modality=exam.modality or next((m for one in exam.studies for m in one.facts.modalities), ""),
        since=reading.since,
    )


def order_of_list(line: Line) -> tuple[int, datetime, ExamKey]:
    """Return what the list is sorted by: urgency, then who has waited longest."""
    return line.urgency, line.waits_from, line.key
