"""A ledger that may have been put back from a backup."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.events import Event, LedgerRestored
from ..core.order import ExamKey


class SinceRestore(Protocol):
    """What a transaction says of a restore."""

    def since_restore(self, exam: ExamKey) -> tuple[datetime, list[Event]] | None:
        """Return when the ledger was last put back from a backup, and the exam's events since; None = it never was."""
        ...


class Restorable(Protocol):
    """What a restore leaves in the ledger, and who asks for it."""

    def restored_at(self) -> datetime | None:
        """Return when the ledger was last put back from a backup; None = never."""
        ...

    def mark_restored(self, happened: LedgerRestored) -> dict[str, int]:
        """Record it, put all deliveries in doubt and end all sessions; return how many rows may be outdated."""
        ...
