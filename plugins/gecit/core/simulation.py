"""A recorded day read again, by readers who take only their own institution's exams, or whoever balance chooses."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from .balance import Reader, Work, choose
from .order import ExamKey
from .values import Value


class Shift(Value):
    """A stretch of time in which a reader reads."""

    reader: str
    institutions: tuple[str, ...]  # that he may report for, the own one first
    start: datetime
    end: datetime


class Read(Value):
    """One exam of a simulation: who read it and how long it waited; `reader` empty = nobody until the end."""

    work: Work
    reader: str = ""
    done_at: datetime | None = None

    def waited(self, until: datetime) -> timedelta:
        """Return how long it waited to be read, or has waited until the end."""
        return max((self.done_at or until) - self.work.waits_from, timedelta(0))


def simulate(works: Sequence[Work], shifts: Sequence[Shift], *, shared: bool) -> tuple[Read, ...]:
    """Read all that is recorded; without `shared` each reader takes the exams of the first of his institutions alone.

    At each moment the most urgent exam that waits longest goes to the reader whom `choose` names among the free ones.
    The same input always gives the same output.
    """
    moments = [one.waits_from for one in works] + [one.start for one in shifts]
    heapify(moments)
    waiting: list[Work] = []
    coming = sorted(works, key=lambda one: (one.waits_from, one.key), reverse=True)
    busy: dict[str, datetime] = {}
    done: list[Read] = []
    while moments:
        now = heappop(moments)
        while coming and coming[-1].waits_from <= now:
            insort(waiting, coming.pop(), key=_place)
        for read in _read_now(waiting, _free(shifts, busy, now, shared), now):
            assert read.done_at is not None  # noqa: S101 -- for the type checker: whoever reads it is done with it
            busy[read.reader] = read.done_at
            heappush(moments, read.done_at)
            done.append(read)
    return (*done, *(Read(work=one) for one in waiting))


def _place(work: Work) -> tuple[int, datetime, ExamKey]:
    return work.urgency, work.waits_from, work.key


def _read_now(waiting: list[Work], free: list[Reader], now: datetime) -> list[Read]:
    """Take out of what waits, in its order, what a free reader can read; each reads one."""
    found: list[Read] = []
    place = 0
    while free and place < len(waiting):
        work = waiting[place]
        read = _read(work, free, now)
        if read is None:
            place += 1
            continue
        del waiting[place]
        free = [one for one in free if one.name != read.reader]
        found.append(read)
    return found


def _free(shifts: Sequence[Shift], busy: Mapping[str, datetime], now: datetime, shared: bool) -> list[Reader]:
    here = (one for one in shifts if one.start <= now < one.end and busy.get(one.reader, now) <= now)
    return [Reader(name=one.reader, institutions=one.institutions if shared else one.institutions[:1]) for one in here]


def _read(work: Work, free: Sequence[Reader], now: datetime) -> Read | None:
    mine = [one for one in free if work.key.institution in one.institutions]
    found = choose(work, mine, now) if mine else None
    if found is None:
        return None
    minutes = found.candidates[0].done_in
    return Read(work=work, reader=found.reader, done_at=now + timedelta(minutes=minutes))
