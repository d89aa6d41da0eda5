"""A consultation as pages and JSON show it: of the exam no more than whoever is asked needs."""

from __future__ import annotations

from datetime import date, datetime

from gecit.core.consultation import (
    Consultation,
    Entry,
    EntryKind,
    ImageReference,
    Measurement,
    Outcome,
    State,
    Whom,
    overdue,
    waits_for,
)
from gecit.core.exam import Exam
from gecit.core.exam_kinds import SUBSPECIALTIES, Subspecialty
from gecit.core.values import Text, Value, local

from ..access import person
from ..readable import procedure_names
from .desk import Consulting, Seen


class ShownExamOf(Value):
    """What who is asked is told of the exam: no name, no number of a person."""

    institution: str
    accession: str
    modality: str
    procedures: tuple[str, ...]
    clinical_information: str
    diagnoses: tuple[str, ...]
    sex: str
    age: int | None  # in whole years, on the day of the order
    ordered_at: datetime | None
    images: int


class ShownEntry(Value):
    """An entry of the thread."""

    kind: EntryKind
    by: str  # full name
    employer: str
    at: datetime
    text: str
    signed: bool
    measurements: tuple[Measurement, ...] = ()
    images: tuple[ImageReference, ...] = ()


class ShownConsultation(Value):
    """One consultation; `exam` None = it is not open to who looks any more."""

    id: str
    state: State
    asker: str
    employer: str  # SKRS code
    to: Text
    asked_at: datetime
    until: datetime
    overdue: bool
    waits_for_me: bool
    mine: bool  # who looks asked it
    answerer: str = ""
    outcome: Outcome | None = None
    exam: ShownExamOf | None = None
    thread: tuple[ShownEntry, ...] = ()


def show(desk: Consulting, found: Seen, now: datetime, *, thread: bool = True) -> ShownConsultation:
    """Return it; without its thread for a list."""
    one = found.consultation
    return ShownConsultation(
        id=one.id,
        state=one.state,
        asker=desk.full_name(one.asker),
        employer=one.employer,
        to=addressee(one),
        asked_at=one.asked_at,
        until=one.until,
        overdue=overdue(one, now),
        waits_for_me=waits_for(one, person().name) and one.until > now,
        mine=found.asker,
        answerer=desk.full_name(one.answerer) if one.answerer else "",
        outcome=one.outcome,
        exam=_exam(found.exam) if found.whole else None,
        thread=tuple(_entry(each) for each in one.thread if found.whole or _left_to(each)) if thread else (),
    )


def addressee(one: Consultation) -> Text:
    """Return whom it went to."""
    if one.to.whom is Whom.SUBSPECIALTY and one.to.name in set(Subspecialty):
        return SUBSPECIALTIES[Subspecialty(one.to.name)]
    return Text(tr=one.to.name, en=one.to.name)


def _left_to(entry: Entry) -> bool:
    """Whether it is left to who was asked when the exam is shut: what he wrote himself."""
    return entry.by == person().name


def _entry(entry: Entry) -> ShownEntry:
    return ShownEntry(
        kind=entry.kind,
        by=entry.name or entry.by,
        employer=entry.employer,
        at=entry.at,
        text=entry.text,
        signed=bool(entry.signed),
        measurements=entry.measurements,
        images=entry.images,
    )


def _exam(exam: Exam) -> ShownExamOf:
    order = exam.order
    return ShownExamOf(
        institution=exam.key.institution,
        accession=exam.key.accession,
        modality=exam.modality,
        procedures=procedure_names(exam),
        clinical_information=order.clinical_information if order else "",
        diagnoses=order.diagnoses if order else (),
        sex=exam.patient.sex,
        age=_age(exam.patient.birth_date, order.ordered_at if order else None),
        ordered_at=order.ordered_at if order else None,
        images=exam.images,
    )


def _age(born: str, at: datetime | None) -> int | None:
    try:
        birth = date.fromisoformat(f"{born[:4]}-{born[4:6]}-{born[6:8]}")
    except ValueError:
        return None
    if at is None:
        return None
    day = local(at).date()
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
