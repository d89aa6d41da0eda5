"""Kinds of exam as reading knows them: body region, subspecialty, and the template that a report begins with.

The kinds are data (`rules/reports/`). A kind is found by LOINC code first, then by words of the procedure's name, then
by modality alone; a SUT code tells nothing of region or modality by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from .order import Procedure
from .report import ReportPart
from .values import Text, Value


class Region(StrEnum):
    """The body region, as lists are filtered by it."""

    HEAD = "head"
    NECK = "neck"
    CHEST = "chest"
    BREAST = "breast"
    ABDOMEN = "abdomen"
    SPINE = "spine"
    LIMBS = "limbs"
    OTHER = "other"


class Subspecialty(StrEnum):
    """The branch of radiology that reads it best."""

    GENERAL = "general"
    NEURO = "neuro"
    CHEST = "chest"
    BREAST = "breast"
    ABDOMINAL = "abdominal"
    MUSCULOSKELETAL = "musculoskeletal"
    PAEDIATRIC = "paediatric"
    CARDIOVASCULAR = "cardiovascular"


REGIONS: dict[Region, Text] = {
    Region.HEAD: Text(tr="Baş", en="Head"),
    Region.NECK: Text(tr="Boyun", en="Neck"),
    Region.CHEST: Text(tr="Göğüs", en="Chest"),
    Region.BREAST: Text(tr="Meme", en="Breast"),
    Region.ABDOMEN: Text(tr="Karın", en="Abdomen"),
    Region.SPINE: Text(tr="Omurga", en="Spine"),
    Region.LIMBS: Text(tr="Kol ve bacak", en="Limbs"),
    Region.OTHER: Text(tr="Diğer", en="Other"),
}
SUBSPECIALTIES: dict[Subspecialty, Text] = {
    Subspecialty.GENERAL: Text(tr="Genel radyoloji", en="General radiology"),
    Subspecialty.NEURO: Text(tr="Nöroradyoloji", en="Neuroradiology"),
    Subspecialty.CHEST: Text(tr="Toraks radyolojisi", en="Chest radiology"),
    Subspecialty.BREAST: Text(tr="Meme radyolojisi", en="Breast radiology"),
    Subspecialty.ABDOMINAL: Text(tr="Abdominal radyoloji", en="Abdominal radiology"),
    Subspecialty.MUSCULOSKELETAL: Text(tr="Kas-iskelet radyolojisi", en="Musculoskeletal radiology"),
    Subspecialty.PAEDIATRIC: Text(tr="Çocuk radyolojisi", en="Paediatric radiology"),
    Subspecialty.CARDIOVASCULAR: Text(tr="Kardiyovasküler radyoloji", en="Cardiovascular radiology"),
}


class Match(Value):
    """Which exams are of a kind; all that is given must hold of the modality, any of the rest counts."""

    modality: tuple[str, ...] = ()  # () = any
    loinc: tuple[str, ...] = ()
    words: tuple[str, ...] = ()  # beginnings of words of a procedure's name, lower case


class Kind(Value):
    """A kind of exam with the report's template: Turkish text for each part, as the report will say it."""

    id: str
    title: Text
    match: Match = Match()
    region: Region = Region.OTHER
    subspecialty: Subspecialty = Subspecialty.GENERAL
    template: dict[ReportPart, str] = msgspec.field(default_factory=dict)


class Macro(Value):
    """A piece of text that is put into a part of a report by its short name."""

    id: str
    title: Text
    part: ReportPart
    text: str
    kinds: tuple[str, ...] = ()  # ids; () = of every kind


class Reporting(Value):
    """The data that reporting goes by."""

    kinds: tuple[Kind, ...] = ()
    macros: tuple[Macro, ...] = ()

    def macros_for(self, kind: Kind | None) -> tuple[Macro, ...]:
        """Return the macros of a kind and those of every kind."""
        return tuple(one for one in self.macros if not one.kinds or (kind is not None and kind.id in one.kinds))


OTHER = Kind(id="", title=Text(tr="Diğer", en="Other"))


def kind_of(kinds: Iterable[Kind], modality: str, procedures: Sequence[Procedure]) -> Kind:
    """Return the kind of an exam; `OTHER` where none fits. Of several the one that says most, then by id."""
    scored = ((score(one.match, modality, procedures), one) for one in kinds)
    fitting = [(points, one) for points, one in scored if points]
    return min(fitting, key=lambda pair: (-pair[0], pair[1].id))[1] if fitting else OTHER


def score(match: Match, modality: str, procedures: Sequence[Procedure]) -> int:
    """Say how much a match says: 4 for a LOINC code, 2 for a word, 1 for the modality alone; 0 = no match."""
    if match.modality and modality not in match.modality:
        return 0
    if any(one.loinc in match.loinc for one in procedures if one.loinc):
        return 4
    if any(_has_word(one, match.words) for one in procedures):
        return 2
    return 1 if match.modality and not (match.loinc or match.words) else 0


def _has_word(procedure: Procedure, words: Sequence[str]) -> bool:
    name = folded(f"{procedure.sut_name} {procedure.loinc_name}")
    return any(part.startswith(word) for word in words for part in name.replace(",", " ").split())


def folded(text: str) -> str:
    """Return text in lower case as Turkish has it: I becomes ı and İ becomes i."""
    return text.replace("İ", "i").replace("I", "ı").lower()
