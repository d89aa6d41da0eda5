"""Retention (saklama süresi): which studies are past their time, what holds them all the same, and lists to approve.

Nothing is deleted by itself. A list is made, frozen under a digest, approved by a person, and only then carried out,
study by study; each is looked at anew then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

from .facts import StudyKey
from .identifiers import is_tckn
from .order import ExamKey
from .values import Text, Value, to_json

MOST = 1_000
"""Studies in one list, those that are past their time longest first; the next list has the rest."""


class Terms(Value):
    """For how many years studies are kept; 0 = for ever."""

    years: int = 0
    by_modality: Mapping[str, int] = msgspec.field(default_factory=dict)

    @property
    def shortest(self) -> int:
        """The shortest time that is not for ever; 0 = nothing is ever past its time."""
        return min((one for one in (self.years, *self.by_modality.values()) if one), default=0)

    def of(self, modalities: Iterable[str]) -> int:
        """Return the years of a study with several modalities: the longest; 0 = for ever."""
        found = [self.by_modality.get(one, self.years) for one in modalities] or [self.years]
        return 0 if 0 in found else max(found)


class Hold(Value):
    """A legal hold (saklama emri): a patient's studies, or an exam's, are not deleted while it stands."""

    id: str
    reason: str
    at: datetime
    by: str
    patient: str = ""  # TCKN
    exam: ExamKey | None = None
    released_at: datetime | None = None
    released_by: str = ""
    release_reason: str = ""


class ListedStudy(Value):
    """A study of a list, as it stood when the list was made."""

    key: StudyKey
    study_instance_uid: str
    study_date: str  # YYYYMMDD
    kept_until: date
    modalities: tuple[str, ...] = ()
    institution: str = ""  # SKRS code
    accession: str = ""
    exams: tuple[ExamKey, ...] = ()
    images: int = 0
    last_instance_at: datetime | None = None


class RetentionList(Value):
    """A list of studies past their time; what it names never changes."""

    id: str
    made_at: datetime
    made_by: str
    years: int  # the terms that it was made by
    by_modality: Mapping[str, int]
    studies: tuple[ListedStudy, ...]
    digest: str = ""  # of all above
    approved_at: datetime | None = None
    approved_by: str = ""
    dropped_at: datetime | None = None
    dropped_by: str = ""

    @property
    def terms(self) -> Terms:
        """The terms that it was made by."""
        return Terms(years=self.years, by_modality=self.by_modality)


class ItemState(StrEnum):
    """How far a study of an approved list is."""

    WAITS = "waits"
    DELETING = "deleting"  # decided; perhaps gone
    DELETED = "deleted"
    HELD = "held"  # a legal hold came after the list
    CHANGED = "changed"  # it is another study than the one approved, or not past its time any more
    GONE = "gone"  # somebody else deleted it


DONE = frozenset({ItemState.DELETED, ItemState.HELD, ItemState.CHANGED, ItemState.GONE})


class Item(Value):
    """What became of a study of a list."""

    state: ItemState
    at: datetime


def digest_of(one: RetentionList) -> str:
    """Return what freezes a list: SHA-256 of what it names and by which terms, hex."""
    bare = msgspec.structs.replace(one, digest="", approved_at=None, approved_by="", dropped_at=None, dropped_by="")
    return sha256(to_json(bare)).hexdigest()


class Fault(StrEnum):
    """Why something about retention is refused."""

    REASON = "reason"
    WHOM = "whom"
    OTHER_LIST = "other list"
    NOT_OPEN = "not open"


WORDS: Mapping[Fault, Text] = {
    Fault.REASON: Text(tr="Gerekçe yazılmalı.", en="A reason must be written."),
    Fault.WHOM: Text(
        tr="Bir hastanın T.C. kimlik numarasını ya da bir tetkikin kurum kodu ve erişim numarasını yazın.",
        en="Write a patient's TCKN, or an exam's institution code and accession number.",
    ),
    Fault.OTHER_LIST: Text(
        tr="Onaylanan, gösterilen listeyle aynı değil; sayfayı yenileyip yeniden bakın.",
        en="What was approved is not the list that was shown; load the page anew and look again.",
    ),
    Fault.NOT_OPEN: Text(
        tr="Liste daha önce onaylanmış ya da bırakılmış.", en="The list was approved or dropped before."
    ),
}


def faults_of(hold: Hold) -> list[Fault]:
    """Say what keeps a hold from being recorded."""
    found = [] if hold.reason else [Fault.REASON]
    by_exam = hold.exam is not None and bool(hold.exam.accession and hold.exam.institution)
    if by_exam == bool(hold.patient) or (hold.patient and not is_tckn(hold.patient)):
        found.append(Fault.WHOM)
    return found
