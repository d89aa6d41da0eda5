"""Drafts that their author did not sign: whose exam is still his, whose he can take again, and which are orphaned."""

from __future__ import annotations

from enum import StrEnum

from .draft import Draft
from .exam import Exam, reading_of
from .reading import AT_WORK, OPEN
from .values import Text, Value


class Left(StrEnum):
    """How a draft stands to its exam."""

    HIS = "his"  # its author has the exam
    FREE = "free"  # he can take it again
    REPORTED = "reported"  # orphaned: somebody else signed, or the hospital sent a final report
    ELSEWHERE = "elsewhere"  # orphaned: somebody else has it
    NO_RIGHT = "no right"  # orphaned: he may report for the institution no more
    GONE = "gone"  # orphaned: the order was cancelled


ORPHANED = frozenset({Left.REPORTED, Left.ELSEWHERE, Left.NO_RIGHT, Left.GONE})

LEFT_WORDS: dict[Left, Text] = {
    Left.HIS: Text(tr="tetkik sizde", en="you have the exam"),
    Left.FREE: Text(tr="tetkik listede; alınca sürdürürsünüz", en="the exam is on the list; take it to go on"),
    Left.REPORTED: Text(tr="tetkik bu arada raporlandı", en="the exam was reported meanwhile"),
    Left.ELSEWHERE: Text(tr="tetkiki şimdi başka bir hekim okuyor", en="somebody else is reading the exam now"),
    Left.NO_RIGHT: Text(
        tr="bu kurum için rapor yazma yetkiniz artık yok", en="you may not report for this institution any more"
    ),
    Left.GONE: Text(tr="istem iptal edildi", en="the order was cancelled"),
}


class LeftDraft(Value):
    """A draft and how it stands."""

    draft: Draft
    left: Left


def left_of(draft: Draft, exam: Exam | None, *, may_report: bool) -> Left:
    """Say how a draft stands; what is still its author's is never anything else, whatever his rights."""
    if exam is None:
        return Left.GONE
    reading = reading_of(exam)
    if reading.state in AT_WORK and reading.reader == draft.author:
        return Left.HIS
    if not may_report:
        return Left.NO_RIGHT
    if exam.cancelled:
        return Left.GONE
    if reading.state in OPEN:
        return Left.FREE
    return Left.ELSEWHERE if reading.state in AT_WORK else Left.REPORTED
