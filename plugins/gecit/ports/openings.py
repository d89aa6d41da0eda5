"""Openings without the patient's consent, as the ledger keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ..core.accounts import Account
from ..core.encounters import Encounter
from ..core.openings import CareOpening


class OpeningsKept(Protocol):
    """The part of a transaction that keeps openings."""

    def openings(
        self,
        *,
        institution: str = "",
        patient: str = "",
        waiting: bool = False,
        stated: bool | None = None,
        limit: int | None = None,
    ) -> list[CareOpening]:
        """Return openings, the newest first: of an institution's physicians, of a patient, or that wait for review.

        `stated`: only those by a stated reason, or only care relations; `limit`: no more of them than that.
        """
        ...

    def opening(self, number: str) -> CareOpening | None:
        """Return one opening; locked until commit."""
        ...

    def openings_by(self, numbers: Iterable[str]) -> dict[str, CareOpening]:
        """Return openings by their ids; one that is not there is left out."""
        ...

    def record_opening(self, opening: CareOpening, at: datetime, by: str) -> None:
        """Add an opening, or record how it stands now."""
        ...

    def physician(self, tckn: str) -> Account | None:
        """Return the account with a TCKN, with ownership and province of its institution."""
        ...

    def encounter(self, institution: str, number: str) -> Encounter | None:
        """Return an encounter as it stands; nobody else changes it until commit."""
        ...

    def record_encounter(self, encounter: Encounter, at: datetime) -> None:
        """Add an encounter, or record how it stands now."""
        ...
