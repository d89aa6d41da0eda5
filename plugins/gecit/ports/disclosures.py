"""What is opened to somebody outside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ..core.accounts import Account
from ..core.disclosures import Disclosure


class DisclosuresKept(Protocol):
    """The part of a transaction that keeps disclosures."""

    def disclosure(self, disclosure_id: str) -> Disclosure | None:
        """Return a disclosure as it stands, an ended one too."""
        ...

    def disclosures_to(self, account: Account, now: datetime) -> list[Disclosure]:
        """Return all that stands for an account at an instant, what ends last first."""
        ...

    def disclosures_of(self, patient: str) -> list[Disclosure]:
        """Return all disclosures of a patient (TCKN), ended ones too, the newest first."""
        ...

    def disclosures_for(self, references: Iterable[str]) -> list[Disclosure]:
        """Return all disclosures that belong to consultations, consents ... (their ids), by id."""
        ...

    def record_disclosure(self, disclosure: Disclosure, at: datetime, by: str = "") -> None:
        """Add a disclosure, or record how it stands now."""
        ...
