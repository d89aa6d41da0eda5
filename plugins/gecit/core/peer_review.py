"""Peer review of signed reports: rounds, who reviews what, what was said. The exam and its verdict stay as they are.

Blind: inside the review nothing names who wrote or signed the report. What a picture says by itself stays there.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .exam_kinds import Kind
from .order import ExamKey
from .values import Text, Value

LONGEST_NOTE = 2_000
"""Characters of a reviewer's note."""


class Significance(StrEnum):
    """Whether a difference could have mattered to the patient."""

    NONE = "none"  # no difference, or none that matters
    UNLIKELY = "unlikely"
    LIKELY = "likely"


class Score(Value):
    """One step of the scale; a number, once used, keeps its meaning."""

    score: int  # 1 = agrees, the highest = worst
    title: Text
    meaning: Text
    differs: bool = True  # counts as a difference


class Scale(Value):
    """The scale that reports are reviewed by, with its source."""

    id: str
    title: Text
    source: str
    score: tuple[Score, ...]

    def of(self, number: int) -> Score | None:
        """Return a step; None where the scale has none."""
        return next((one for one in self.score if one.score == number), None)


class Per(StrEnum):
    """What a stratum's size is counted for: all of it, or each of these by itself."""

    ALL = ""
    INSTITUTION = "institution"
    MODALITY = "modality"
    KIND = "kind"
    RADIOLOGIST = "radiologist"


class Stratum(Value):
    """Which exams, and how many of them; what stands at its default narrows nothing."""

    id: str
    title: Text
    size: int
    per: Per = Per.ALL
    institutions: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # ids of rules/reports
    radiologists: tuple[str, ...] = ()  # accounts or TCKNs
    rules: tuple[str, ...] = ()  # one of them failed when the exam was last judged; "*" = any rule
    critical: bool = False  # with a critical finding
    rated_at_most: int = 0  # the exam or its request has a rating of so much or less; 0 = whatever it is


class Shortage(Value):
    """A stratum that had fewer than it should."""

    stratum: str
    of: str  # which institution, modality ...; empty = all of it
    wanted: int
    found: int


class Reviewer(Value):
    """Somebody who reviews in a round."""

    account: str
    tckn: str = ""  # so that a report that came by HL7 is known as his own too


class Pick(Value):
    """An exam of a round: which version of its report, for which stratum, and who reviews it."""

    number: int  # within the round, from 1
    exam: ExamKey
    version: int  # of the report in force when it was drawn
    stratum: str
    reviewer: str  # account


class ReviewRound(Value):
    """A sample of signed reports, drawn once. Seed, strata and position give the same exams again."""

    id: str
    title: str
    since: datetime  # of the report's receipt, inclusive
    until: datetime  # exclusive
    strata: tuple[Stratum, ...]
    seed: str
    position: int  # number of the ledger's last event that was looked at
    reviewers: tuple[Reviewer, ...]
    blind: bool = True
    institutions: tuple[str, ...] = ()  # SKRS codes; () = all
    kinds: tuple[Kind, ...] = ()  # as they were then, where a stratum goes by kind
    picks: tuple[Pick, ...] = ()
    short: tuple[Shortage, ...] = ()  # strata that had too few


class RoundState(Value):
    """A round as it stands."""

    round: ReviewRound
    drawn_at: datetime
    drawn_by: str
    closed_at: datetime | None = None


class PeerReview(Value):
    """What a reviewer says of one report; never edited, a later one of the same reviewer supersedes it."""

    id: str
    round: str
    number: int  # of the pick
    exam: ExamKey
    version: int
    reviewer: str
    score: int
    significance: Significance
    note: str = ""
    supersedes: str = ""  # id of the review whose place it takes


class GivenReview(Value):
    """A review as it stands."""

    review: PeerReview
    at: datetime
    superseded: bool = False


class ReviewView(Value):
    """Which pictures of a study a reviewer may see for a review; `series` None = all that stands in it."""

    study: str  # Study Instance UID
    series: tuple[str, ...] | None = None
