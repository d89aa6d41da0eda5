"""Hints and ratings of an exam as pages and JSON show them: with their words, without a patient's name or number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from gecit.core.events import Event, ExamRated
from gecit.core.exam import Exam
from gecit.core.hints import CODES, MENDERS, HintWords
from gecit.core.quality import Hint, Rating, RatingSource, Reasons
from gecit.core.ratings import ratings_of
from gecit.core.report import RatingKind
from gecit.core.values import Text, Value

from .masking import mask


class ShownHint(Value):
    """Something that a person should look at."""

    code: str
    title: Text
    fix: Text
    who: Text
    where: str
    expected: str = ""
    found: str = ""
    source: str = ""
    series: str = ""


class ShownReason(Value):
    """A reason of a rating."""

    code: str
    title: Text


class ShownRating(Value):
    """What one rater says; an account's name, or the SKRS code of the institution whose HBYS sent the report."""

    kind: RatingKind
    score: int
    low: bool
    rater: str
    source: RatingSource
    at: datetime
    reasons: tuple[ShownReason, ...] = ()
    note: str = ""
    version: int = 0


class QualityOfExam(Value):
    """An exam's hints and ratings in force."""

    institution: str
    accession: str
    hints: tuple[ShownHint, ...] = ()
    ratings: tuple[ShownRating, ...] = ()
    data: str = ""  # revision of the data that the hints were found by


def show_quality(exam: Exam, reasons: Reasons) -> QualityOfExam:
    """Return what is shown of an exam."""
    return QualityOfExam(
        institution=exam.key.institution,
        accession=exam.key.accession,
        hints=show_hints(exam.hints),
        ratings=show_ratings(ratings_of(exam), reasons),
        data=exam.hints_by,
    )


def show_hints(hints: Iterable[Hint]) -> tuple[ShownHint, ...]:
    """Return hints with their words; a code of another version of the programme is its own words."""
    return tuple(_hint(one) for one in hints)


def _hint(one: Hint) -> ShownHint:
    bare = Text(tr=one.code, en=one.code)
    words = CODES.get(one.code, HintWords(title=bare, fix=bare))
    return ShownHint(
        code=one.code,
        title=words.title,
        fix=words.fix,
        who=MENDERS[one.mender],
        where=one.where,
        expected=one.expected,
        found=one.found,
        source=one.source,
        series=one.series,
    )


def show_ratings(ratings: Iterable[Rating], reasons: Reasons) -> tuple[ShownRating, ...]:
    """Return ratings with the words of their reasons."""
    return tuple(
        ShownRating(
            kind=one.kind,
            score=one.score,
            low=one.low,
            rater=mask(one.rater),
            source=one.source,
            at=one.at,
            reasons=tuple(ShownReason(code=code, title=reasons.title(code)) for code in one.reasons),
            note=mask(one.note),
            version=one.version,
        )
        for one in ratings
    )


def superseded(events: Sequence[Event], exam: Exam) -> tuple[Rating, ...]:
    """Return the assessors' ratings that later ones took the place of, the newest first."""
    given = [one.rating for one in events if isinstance(one, ExamRated)]
    return tuple(one for one in reversed(given) if one not in exam.rated)
