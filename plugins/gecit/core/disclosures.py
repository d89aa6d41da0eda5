"""Disclosures (erişim açma): what opens exams of a patient to somebody who has no right to them by his work.

A teleconsultation opens one exam to who is asked; a patient's consent, a care relation or an emergency opens exams to a
physician. Each names to whom, what, from when until when, and what it rests on. What a role may do with what was opened
stands in `core/access.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from .accounts import Account
from .order import ExamKey
from .values import Value


class Ground(StrEnum):
    """What a disclosure rests on."""

    CONSULTATION = "consultation"
    CONSENT = "consent"  # of the patient
    CARE = "care"  # a dated rule of rules/access/
    EMERGENCY = "emergency"  # with a stated reason, reviewed afterwards


class Disclosure(Value):
    """What is opened to somebody; a change is a new record of its id. One of account, TCKN and institution is named."""

    id: str
    ground: Ground
    reference: str  # id of the consultation, consent ... that it belongs to
    since: datetime
    until: datetime  # exclusive
    account: str = ""  # to an account
    employer: str = ""  # SKRS code: only while that account works for it; "" = whoever employs it
    tckn: str = ""  # or to whoever has this TCKN
    institution: str = ""  # or to the physicians whose employer has this SKRS code
    patient: str = ""  # TCKN of whose exams these are
    exams: tuple[ExamKey, ...] = ()  # () = all of the patient, also those that are still to come
    recorded_at: datetime | None = None
    recorded_by: str = ""
    ended_at: datetime | None = None  # revoked; access ends with it
    ended_by: str = ""

    def stands(self, now: datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.since <= now < self.ends

    @property
    def ends(self) -> datetime:
        """When it ends, or ended."""
        return min(self.until, self.ended_at or self.until)

    def means(self, account: Account) -> bool:
        """Whether it is an account that something is opened to."""
        if self.employer and account.institution != self.employer:
            return False
        named = (self.account, account.name), (self.tckn, account.tckn), (self.institution, account.institution)
        return any(wanted and wanted == have for wanted, have in named)


class Disclosed(Value):
    """What is opened to an account at an instant."""

    exams: tuple[ExamKey, ...] = ()
    patients: tuple[str, ...] = ()  # TCKNs: all exams of these


def faults_of(one: Disclosure) -> tuple[str, ...]:
    """Say what keeps a disclosure from being recorded: it must name one receiver, something opened, and a stretch."""
    receivers = sum(1 for named in (one.account, one.tckn, one.institution) if named)
    found = []
    if receivers != 1:
        found.append("receiver")
    if not (one.exams or one.patient):
        found.append("exams")
    if one.since >= one.until:
        found.append("until")
    return tuple(found)


def disclosed_to(account: Account, found: Iterable[Disclosure], now: datetime) -> Disclosed:
    """Return what disclosures open to an account at an instant."""
    mine = [one for one in found if one.stands(now) and one.means(account)]
    exams = {key for one in mine for key in one.exams}
    patients = {one.patient for one in mine if not one.exams}
    return Disclosed(exams=tuple(sorted(exams)), patients=tuple(sorted(patients)))
