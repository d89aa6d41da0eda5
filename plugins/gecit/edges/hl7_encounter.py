"""ADT read: how a patient's visit stands, and who treats there (HL7 v2.3.1 chapter 3)."""

from __future__ import annotations

from datetime import datetime

from gecit.core.encounters import LONGEST_NUMBER, EncounterTold, Trigger
from gecit.core.order import Person

from .hl7_facts import FactReader, read_message_time, read_patient

TRIGGERS = tuple(one.value for one in Trigger)
DELETED = '""'  # HL7 v2.3.1 2.8.2


def read_encounter(reader: FactReader, institution: str) -> EncounterTold | None:
    """Return what an ADT message tells; None, and remarked, where it does not say of which visit."""
    trigger = Trigger(reader.message.get("MSH", 9, 2))
    patient = read_patient(reader)
    number = reader.fact("admission")
    if not 0 < len(number) <= LONGEST_NUMBER:
        reader.note("encounter-number", reader.where("admission"))
        return None
    return EncounterTold(
        trigger=trigger,
        institution=institution,
        number=number,
        patient=patient,
        patient_class=reader.fact("patient_class")[:2].upper(),
        attending=_people(reader, "attending"),
        family_doctors=_people(reader, "family_doctor"),
        told_at=reader.time("told_at") or read_message_time(reader),
        ended_at=_ended(reader, trigger),
    )


def _people(reader: FactReader, fact: str) -> tuple[Person, ...] | None:
    """Return who is named; None where the field is empty, which changes nothing, () where it deletes."""
    found = reader.people(fact)
    return tuple(one for one in found if one.identifier != DELETED) if found else None


def _ended(reader: FactReader, trigger: Trigger) -> datetime | None:
    if trigger is Trigger.DISCHARGE:
        return reader.time("discharged_at") or reader.time("happened_at")
    return reader.time("discharged_at")
