"""Encounters (başvuru): a patient's visit at a hospital as its HBYS tells it by ADT, and who treats there.

A care relation follows it (`core/openings.py`): whoever attends may see the patient's exams until the discharge.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from .identifiers import is_tckn
from .openings import Way
from .order import Patient, Person
from .values import Value

LONGEST_NUMBER = 64


class Trigger(StrEnum):
    """What an ADT message tells (HL7 v2.3.1 3.2: MSH-9.2)."""

    ADMIT = "A01"
    TRANSFER = "A02"
    DISCHARGE = "A03"
    REGISTER = "A04"
    UPDATE = "A08"
    CANCEL_ADMIT = "A11"
    CANCEL_DISCHARGE = "A13"


class Standing(StrEnum):
    """How an encounter stands."""

    OPEN = "open"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


NEXT: Mapping[tuple[Standing | None, Trigger], Standing] = {
    # None: nothing was told of it before. Hospitals begin to send in the middle of a stay.
    (None, Trigger.ADMIT): Standing.OPEN,
    (None, Trigger.REGISTER): Standing.OPEN,
    (None, Trigger.TRANSFER): Standing.OPEN,
    (None, Trigger.UPDATE): Standing.OPEN,
    (None, Trigger.CANCEL_DISCHARGE): Standing.OPEN,
    (None, Trigger.DISCHARGE): Standing.DISCHARGED,
    (None, Trigger.CANCEL_ADMIT): Standing.CANCELLED,
    (Standing.OPEN, Trigger.ADMIT): Standing.OPEN,
    (Standing.OPEN, Trigger.REGISTER): Standing.OPEN,
    (Standing.OPEN, Trigger.TRANSFER): Standing.OPEN,
    (Standing.OPEN, Trigger.UPDATE): Standing.OPEN,
    (Standing.OPEN, Trigger.CANCEL_DISCHARGE): Standing.OPEN,
    (Standing.OPEN, Trigger.DISCHARGE): Standing.DISCHARGED,
    (Standing.OPEN, Trigger.CANCEL_ADMIT): Standing.CANCELLED,
    # Only who takes the discharge back opens it again; an update of an old stay does not.
    (Standing.DISCHARGED, Trigger.ADMIT): Standing.DISCHARGED,
    (Standing.DISCHARGED, Trigger.REGISTER): Standing.DISCHARGED,
    (Standing.DISCHARGED, Trigger.TRANSFER): Standing.DISCHARGED,
    (Standing.DISCHARGED, Trigger.UPDATE): Standing.DISCHARGED,
    (Standing.DISCHARGED, Trigger.CANCEL_DISCHARGE): Standing.OPEN,
    (Standing.DISCHARGED, Trigger.DISCHARGE): Standing.DISCHARGED,
    (Standing.DISCHARGED, Trigger.CANCEL_ADMIT): Standing.CANCELLED,
    (Standing.CANCELLED, Trigger.ADMIT): Standing.OPEN,
    (Standing.CANCELLED, Trigger.REGISTER): Standing.OPEN,
    (Standing.CANCELLED, Trigger.TRANSFER): Standing.CANCELLED,
    (Standing.CANCELLED, Trigger.UPDATE): Standing.CANCELLED,
    (Standing.CANCELLED, Trigger.CANCEL_DISCHARGE): Standing.CANCELLED,
    (Standing.CANCELLED, Trigger.DISCHARGE): Standing.CANCELLED,
    (Standing.CANCELLED, Trigger.CANCEL_ADMIT): Standing.CANCELLED,
}
BEGINNING = (Trigger.ADMIT, Trigger.REGISTER)
ENDING = (Trigger.DISCHARGE, Trigger.CANCEL_ADMIT)


class EncounterTold(Value):
    """What one ADT message tells; None of people: the message does not speak of them."""

    trigger: Trigger
    institution: str  # SKRS code
    number: str  # PV1-19
    patient: Patient
    patient_class: str = ""  # PV1-2
    attending: tuple[Person, ...] | None = None  # PV1-7; () = taken away
    family_doctors: tuple[Person, ...] | None = None  # PD1-4; () = taken away
    told_at: datetime | None = None  # EVN-2, else MSH-7
    ended_at: datetime | None = None  # PV1-45; of a discharge else EVN-6


class Encounter(Value):
    """An encounter as it stands; a change is a new record of its key."""

    institution: str
    number: str
    standing: Standing
    patient: str  # TCKN; '' = the patient has none that opens anything
    way: Way  # TREATING or ADMISSION
    attending: tuple[Person, ...] = ()
    told_at: datetime | None = None  # of the newest message that was followed
    ended_at: datetime | None = None  # as it was told
    message: int = 0  # number of that message


def is_older(before: Encounter | None, told: EncounterTold) -> bool:
    """Whether something newer was told."""
    if before is None or before.told_at is None or told.told_at is None:
        return False
    return told.told_at < before.told_at


def is_stale(before: Encounter | None, told: EncounterTold) -> bool:
    """Whether a message is not followed: an older one, but for an end, so that what is late at most shuts too much."""
    return told.trigger not in ENDING and is_older(before, told)


def follow(before: Encounter | None, told: EncounterTold, message: int, now: datetime) -> Encounter:
    """Return how an encounter stands after a message; of an end that comes late the end alone is followed."""
    if before is not None and is_older(before, told):
        told = replace(told, patient=Patient(tckn=before.patient), patient_class="", attending=None)
    standing = NEXT[before.standing if before else None, told.trigger]
    over = told.ended_at is not None and told.ended_at <= now and told.trigger is not Trigger.CANCEL_DISCHARGE
    if standing is Standing.OPEN and over:  # an update of a stay that is over says so in PV1-45
        standing = Standing.DISCHARGED
    attending = told.attending if told.attending is not None else (before.attending if before else ())
    # A clock that runs ahead must not make all that follows old.
    known = [min(one, now) for one in (told.told_at, before.told_at if before else None) if one]
    return Encounter(
        institution=told.institution,
        number=told.number,
        standing=standing,
        patient=told.patient.tckn if is_tckn(told.patient.tckn) else "",
        way=way_of(told, before),
        attending=attending,
        told_at=max(known, default=None),
        ended_at=None if standing is Standing.OPEN else told.ended_at or (before.ended_at if before else None),
        message=message,
    )


def way_of(told: EncounterTold, before: Encounter | None) -> Way:
    """Return what the relation rests on (HL7 v2.3.1 table 0004: inpatient, emergency; anything else is a service)."""
    if not told.patient_class and before:
        return before.way
    return Way.ADMISSION if told.patient_class in ("I", "E") else Way.TREATING
