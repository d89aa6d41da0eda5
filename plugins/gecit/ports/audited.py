"""A change and its row of the audit as one: both are there, or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from ..core.audit import AuditEntry
from ..core.audit_chain import AuditRow
from . import Audit, Ledger, Transaction

T = TypeVar("T")


class AuditedLedger(Ledger, Protocol):
    """The ledger where the audit's rows stand as well."""

    def write_audited(self, work: Callable[[Transaction], T], rows: Sequence[AuditRow]) -> T:
        """Run `work` in one transaction that adds rows of a chain too, the oldest first; raises `Unavailable`."""
        ...


class AuditedChanges(Audit, Protocol):
    """An audit that carries changes out."""

    def carry_out(self, entry: AuditEntry, ledger: AuditedLedger, work: Callable[[Transaction], T]) -> T:
        """Do what the entry says, and record it, in one transaction: what `work` refuses leaves neither.

        Raises what `work` raises, and `Unavailable` where either cannot be written. `work` tells no audit itself.
        """
        ...
