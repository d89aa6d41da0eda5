"""The time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only way to learn the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...
