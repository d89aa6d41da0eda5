"""A circuit breaker: a destination that keeps failing is left alone for a while, then asked with one delivery."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from enum import StrEnum


class Circuit(StrEnum):
    """Life: closed -> open [failures in a row] -> half-open [time is up] -> closed [probe succeeds] | open again."""

    CLOSED = "closed"  # everything passes
    OPEN = "open"  # nothing passes
    HALF_OPEN = "half-open"  # one probe at a time passes


class Breaker:
    """One destination's breaker; `failures` in a row open it, after `rest` it lets one probe through. Thread-safe."""

    def __init__(self, failures: int = 5, rest: timedelta = timedelta(seconds=30)) -> None:
        self._threshold = failures
        self._rest = rest
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: datetime | None = None

    def state(self, now: datetime) -> Circuit:
        """Say how the circuit stands at `now`."""
        with self._lock:
            if self._opened_at is None:
                return Circuit.CLOSED
            return Circuit.HALF_OPEN if now >= self._opened_at + self._rest else Circuit.OPEN

    def succeeded(self) -> None:
        """The other side answered, be it with a refusal: it is there."""
        with self._lock:
            self._failed, self._opened_at = 0, None

    def failed(self, now: datetime) -> None:
        """The other side did not answer, or could not."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._threshold:
                self._opened_at = now
