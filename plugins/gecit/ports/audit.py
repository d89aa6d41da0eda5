"""The audit: who writes it and who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from ..core.audit import AuditEntry
from ..core.audit_chain import AuditRow, Head
from ..core.values import Value


class Audit(Protocol):
    """The record of who did what with whose data; whoever cannot write it refuses what it was asked."""

    def record(self, entry: AuditEntry) -> None:
        """Record durably; raises `Unavailable`."""
        ...


class AuditSearch(Value):
    """Which rows of the audit are wanted; what is empty does not narrow. Anchors come only where `what` says so."""

    who: str = ""
    what: str = ""
    institution: str = ""
    accession: str = ""
    patient: str = ""  # the keyed digest
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None  # before
    limit: int = 100
    offset: int = 0


class AuditTrail(Protocol):
    """Where the audit's rows stand. Every method raises `Unavailable`."""

    def unanchored(self, but: str) -> list[Head]:
        """Return the heads that no anchor of another chain names yet, that of `but` left out."""
        ...

    def add_audit(self, rows: Sequence[AuditRow], named: Iterable[Head] = ()) -> None:
        """Add rows of one chain, the oldest first; `named`: the heads that an anchor among them names."""
        ...

    def audit_rows(self, search: AuditSearch) -> list[AuditRow]:
        """Return rows, the newest first."""
        ...

    def audit_count(self) -> int:
        """Return how many rows there are."""
        ...

    def audit_heads(self) -> list[Head]:
        """Return where each chain ends, as it was written down with its last row."""
        ...

    def audit_anchors(self) -> Iterable[AuditRow]:
        """Return every anchor."""
        ...

    def audit_by_chain(self) -> Iterable[AuditRow]:
        """Return every row, chain by chain, each in the order of its numbers."""
        ...
