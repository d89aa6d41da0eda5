"""What quality is held against, as data (`rules/quality/`): reasons of ratings, sides, protocols, reference levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from .exam_kinds import Match, score
from .order import Procedure
from .quality import Reasons
from .values import Text, Value


class Side(StrEnum):
    """A side as (0020,0062) writes it."""

    RIGHT = "R"
    LEFT = "L"
    BOTH = "B"


class Sides(Value):
    """How orders say sides and paired body parts, and which DICOM body parts are paired."""

    words: dict[Side, tuple[str, ...]] = msgspec.field(default_factory=dict)  # whole words, lower case
    paired_words: tuple[str, ...] = ()  # beginnings of words of a procedure's name, lower case
    paired_parts: tuple[str, ...] = ()  # values of (0018,0015)
    modalities: tuple[str, ...] = ()  # where a missing side is asked for


class Protocol(Value):
    """The least that an exam of a kind holds."""

    id: str
    title: Text
    match: Match
    basis: str  # what it rests on
    least_series: int = 0
    least_images: int = 0
    reading: str = ""


class Document(Value):
    """Where a value was published."""

    title: str
    year: int
    place: str  # table, or where in the document
    read_in: str  # where we read it: the document itself, or what quotes it


class Level(Value):
    """The dose reference level of an exam kind: for the median of many patients, no limit for one."""

    id: str
    title: Text
    match: Match
    quantity: str  # core.dose: DLPTotal, AccumulatedAverageGlandularDose
    value: float
    unit: str  # UCUM: mGy.cm, mGy
    source: Document
    confidence: str  # how well the value is known, in a sentence
    adults_from: int = 18  # years; of children no level is known
    without_contrast: bool = False  # it was surveyed without contrast: says nothing of an exam with it


class QualityData(Value):
    """All of it; `revision` names this very content."""

    reasons: Reasons = Reasons()
    sides: Sides = Sides()
    protocols: tuple[Protocol, ...] = ()
    levels: tuple[Level, ...] = ()
    revision: str = ""


Fits = TypeVar("Fits", Protocol, Level)


def best(those: Iterable[Fits], modality: str, procedures: Sequence[Procedure]) -> Fits | None:
    """Return what fits an exam best; None where nothing does, or where two fit as well: then nobody can tell."""
    scored = [(points, one) for one in those if (points := score(one.match, modality, procedures))]
    most = max((points for points, _ in scored), default=0)
    fitting = [one for points, one in scored if points == most]
    return fitting[0] if len(fitting) == 1 else None
