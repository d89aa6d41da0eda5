"""A patient's consent -> a disclosure; and the end of one at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from ..core.disclosures import Disclosure, Ground
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.sharing import MOST_STANDING, Fault, faults_of
from ..ports import Ledger, Transaction
from .disclosing import disclose, end


class SharingRefused(Exception):
    """Something cannot be shared; `faults` is all that stands against it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(faults))
        self.faults = tuple(faults)


def exams_of(tx: Transaction, patient: str) -> list[Exam]:
    """Return a patient's exams, the newest first."""
    found = tx.exams_of_patient(patient, "", "") if patient else []
    return sorted(found, key=lambda one: (one.order_received_at is not None, one.order_received_at), reverse=True)


def consent(ledger: Ledger, asked: Disclosure, by: str, now: datetime) -> Disclosure:
    """Record what a patient opens to a physician or to an institution's physicians; raises `SharingRefused`."""
    number = secrets.token_hex(8)
    made = replace(asked, id=number, reference=number, ground=Ground.CONSENT)

    def work(tx: Transaction) -> Disclosure:
        stand = [one for one in tx.disclosures_of(asked.patient) if _is_consent(one) and now < one.ends]
        refuse(tx, made, now, [Fault.MANY_STANDING] if len(stand) >= MOST_STANDING else [])
        disclose(tx, made, by, now)
        return made

    return ledger.write(work)


def _is_consent(one: Disclosure) -> bool:
    return one.ground is Ground.CONSENT and not one.account


def refuse(tx: Transaction, asked: Disclosure, now: datetime, further: Sequence[Fault] = ()) -> None:
    """Raise `SharingRefused` where something stands against it."""
    own: frozenset[ExamKey] = frozenset(one.key for one in exams_of(tx, asked.patient))
    known = frozenset(one.skrs for one in tx.institutions())
    if found := [*faults_of(asked, own, known, now), *further]:
        raise SharingRefused(found)


def revoke(ledger: Ledger, patient: str, number: str, by: str, now: datetime) -> bool:
    """End at once what a patient shared; False where nothing of this patient and id stands."""

    def work(tx: Transaction) -> bool:
        mine = [one for one in tx.disclosures_of(patient) if one.id == number and one.ground is Ground.CONSENT]
        return end(tx, mine, by, now) > 0

    return ledger.write(work)
