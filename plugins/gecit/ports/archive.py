"""Orthanc: what it stores and how it tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from ..core.facts import StudyFacts
from ..core.values import Value


class Change(Value):
    """One row of an index's change log."""

    number: int
    kind: str  # NewInstance, NewStudy, ...
    orthanc_id: str


class Changes(Value):
    """A page of the change log; `done` = nothing newer stood there."""

    rows: tuple[Change, ...]
    last: int
    done: bool


class StudyRead(Value):
    """A study as just read. `facts.institution` and `facts.settled` are left to the step."""

    facts: StudyFacts
    instances: frozenset[str]  # Orthanc ids of all its instances


class Archive(Protocol):
    """An Orthanc index, asked over loopback HTTP. Every method raises `Unavailable` where Orthanc does not answer."""

    def node(self) -> str:
        """Return the name under which this index's studies are kept: `StudyKey.node`, unique within one ledger."""
        ...

    def identity(self) -> str:
        """Return what identifies the index: it changes when the database is made anew."""
        ...

    def last_change(self) -> int:
        """Return the number of the newest change."""
        ...

    def changes(self, since: int, limit: int) -> Changes:
        """Return changes after `since`, oldest first."""
        ...

    def series_of_instance(self, orthanc_id: str) -> tuple[str, frozenset[str]] | None:
        """Return an instance's study and all instances of its series; None where the instance is gone."""
        ...

    def study_ids(self) -> Iterable[str]:
        """Return the Orthanc ids of all studies, for the sweep."""
        ...

    def last_instance_at(self, orthanc_id: str) -> datetime | None:
        """Return when an instance last came for a study; None where the study is gone or nothing says so."""
        ...

    def read_study(self, orthanc_id: str) -> StudyRead | None:
        """Read a study; None where it is gone."""
        ...

    def store(self, dicom: bytes) -> str:
        """Store an instance and return its Orthanc id; storing it again changes nothing."""
        ...


class Tags(Protocol):
    """What the archive knows of studies, series and instances, as text by keyword. Raises `Unavailable`."""

    def studies(self, orthanc_ids: Sequence[str], uids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Return the tags of studies, by Orthanc id; what is gone is left out. `uids`: theirs."""
        ...

    def series(self, study: str) -> list[tuple[str, dict[str, str]]]:
        """Return the series of a study (Orthanc id) with their Orthanc ids."""
        ...

    def instances(self, series: str) -> list[tuple[str, dict[str, str]]]:
        """Return the instances of a series (Orthanc id) with their Orthanc ids."""
        ...

    def all_of(self, instance: str) -> dict[str, str]:
        """Return every tag of an instance that is plain text."""
        ...

    def one_of_study(self, study: str) -> str:
        """Return the Orthanc id of some instance of a study, "" where it is gone."""
        ...
