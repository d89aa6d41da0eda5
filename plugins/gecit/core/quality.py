"""Quality of an exam: what people say of it (ratings) and what its facts give away by themselves (hints).

Neither touches the verdict: what MEDULA is told hangs on the rules alone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .order import ExamKey
from .report import RatingKind
from .values import Text, Value

LOW = 2
"""A rating of so much or less is looked at."""

LONGEST_NOTE = 1_000
"""Characters of the note of a rating."""


class RatingSource(StrEnum):
    """By which way a rating came."""

    HL7 = "hl7"  # OBX-13 of a report of the institution's HBYS; the rater is the institution
    EDITOR = "editor"  # of a report that was signed in Geçit; the rater is the account that signed it
    ASSESSOR = "assessor"  # on the quality page, after the fact


class Rating(Value):
    """What one rater says of one thing, the same whatever way it came; a later one of the same rater supersedes it."""

    exam: ExamKey
    kind: RatingKind
    score: int  # 1..5, 5 best
    rater: str  # account, or the SKRS code of the institution that sent the report
    source: RatingSource
    at: datetime
    reasons: tuple[str, ...] = ()  # codes of `rules/quality/reasons.toml`
    note: str = ""  # of an assessor
    version: int = 0  # of the report that carries it; 0 = no report does

    @property
    def low(self) -> bool:
        """Whether somebody should look."""
        return self.score <= LOW

    @property
    def place(self) -> tuple[RatingKind, RatingSource, str]:
        """What it supersedes another one by."""
        return self.kind, self.source, self.rater


class Reason(Value):
    """Why something is not rated better; a code, once used, keeps its meaning."""

    code: str
    title: Text
    kinds: tuple[RatingKind, ...]


class Mender(StrEnum):
    """Who must mend what a hint says."""

    MODALITY = "modality"  # the technician at the device
    PACS = "pacs"
    HBYS = "hbys"
    PHYSICIST = "physicist"  # who answers for the device's dose and protocols


class Hint(Value):
    """Something in the facts of an exam that a person should look at; advice, never a verdict."""

    code: str  # core.hints.CODES
    where: str  # the DICOM element or HL7 field, with the series where there are several
    mender: Mender
    expected: str = ""
    found: str = ""  # never a patient's name or number
    source: str = ""  # document of the standard, protocol or reference level
    series: str = ""  # Series Instance UID, where it is of one series


class Reasons(Value):
    """The list that raters choose from."""

    reason: tuple[Reason, ...] = ()

    def of(self, kind: RatingKind) -> tuple[Reason, ...]:
        """Return the reasons that a kind of rating may have."""
        return tuple(one for one in self.reason if kind in one.kinds)

    def unknown(self, kind: RatingKind, codes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the codes that the list does not have for a kind."""
        known = {one.code for one in self.of(kind)}
        return tuple(one for one in codes if one not in known)

    def title(self, code: str) -> Text:
        """Return the words of a code; one that the list no longer has is its own."""
        return next((one.title for one in self.reason if one.code == code), Text(tr=code, en=code))


def superseded_by(ratings: tuple[Rating, ...], new: Rating) -> tuple[Rating, ...]:
    """Return the ratings in force after a new one: each rater's last one of a kind, sorted."""
    kept = {one.place: one for one in (*ratings, new)}
    return tuple(kept[place] for place in sorted(kept))


class QualitySearch(Value):
    """Which exams a list of quality shows; what stands at its default narrows nothing."""

    kind: str = ""  # code of a hint, `image` or `request` for low ratings of that kind
    institution: str = ""
    modality: str = ""
    device: str = ""
    since: datetime | None = None  # by core.listing.listed_at, inclusive
    until: datetime | None = None  # exclusive


class QualityLine(Value):
    """An exam of that list, with what is noted of it."""

    exam: ExamKey
    listed_at: datetime
    modality: str
    hints: tuple[Hint, ...] = ()
    ratings: tuple[Rating, ...] = ()
