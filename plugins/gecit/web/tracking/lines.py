"""The lines of the list, each with a mark by which a page that stands open learns whether it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.values import Value, to_json

from ..shown import ShownExam, show_exam

NAME_DIGITS, MARK_DIGITS = 8, 6


class Line(Value):
    """A line; `name` is its id on the page, `mark` changes with what it says."""

    exam: ShownExam
    name: str
    mark: str
    parked: bool
    tckn: str = ""  # whose exam it is, for what its links ask; never shown

    @property
    def seen(self) -> str:
        """What the page sends back of it."""
        return self.name + self.mark


def lines_of(exams: Sequence[Exam], parked: set[ExamKey]) -> list[Line]:
    """Return the lines of a page."""
    return [_line(one, parked=one.key in parked) for one in exams]


def _line(exam: Exam, *, parked: bool) -> Line:
    shown = show_exam(exam)
    key = f"{exam.key.institution}\0{exam.key.accession}"
    return Line(
        exam=shown,
        name=_digest(key.encode(), NAME_DIGITS),
        mark=_digest(to_json(shown) + bytes([parked]), MARK_DIGITS),
        parked=parked,
        tckn=exam.patient.tckn,
    )


def _digest(content: bytes, digits: int) -> str:
    return hashlib.blake2s(content).hexdigest()[:digits]


def seen_of(lines: Iterable[Line]) -> str:
    """Return what a page has seen, for its next question."""
    return "".join(one.seen for one in lines)


def changed_since(lines: Sequence[Line], seen: str) -> list[Line] | None:
    """Return the lines that changed; None where others stand there or in another order, and all are to be drawn."""
    width = NAME_DIGITS + MARK_DIGITS
    before = [seen[start : start + width] for start in range(0, len(seen), width)]
    if [one.name for one in lines] != [one[:NAME_DIGITS] for one in before]:
        return None
    return [one for one, old in zip(lines, before, strict=True) if one.seen != old]
