"""Assumptions: named numbers, each with its unit and with where it comes from.

A key is dotted (`kind.CT.instances`). What Geçit ships settles which keys there are; a file of one's own or `--assume`
changes numbers, and says so in their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase

from msgspec.structs import replace

from ..values import Text, Value


class Basis(StrEnum):
    """What a number rests on, from the firmest to the weakest."""

    PUBLISHED = "published"  # by the Ministry, in a paper, in a standard or a manual
    MEASURED = "measured"  # by a bench of ours, docs/performance.md
    COUNTED = "counted"  # in a ledger that a bench filled; a test counts again
    ASSUMED = "assumed"
    GIVEN = "given"  # by whoever runs the simulation


class Unit(StrEnum):
    """What a number counts. `share` lies between 0 and 1."""

    PEOPLE = "people"
    HOSPITALS = "hospitals"
    PLACES = "places"
    EXAMS_PER_1000 = "exams/1000 people/year"
    EXAMS_PER_DAY = "exams/day"
    INSTANCES = "instances"
    BYTES = "bytes"
    PER_EXAM = "per exam"
    ROWS_PER_EXAM = "rows/exam"
    BYTES_PER_ROW = "bytes/row"
    PER_SECOND = "per second"
    BYTES_PER_SECOND = "bytes/second"
    CONNECTIONS = "connections"
    RATIO = "ratio"
    SHARE = "share"
    WEIGHT = "weight"
    SECONDS = "seconds"
    YEARS = "years"


class Number(Value):
    """One assumption, and the bounds that any other value in its place keeps."""

    value: float
    least: float
    most: float
    unit: Unit
    basis: Basis
    source: str


class AssumptionFault(Exception):
    """An assumption cannot be used; the text says which and why, in Turkish and English."""

    def __init__(self, key: str, said: Text) -> None:
        super().__init__(f"{key}: {said.tr} / {key}: {said.en}")


class Assumptions(Value):
    """All numbers by their keys."""

    numbers: Mapping[str, Number]

    def __getitem__(self, key: str) -> float:
        """Return a number; an unknown key is a KeyError."""
        return self.numbers[key].value

    def below(self, section: str) -> tuple[str, ...]:
        """Return the names right below a section, in the file's order: of `kind` CT, MR ..."""
        start = f"{section}."
        return tuple(
            dict.fromkeys(key.removeprefix(start).split(".")[0] for key in self.numbers if key.startswith(start))
        )

    def assuming(self, changes: Iterable[tuple[str, float, str]]) -> Assumptions:
        """Return these with others in their place: key, value, and where the value comes from."""
        numbers = dict(self.numbers)
        for key, value, source in changes:
            if key not in numbers:
                raise AssumptionFault(key, _unknown(key, numbers))
            numbers[key] = replace(numbers[key], value=value, basis=Basis.GIVEN, source=source)
        return sound(numbers)


def sound(numbers: Mapping[str, Number]) -> Assumptions:
    """Return the numbers as assumptions; AssumptionFault names the first that is none."""
    for key, one in numbers.items():
        said = _fault(one)
        if said:
            raise AssumptionFault(key, said)
    for keys, said in SOME.items():
        if not any(one.value for key, one in numbers.items() if fnmatchcase(key, keys)):
            raise AssumptionFault(keys, said)
    return Assumptions(numbers=numbers)


SOME = {
    "hour.*": Text(tr="en az bir saat 0'dan büyük olmalı", en="at least one hour must be above 0"),
    "kind.*.exams": Text(tr="en az bir tür 0'dan büyük olmalı", en="at least one kind must be above 0"),
}
"""Of these numbers not all may be 0, though each may."""


def _fault(one: Number) -> Text | None:
    if one.least <= one.value <= one.most:  # no comparison holds of a NaN
        return None
    value, least, most = (f"{number:.12g}" for number in (one.value, one.least, one.most))
    return Text(
        tr=f"{value} olmaz: {least} ile {most} arasında bir sayı olmalı ({one.unit.value})",
        en=f"{value} will not do: it must be a number from {least} to {most} ({one.unit.value})",
    )


def _unknown(key: str, known: Mapping[str, Number]) -> Text:
    section = key.split(".")[0]
    near = ", ".join(one for one in known if one.split(".")[0] == section) or ", ".join(
        dict.fromkeys(one.split(".")[0] + ".…" for one in known)
    )
    return Text(tr=f"böyle bir varsayım yok; olanlar: {near}", en=f"there is no such assumption; there are: {near}")
