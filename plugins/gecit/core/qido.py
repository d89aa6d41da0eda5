"""A QIDO-RS search (PS3.18 8.3.4, 10.6) as keys to match and a page of answers; what is asked is parsed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from .query import matches, too_many_patterns
from .values import Value

LONGEST_PAGE = 1000
"""Answers of one request at the most; there is a Warning where there are more."""


class Level(StrEnum):
    """What is searched for."""

    STUDY = "studies"
    SERIES = "series"
    INSTANCE = "instances"


class SearchRefused(Exception):
    """A search that cannot be understood; the name is the parameter's."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class Search(Value, kw_only=True):
    """What is asked: keys by keyword, values joined by a backslash; fields to be returned beside the usual ones."""

    level: Level
    keys: dict[str, str]
    fields: tuple[str, ...] = ()
    every_field: bool = False
    offset: int = 0
    limit: int = LONGEST_PAGE
    fuzzy: bool = False
    ignored: tuple[str, ...] = ()  # parameters that are not supported

    def of_level(self, known: Iterable[str]) -> dict[str, str]:
        """Return the keys among those that are known."""
        wanted = set(known)
        return {name: value for name, value in self.keys.items() if name in wanted}


RETURNED: Mapping[Level, tuple[str, ...]] = {
    # PS3.18 tables 10.6.3-3, 10.6.3-4 and 10.6.3-5, with what viewers show beside
    Level.STUDY: (
        "StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy",
        "ReferringPhysicianName", "StudyDescription", "RetrieveURL", "PatientName", "PatientID", "PatientBirthDate",
        "PatientSex", "StudyInstanceUID", "StudyID", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
    ),
    Level.SERIES: (
        "Modality", "SeriesDescription", "RetrieveURL", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber",
        "SeriesDate", "SeriesTime", "NumberOfSeriesRelatedInstances", "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
    ),
    Level.INSTANCE: (
        "SOPClassUID", "SOPInstanceUID", "InstanceAvailability", "RetrieveURL", "StudyInstanceUID",
        "SeriesInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames",
    ),
}  # fmt: skip
"""What is always returned of each level, where it is known."""


def searchable(search: Search) -> bool:
    """Whether no key lists more patterns than anyone asks for in good faith."""
    return not too_many_patterns(search.keys)


def fits(search: Search, values: Mapping[str, str]) -> bool:
    """Whether an entity matches; a key of which it has no value matches only what matches nothing written there.

    Unlike C-FIND, every key is known here by the time that it is asked: what is not there is an empty value.
    """
    return matches(search.keys, {**dict.fromkeys(search.keys, ""), **values})
