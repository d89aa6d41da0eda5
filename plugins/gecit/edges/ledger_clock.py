"""The clock that nodes of one ledger share: the computer's own, put right by the database's where the two differ.

Leases, signs of life and what is due are compared between computers, and no two of their clocks need agree.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..ports import Clock, Unavailable
from .system_clock import SystemClock

TOLERANCE = timedelta(milliseconds=250)
"""Less is what asking takes, or what NTP mends by itself: time is then the computer's, which runs evenly."""


class LedgerClock:
    """Implements `ports.Clock`. `database_time` is asked by `measure` alone, so telling the time waits for nothing."""

    def __init__(self, database_time: Callable[[], datetime], own: Clock | None = None) -> None:
        self._database_time, self._own = database_time, own or SystemClock()
        self._behind = timedelta(0)

    @property
    def behind(self) -> timedelta:
        """By how much the computer's clock was behind the database's when it was measured last."""
        return self._behind

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self._own.now() + self._behind

    def measure(self) -> timedelta:
        """Ask the database; return by how much the computer's clock is behind it. Where it is away nothing changes."""
        before = self._own.now()
        try:
            told = self._database_time()
        except Unavailable:
            return self._behind
        after = self._own.now()
        took, behind = after - before, told - (before + (after - before) / 2)
        if took <= 2 * TOLERANCE or abs(behind - self._behind) > took:  # a slower answer is not exact, but no hour off
            self._behind = behind if abs(behind) > TOLERANCE else timedelta(0)
        return self._behind
