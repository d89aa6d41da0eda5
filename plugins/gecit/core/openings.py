"""Openings (erişim açılışı) without the patient's consent: a care relation that an institution records, and emergency
access by a reason that a physician states himself and somebody else reviews. Each rests on a dated rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from .access import Role
from .accounts import Account
from .identifiers import is_tckn
from .values import Text, Value

PHYSICIANS = frozenset({Role.CLINICIAN, Role.RADIOLOGIST, Role.CONSULTANT})
SHORTEST_REASON = 15
EMERGENCIES_A_DAY = 10
"""Of one physician."""
LONGEST = timedelta(days=3650)
"""A family doctor has no end; it is recorded anew after so long."""
UNSAID = timedelta(days=90)
"""How long a relation without a last day stands where nobody says anything of it any more."""


class Way(StrEnum):
    """What an opening rests on."""

    FAMILY = "family-doctor"
    TREATING = "treating"  # until the service ends
    ADMISSION = "admission"  # inpatient or emergency, until discharge
    STATED = "stated-reason"  # of the physician himself; reviewed afterwards


CARE = (Way.TREATING, Way.ADMISSION, Way.FAMILY)


class Outcome(StrEnum):
    """What a review found."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not justified"


class CareOpening(Value):
    """A patient's exams opened to a physician; a change is a new record of its id, which its disclosure has too."""

    id: str
    way: Way
    institution: str  # SKRS code of the physician's employer
    account: str
    patient: str  # TCKN
    reason: str  # of a care relation the visit's number; in an emergency the stated reason
    since: datetime
    until: datetime
    recorded_by: str
    ended_at: datetime | None = None
    ended_by: str = ""
    outcome: Outcome | None = None  # of the review
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    note: str = ""
    message: int = 0  # number of the HL7 message (ADT) that told it; 0 = it was recorded on a page

    def stands(self, now: datetime) -> bool:
        """Whether it stands at an instant, or is still to begin."""
        return now < min(self.until, self.ended_at or self.until)

    @property
    def waits(self) -> bool:
        """Whether somebody has to review it."""
        return self.way is Way.STATED and self.outcome is None


class CareEdition(Value):
    """One edition of the rule."""

    since: datetime
    until: datetime | None = None  # exclusive
    ways: tuple[Way, ...] = ()
    stated_reason_hours: int = 0  # 0 = nobody opens anything by a reason of his own


class CareRule(Value):
    """The rule, edition after edition."""

    editions: tuple[CareEdition, ...] = ()

    def at(self, moment: datetime) -> CareEdition:
        """Return the edition in force at an instant; one that opens nothing where none is."""
        found = (one for one in self.editions if one.since <= moment and (one.until is None or moment < one.until))
        return next(found, CareEdition(since=moment))

    def allows(self, opening: CareOpening, moment: datetime) -> bool:
        """Whether the edition in force at an instant still opens what an earlier one opened."""
        edition = self.at(moment)
        if opening.way is Way.STATED:
            return moment < opening.since + timedelta(hours=edition.stated_reason_hours)
        return opening.way in edition.ways


class Fault(StrEnum):
    """Why an opening is refused."""

    NO_RULE = "no rule"
    PHYSICIAN = "physician"
    PATIENT = "patient"
    REASON = "reason"
    DAYS = "days"
    TOO_MANY = "too many"
    OWN_REVIEW = "own review"


WORDS: Mapping[Fault, Text] = {
    Fault.NO_RULE: Text(
        tr="Yürürlükteki kural (rules/access/care.toml) bunu açmıyor.",
        en="The rule in force (rules/access/care.toml) does not open this.",
    ),
    Fault.PHYSICIAN: Text(tr="Kurumun bir hekimini seçin.", en="Choose a physician of the institution."),
    Fault.PATIENT: Text(tr="Hastanın T.C. kimlik numarasını (11 hane) yazın.", en="Write the patient's TCKN."),
    Fault.REASON: Text(
        tr=f"Gerekçeyi yazın (acil erişimde en az {SHORTEST_REASON} karakter; bakımda başvuru numarası).",
        en=f"Write the reason (at least {SHORTEST_REASON} characters in an emergency; the visit's number of a care "
        "relation).",
    ),
    Fault.DAYS: Text(tr="Bitiş başlangıçtan sonra olmalı.", en="The end must lie after the beginning."),
    Fault.TOO_MANY: Text(
        tr="Bugün çok fazla acil erişim açtınız; yöneticinize başvurun.",
        en="You opened too many in emergency today; ask your manager.",
    ),
    Fault.OWN_REVIEW: Text(tr="Kendi erişiminizi inceleyemezsiniz.", en="Nobody reviews his own access."),
}


def faults_of(asked: CareOpening, physician: Account | None, rule: CareRule, now: datetime) -> list[Fault]:
    """Say what keeps an opening from being recorded."""
    found, edition = [], rule.at(now)
    if asked.way is Way.STATED:
        allowed, enough = edition.stated_reason_hours > 0, len(asked.reason) >= SHORTEST_REASON
    else:
        allowed, enough = asked.way in edition.ways, bool(asked.reason)
    if not allowed:
        found.append(Fault.NO_RULE)
    works = physician is not None and not physician.disabled and physician.institution == asked.institution
    if physician is None or not works or not asked.institution or not PHYSICIANS.intersection(physician.roles):
        found.append(Fault.PHYSICIAN)
    if not is_tckn(asked.patient):
        found.append(Fault.PATIENT)
    if not enough:
        found.append(Fault.REASON)
    if asked.until <= max(asked.since, now):
        found.append(Fault.DAYS)
    return found
