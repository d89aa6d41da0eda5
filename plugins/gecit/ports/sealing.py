"""What seals over the record ask of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ..core.event_seal import Row


class Record(Protocol):
    """Events and messages by their numbers. Every method raises `Unavailable`."""

    def newest(self, kind: str) -> int:
        """Return the number of the newest event or message; 0 = there is none."""
        ...

    def moment(self) -> datetime:
        """Return the ledger's own time, for `settled`."""
        ...

    def settled(self, moment: datetime) -> bool:
        """Whether every transaction has ended that was under way then: it may hold a number that nobody sees yet."""
        ...

    def record_rows(self, kind: str, after: int, last: int) -> Iterable[Row]:
        """Return events or messages after a number, up to `last`, in their order."""
        ...

    def seals(self, last: int = 0) -> list[dict[str, str]]:
        """Return what the audit holds of seals, the oldest first; `last`: only so many of the newest."""
        ...
