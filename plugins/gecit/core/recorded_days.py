"""Recorded exams -> what a simulation reads again: work with how long it takes, and who was there when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from .balance import Work
from .exam import Exam
from .exam_kinds import Kind, kind_of
from .reading_list import urgency_of
from .simulation import Shift
from .turnaround import TARGETS, Turn, turn_of
from .values import Value, local

USUAL_MINUTES = 10.0
"""How long an exam is reckoned to take where nothing is recorded of its modality."""
SHORTEST, LONGEST = 2.0, 60.0
"""Minutes between two signatures that tell how long reading took: less is a stack signed at once, more a pause."""


class RecordedDays(Value):
    """What a simulation reads again."""

    works: tuple[Work, ...]
    shifts: tuple[Shift, ...]
    minutes: dict[str, float]  # by modality, how long an exam is reckoned to take


def recorded_days(exams: Iterable[Exam], kinds: Sequence[Kind], may_share: Mapping[str, Sequence[str]]) -> RecordedDays:
    """Return the work and the shifts of recorded exams; those without pictures or a final report are left out.

    `may_share`: SKRS code -> the institutions that its radiologists could report for, itself left out. A shift is a
    day's stretch from a reader's first signature, less the time it took, to the last one.
    """
    turned = [(one, turn) for one in exams if (turn := turn_of(one)) and turn.reader]
    turns = [turn for _, turn in turned]
    minutes = _minutes(turns)
    works = [_work(exam, turn, minutes, kinds) for exam, turn in turned]
    return RecordedDays(works=tuple(works), shifts=tuple(_shifts(turns, minutes, may_share)), minutes=minutes)


def _work(exam: Exam, turn: Turn, minutes: Mapping[str, float], kinds: Sequence[Kind]) -> Work:
    urgency = urgency_of(exam.order)
    return Work(
        key=exam.key,
        urgency=urgency,
        waits_from=turn.arrived_at,
        minutes=minutes.get(turn.modality, USUAL_MINUTES),
        target=TARGETS[urgency],
        modality=turn.modality,
        subspecialty=kind_of(kinds, turn.modality, exam.order.procedures if exam.order else ()).subspecialty,
    )


def _minutes(turns: Sequence[Turn]) -> dict[str, float]:
    """Return by modality the median of what lies between a reader's consecutive signatures."""
    gaps: dict[str, list[float]] = defaultdict(list)
    for signed in _by_reader(turns).values():
        for before, one in pairwise(signed):
            gap = (one.reported_at - before.reported_at).total_seconds() / 60
            if SHORTEST <= gap <= LONGEST:
                gaps[one.modality].append(gap)
    return {modality: median(some) for modality, some in sorted(gaps.items())}


def _by_reader(turns: Sequence[Turn]) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = defaultdict(list)
    for one in sorted(turns, key=lambda one: (one.reported_at, one.institution)):
        found[one.reader].append(one)
    return dict(sorted(found.items()))


def _shifts(
    turns: Sequence[Turn], minutes: Mapping[str, float], may_share: Mapping[str, Sequence[str]]
) -> Iterable[Shift]:
    """Readers are numbered: a simulation tells nobody's number."""
    for number, signed in enumerate(_by_reader(turns).values(), 1):
        own = min(Counter(one.institution for one in signed).items(), key=lambda pair: (-pair[1], pair[0]))[0]
        days: dict[date, list[Turn]] = defaultdict(list)
        for one in signed:
            days[local(one.reported_at).date()].append(one)
        for some in days.values():
            start, end = _stretch(some, minutes)
            institutions = (own, *sorted(set(may_share.get(own, ())) - {own}))
            yield Shift(reader=f"R{number:03}", institutions=institutions, start=start, end=end)


def _stretch(turns: Sequence[Turn], minutes: Mapping[str, float]) -> tuple[datetime, datetime]:
    first, last = turns[0], turns[-1]
    return first.reported_at - timedelta(minutes=minutes.get(first.modality, USUAL_MINUTES)), last.reported_at
