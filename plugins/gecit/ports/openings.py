"""Openings without the patient's consent, as the ledger keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ..core.openings import CareOpening


class OpeningsKept(Protocol):
    """The part of a transaction that keeps openings."""

    def openings(self, *, institution: str = "", patient: str = "", waiting: bool = False) -> list[CareOpening]:
        """Return openings, the newest first: of an institution's physicians, of a patient, or that wait for review."""
        ...

    def opening(self, number: str) -> CareOpening | None:
        """Return one opening; locked until commit."""
        ...

    def record_opening(self, opening: CareOpening, at: datetime, by: str) -> None:
        """Add an opening, or record how it stands now."""
        ...
