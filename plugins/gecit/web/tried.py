"""What is about to be done, tried first: a refusal is told before the audit says that it is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from gecit.ports import Ledger, Transaction


class _TakenBackError(Exception):
    """Nothing of a trial stays."""


def tried(ledger: Ledger, work: Callable[[Transaction], object]) -> None:
    """Do `work` and take it back; raises what it raises.

    Whatever changes something is audited before it is done. What is refused would stand there as done as well, and a
    patient who reads who looked would be told of a signature that nobody gave.
    """

    def once(tx: Transaction) -> None:
        work(tx)
        raise _TakenBackError

    with suppress(_TakenBackError):
        ledger.write(once)
