"""What is read of the ledger without changing it: lists, DICOM's C-FIND and the doors before images."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from ..core.access import Reach
from ..core.belonging import Belonging
from ..core.events import Event
from ..core.exam import Exam, Study
from ..core.order import ExamKey
from ..core.values import Value
from ..core.worklist import Entry
from .ledger import Transaction

T = TypeVar("T")


class Views(Protocol):
    """What pages and the JSON read."""

    def recent_exams(self, limit: int) -> list[Exam]:
        """Return exams, the last changed first."""
        ...

    def find_exams(self, accession: str) -> list[Exam]:
        """Return exams by accession number, of any institution."""
        ...

    def timeline(self, key: ExamKey) -> list[Event]:
        """Return an exam's events, oldest first."""
        ...

    def unlinked_studies(self, limit: int) -> list[Study]:
        """Return studies that no exam has, newest first."""
        ...


class WorklistSearch(Value):
    """Which open entries are wanted; what is empty does not narrow."""

    performer: str = ""  # SKRS code
    since: datetime | None = None  # scheduled then or later
    until: datetime | None = None  # scheduled before
    accession: str = ""
    modality: str = ""
    limit: int = 2_000


class StudySearch(Value):
    """Which studies are wanted, of those that an institution may see; what is empty does not narrow."""

    institution: str
    node: str
    study_instance_uids: tuple[str, ...] = ()  # one of them
    accession: str = ""
    patient_id: str = ""  # PatientID or one of OtherPatientIDs
    first_day: str = ""  # YYYYMMDD; the days narrow only without an identifier: the asker matches each anyway
    last_day: str = ""
    limit: int = 2_000


class DicomViews(Protocol):
    """What the DICOM doors ask of the ledger, with `read` for the institutions."""

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        ...

    def worklist(self, search: WorklistSearch) -> list[Entry]:
        """Return open entries, earliest first."""
        ...

    def visible_studies(self, search: StudySearch) -> list[Study]:
        """Return studies that an institution sent or that one of its exams has, the last changed first.

        Another sender's only where its UID may be one of our worklist: the asker looks closer (`worklist.may_find`).
        """
        ...


class ImageSearch(Value):
    """Which studies of a reach are wanted; what is empty does not narrow."""

    reach: Reach
    node: str
    study_instance_uids: tuple[str, ...] = ()  # one of them
    accession: str = ""
    patient_id: str = ""  # PatientID or one of OtherPatientIDs
    first_day: str = ""  # YYYYMMDD; as in `StudySearch`
    last_day: str = ""
    limit: int = 2_000


class OwnedStudy(Value):
    """A study and whose it is."""

    study: Study
    whose: Belonging


class StudyDoors(Protocol):
    """What the doors to images ask of the ledger."""

    def belongings(self, node: str, study_instance_uid: str) -> list[Belonging]:
        """Return whose each study is that stands under a UID on a node; several where PatientIDs differ."""
        ...

    def reachable_studies(self, search: ImageSearch) -> list[OwnedStudy]:
        """Return studies that may be within a reach, the last changed first: the asker looks closer (`whose`)."""
        ...
