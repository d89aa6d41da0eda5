"""Who has to go where the HL7 door is full: whoever takes most of it, so that no sender shuts out another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class Guest(Protocol):
    """A connection, as far as it takes room."""

    peer: str
    held: int  # bytes of what is not whole yet
    touched: float  # when it last sent anything, monotonic seconds

    @property
    def busy(self) -> bool:
        """Whether it waits for an answer: it has sent something whole, and hears of it."""
        ...


G = TypeVar("G", bound=Guest)


def longest_silent(guests: Iterable[G]) -> G | None:
    """Return which connection is closed for a new one: of the sender with most of them, the one silent for longest."""
    return _of_greediest(guests, lambda one: 1, lambda one: -one.touched)


def largest(guests: Iterable[G]) -> G | None:
    """Return which connection is closed where too much is unfinished: of the sender with most of it, the largest."""
    return _of_greediest(guests, lambda one: one.held, lambda one: one.held)


def _of_greediest(guests: Iterable[G], weight: Callable[[G], int], worth: Callable[[G], float]) -> G | None:
    leaving = [one for one in guests if not one.busy and weight(one)]
    taken: Counter[str] = Counter()
    for one in leaving:
        taken[one.peer] += weight(one)
    most = max(taken.values(), default=0)
    return max((one for one in leaving if taken[one.peer] == most), key=worth, default=None)
