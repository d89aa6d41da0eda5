"""Gives back what version 4.0 of Orthanc's Python plugin keeps of each call (Debian 12; mended in 4.1, 2023).

It puts each value of a callback's keywords into a dictionary, which takes a reference of its own, and never gives back
its first: method, address, headers and query of every HTTP request stay in memory, 0.6 KB of them (`bench calls`).

Whether the plugin at hand does so is seen, not asked: when a call is long over nobody but this module should refer to
what it brought. Only where hundreds of calls in a row have one reference too many of each value is it given back, and
one value without it ends that for good: one reference given back too often would end Orthanc.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any

REST_SECONDS = 3.0  # after a call; whoever made it has gone on
SURE = 500  # calls that have to show it, one after the other
MOST = 20_000  # calls that are remembered: at more than 6,000 a second some keep what they keep

Values = Mapping[Any, Any]


def _count(values: Values, name: object) -> int:
    """Return the references to a value of a dictionary; one more than there are, for the question itself."""
    return sys.getrefcount(values[name])


ALONE = _count({"": object()}, "")  # where nothing but the dictionary refers to it


class KeptReferences:
    """Remembers calls for a while, and gives back what the plugin kept of them."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        give_back: Callable[[object], None] | None = None,
        sure: int = SURE,
    ) -> None:
        self._clock, self._give_back, self._sure = clock, give_back or _one_reference_less, sure
        self._calls: deque[tuple[float, Values]] = deque(maxlen=MOST)
        self._lock = Lock()
        self._seen = 0
        self.keeps: bool | None = None
        """Whether the plugin keeps something; None: not known yet."""

    def watched(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        """Return a callback to register in the place of another; it does the same."""

        def called(*arguments: Any, **values: Any) -> Any:
            if self.keeps is not False:
                self._calls.append((self._clock(), values))
                self._look_back()
            return callback(*arguments, **values)

        return called

    def _look_back(self) -> None:
        if not self._lock.acquire(blocking=False):  # another call does it
            return
        try:
            over = self._clock() - REST_SECONDS
            while self._calls and self._calls[0][0] < over and self.keeps is not False:
                self._judge(self._calls.popleft()[1])
            if self.keeps is False:
                self._calls.clear()
        finally:
            self._lock.release()

    def _judge(self, values: Values) -> None:
        counts = [_count(some, name) - ALONE for some, name in _all(values)]
        if 0 in counts:
            self.keeps = False  # for good
        elif 1 in counts:
            self._seen += 1
            self.keeps = self._seen >= self._sure or None
            if self.keeps:
                self._release(values)

    def _release(self, values: Values) -> None:
        for some, name in _all(values):
            if _count(some, name) == ALONE + 1:  # more: somebody of ours keeps it too, or Python does (one letter)
                self._give_back(some[name])


def _all(values: Values) -> Iterator[tuple[Values, object]]:
    """Yield where each value stands that the plugin made: those of dictionaries in it first."""
    for name in values:
        if isinstance(values[name], dict):
            yield from ((values[name], inner) for inner in values[name])
        if not isinstance(values[name], int):  # small numbers are Python's own, and the plugin takes no memory for them
            yield values, name


_one_reference_less = ctypes.pythonapi.Py_DecRef
_one_reference_less.argtypes = [ctypes.py_object]
_one_reference_less.restype = None
