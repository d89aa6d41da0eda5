"""ADT of a hospital -> how a patient's visit stands, and the care relations of those who treat there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..core.accounts import Account
from ..core.codes_of_remarks import remark
from ..core.encounters import BEGINNING, Encounter, EncounterTold, Standing, follow, is_older, is_stale
from ..core.openings import LONGEST, UNSAID, CareOpening, CareRule, Fault, Way
from ..core.order import Person
from ..core.remarks import Remark, Where
from ..ports import Transaction
from .openings import OpeningRefused, move_end, open_to, shut

ATTENDING, FAMILY = Where(segment="PV1", field=7), Where(segment="PD1", field=4)
SAID = {
    Fault.NO_RULE: "care-closed",
    Fault.PATIENT: "care-without-tckn",
    Fault.PHYSICIAN: "physician-without-account",
}
"""What a sender is told of a relation that is not opened; its message is kept and accepted all the same."""


def record_encounter(tx: Transaction, told: EncounterTold, message: int, rule: CareRule, now: datetime) -> list[Remark]:
    """Record what a message tells and let the care relations follow; returns what is to be remarked."""
    before = tx.encounter(told.institution, told.number)
    said = []
    if before is None and told.trigger not in BEGINNING:
        said.append(remark("encounter-unknown", Where(segment="PV1", field=19)))
    if is_stale(before, told):
        return [*said, remark("encounter-stale", Where(segment="EVN", field=2))]
    after = follow(before, told, message, now)
    if before and told.trigger in BEGINNING and before.standing is after.standing is Standing.DISCHARGED:
        said.append(remark("encounter-over", Where(segment="PV1", field=19)))
    tx.record_encounter(after, now)
    change = _Change(tx, rule, message, now)
    said += change.attending(before, after)
    if told.family_doctors is not None and not is_older(before, told):
        said += change.family(after, told.family_doctors)
    return list(dict.fromkeys(said))


class _Change:
    """The care relations of one institution's patient, moved on by one message."""

    def __init__(self, tx: Transaction, rule: CareRule, message: int, now: datetime) -> None:
        self._tx, self._rule, self._message, self._now = tx, rule, message, now
        self._by = f"hl7:{message}"  # no login name has a colon

    def attending(self, before: Encounter | None, after: Encounter) -> list[Remark]:
        """Open to who attends now what is not open yet, and shut what the encounter no longer carries."""
        patients = dict.fromkeys([after.patient, before.patient if before else ""])
        found = [one for patient in patients if patient for one in self._of_encounter(after, patient)]
        if after.standing is not Standing.OPEN:
            self._end(found, after.ended_at if after.standing is Standing.DISCHARGED else None)
            return []
        if not after.attending:
            self._end([one for one in found if one.message], None)
            return [remark("attending-missing", ATTENDING)]
        names = self._names(after, after.attending)
        kept = [one for one in found if one.patient == after.patient and self._still(one, after, names)]
        self._end([one for one in found if one not in kept], None)
        return self._open(after, after.attending, after.way, UNSAID, kept, ATTENDING)

    def family(self, after: Encounter, doctors: Sequence[Person]) -> list[Remark]:
        """Open the patient to the family doctors that are named; those whom this hospital named before lose it."""
        if not after.patient:
            return [remark("care-without-tckn", Where(segment="PID", field=4))] if doctors else []
        names = self._names(after, doctors)
        found = [one for one in self._standing(after.institution, after.patient) if one.way is Way.FAMILY]
        self._end([one for one in found if one.message and one.account not in names], None)
        kept = [one for one in found if one.account in names]
        return self._open(after, doctors, Way.FAMILY, LONGEST, kept, FAMILY)

    def _of_encounter(self, after: Encounter, patient: str) -> list[CareOpening]:
        """Return what stands of an encounter: told by HL7, or recorded on a page under the same visit number."""
        found = [one for one in self._standing(after.institution, patient) if one.reason == after.number]
        # A family doctor stays one after the visit; of a patient who was not meant he never was one.
        return [one for one in found if one.way is not Way.FAMILY or (one.message and patient != after.patient)]

    def _standing(self, institution: str, patient: str) -> list[CareOpening]:
        found = self._tx.openings(institution=institution, patient=patient)
        return [one for one in found if one.way is not Way.STATED and one.stands(self._now)]

    def _still(self, one: CareOpening, after: Encounter, names: Sequence[str]) -> bool:
        return not one.message or (one.account in names and one.way is after.way)

    def _names(self, after: Encounter, people: Sequence[Person]) -> list[str]:
        found = (self._tx.physician(one.identifier) for one in people)
        return [one.name for one in found if one and one.institution == after.institution]

    def _end(self, found: Sequence[CareOpening], at: datetime | None) -> None:
        """End relations: now, or at an instant still to come that was told."""
        for one in found:
            if at is None or at <= self._now:
                shut(self._tx, one, self._by, self._now)
            elif at < one.until:
                move_end(self._tx, one, at, self._by, self._now)

    def _open(
        self, after: Encounter, people: Sequence[Person], way: Way, lasts: timedelta, kept: Sequence[CareOpening],
        where: Where,
    ) -> list[Remark]:  # fmt: skip
        said: list[Remark] = []
        until = self._now + lasts
        standing = {one.account: one for one in kept}
        for number in dict.fromkeys(one.identifier for one in people):
            account = self._tx.physician(number)
            one = standing.get(account.name) if account else None
            if one is None:
                said += self._try(after, account, way, until, where)
            elif one.message and one.until - self._now < lasts / 2:  # each update need not be a row
                move_end(self._tx, one, until, self._by, self._now)
        return said

    def _try(self, after: Encounter, account: Account | None, way: Way, until: datetime, where: Where) -> list[Remark]:
        asked = CareOpening(
            id="",
            way=way,
            institution=after.institution,
            account=account.name if account else "",
            patient=after.patient,
            reason=after.number,
            since=self._now,
            until=until,
            recorded_by=self._by,
            message=self._message,
        )
        try:
            open_to(self._tx, asked, account, self._rule, self._now)
        except OpeningRefused as refused:
            return [remark(SAID[one], where) for one in refused.faults if one in SAID]
        return []
