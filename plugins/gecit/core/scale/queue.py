"""A queue that is served one after another, job by job; a server that is away keeps nobody's place but loses nothing.

Whoever sends to Geçit holds what was not acknowledged, so jobs of an outage wait at the sender and come in order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from ..values import Value

Job = tuple[float, float]
"""When it comes, and how long it is served: seconds of the day, seconds."""
Down = tuple[float, float]
"""From when until when nothing is served, seconds of the day."""


class Served(Value):
    """Jobs in the order in which they came, and when each was done. Ends lie after the day where it was too much."""

    came: tuple[float, ...]
    done: tuple[float, ...]

    def waiting(self, at: float) -> int:
        """Return how many have come by an instant and are not done."""
        return bisect_right(self.came, at) - bisect_right(self.done, at)

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Return where the jobs begin and end that came from `start` and before `end`."""
        return bisect_left(self.came, start), bisect_left(self.came, end)

    def finished(self, start: float, end: float) -> int:
        """Return how many were done after `start` and by `end`."""
        return bisect_right(self.done, end) - bisect_right(self.done, start)

    def most_waiting(self) -> int:
        """Return the longest that the queue ever was; it is longest when somebody comes."""
        longest = over = 0
        for n, at in enumerate(self.came):
            while over <= n and self.done[over] <= at:
                over += 1
            longest = max(longest, n + 1 - over)
        return longest

    def waits(self) -> list[float]:
        """Return how long each took from coming to being done, seconds, the shortest first."""
        return sorted(done - came for came, done in zip(self.came, self.done, strict=True))

    def caught_up(self, after: float) -> float:
        """Return when, from an instant on, nobody waits for the first time; the instant itself where nobody does."""
        first = bisect_right(self.came, after)
        if bisect_right(self.done, after) >= first:
            return after
        for n in range(first, len(self.came)):
            if self.came[n] >= self.done[n - 1]:
                return self.done[n - 1]
        return self.done[-1]


def serve(jobs: Sequence[Job], down: Sequence[Down] = ()) -> Served:
    """Serve jobs in the order in which they come, one at a time; what an outage interrupts goes on after it.

    Time in which the server stands still is cut out of the clock first, and put back into the ends.
    """
    ordered = sorted(jobs)
    cut = _Clock(down)
    came = [at for at, _ in ordered]
    free, done = 0.0, []
    for at, (_, seconds) in zip(map(cut.working, came) if down else came, ordered, strict=True):
        free = (at if at > free else free) + seconds
        done.append(free)
    ends = map(max, map(cut.wall, done), came) if down else done
    return Served(came=tuple(came), done=tuple(ends))


class _Clock:
    """A clock that stands while the server is down."""

    def __init__(self, down: Sequence[Down]) -> None:
        apart = sorted(down)
        if any(end <= start for start, end in apart) or any(a[1] > b[0] for a, b in pairwise(apart)):
            raise ValueError("outages must have a length and not overlap")
        self._starts = [start for start, _ in apart]
        self._lost = [0.0, *accumulate(end - start for start, end in apart)]
        self._stands = [start - lost for start, lost in zip(self._starts, self._lost, strict=False)]
        self._ends = [end for _, end in apart]

    def working(self, at: float) -> float:
        """Return how long the server had worked by an instant."""
        n = bisect_right(self._starts, at)
        if n and at < self._ends[n - 1]:
            return self._stands[n - 1]
        return at - self._lost[n]

    def wall(self, worked: float) -> float:
        """Return the instant by which the server has worked so long."""
        return worked + self._lost[bisect_left(self._stands, worked)]
