"""A recorded day read again, by readers who take only their own institution's exams, or whoever balance chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from .balance import Reader, Work, choose
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
            waiting.append(coming.pop())
        waiting.sort(key=lambda one: (one.urgency, one.waits_from, one.key))
        left: list[Work] = []
        for work in waiting:
            read = _read(work, _free(shifts, busy, now, shared), now)
            if read is None or read.done_at is None:
                left.append(work)
                continue
            busy[read.reader] = read.done_at
            heappush(moments, read.done_at)
            done.append(read)
        waiting = left
    return (*done, *(Read(work=one) for one in waiting))


def _free(shifts: Sequence[Shift], busy: Mapping[str, datetime], now: datetime, shared: bool) -> list[Reader]:
    here = (one for one in shifts if one.start <= now < one.end and busy.get(one.reader, now) <= now)
    return [Reader(name=one.reader, institutions=one.institutions if shared else one.institutions[:1]) for one in here]


def _read(work: Work, free: Sequence[Reader], now: datetime) -> Read | None:
    found = choose(work, free, now) if free else None
    if found is None:
        return None
    minutes = found.candidates[0].done_in
    return Read(work=work, reader=found.reader, done_at=now + timedelta(minutes=minutes))
