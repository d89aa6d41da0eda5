"""The outbox as the page of integration shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from ..core.values import Value
from .ledger import Delivery, Transaction
from .vitals import Conditions

T = TypeVar("T")


class OutboxSearch(Value):
    """Which deliveries are wanted, newest first; what is empty does not narrow."""

    institution: str = ""  # SKRS code
    accession: str = ""
    state: str = ""
    destination: str = ""
    before: int = 0  # numbers below; 0 = from the newest
    limit: int = 100


class Integration(Conditions, Protocol):
    """What the JSON interface asks of the ledger beside exams."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction."""
        ...

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force."""
        ...

    def search_outbox(self, search: OutboxSearch) -> list[Delivery]:
        """Return deliveries, newest first."""
        ...

    def delivery(self, number: int) -> Delivery | None:
        """Return one delivery."""
        ...

    def retry_delivery(self, number: int, now: datetime) -> bool:
        """Put a parked delivery back into the queue; False where it is not parked."""
        ...
