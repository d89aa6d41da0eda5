"""Signs of life, and what is worth an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from ..core.values import Value
from .ledger import Incident, Transaction
from .nodes import Node

T = TypeVar("T")


COMPUTER = "computer"
"""The detail of a sign of life that names the machine, as its operating system does."""


class Beat(Value):
    """A sign of life of one process; `home` is that of its data folder, since the two of a pair have one name."""

    node: str
    process: str  # orthanc | web | listen | work
    pid: int
    at: datetime
    detail: dict[str, str | int | float] = msgspec.field(default_factory=dict)
    home: str = ""


class Vitals(Protocol):
    """What is known of the installation's own health."""

    def beat(self, beat: Beat) -> None:
        """Record a sign of life; the last one of each node, data folder and process is kept.

        One of another folder of that node is dropped after a month: nobody comes back from there.
        """
        ...

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many: exams by outcome (`exam.hold` ...), outbox by state (`outbox.parked` ...), messages."""
        ...


class Backlog(Value):
    """What waits for one destination."""

    destination: str
    state: str  # queued | leased | unknown | parked
    count: int
    oldest: datetime


class Conditions(Protocol):
    """What is asked of the ledger to say whether the installation is well, cheap however large it is."""

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        ...

    def nodes(self) -> list[Node]:
        """Return the nodes that share the ledger, by name."""
        ...

    def backlog(self) -> list[Backlog]:
        """Return what is not done, by destination and state."""
        ...

    def last_messages(self) -> dict[str, datetime]:
        """Return when each institution (SKRS code) last sent an HL7 message; one that never did is left out."""
        ...

    def incidents(self, limit: int) -> list[Incident]:
        """Return incidents, open ones first, then the newest."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        ...
