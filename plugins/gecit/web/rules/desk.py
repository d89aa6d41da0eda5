"""What the pages of the rules are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gecit.core.rulebook import Rulebook
from gecit.core.values import Text
from gecit.core.whatif import Progress, RunRequest
from gecit.edges.rule_activation import BooksInForce
from gecit.edges.rule_cases import Case
from gecit.edges.rule_drafts import DraftFolder
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.replay import Change


class Runs(Protocol):
    """What-if runs, each in a process of its own."""

    def start(self, book: Rulebook, title: Text, by: str, draft: str = "") -> str:
        """Start one and return its id; raises `RunningError` where one goes on."""
        ...

    def ids(self) -> list[str]:
        """Return the runs, the newest first."""
        ...

    def request(self, run: str) -> RunRequest | None:
        """Return what a run was asked."""
        ...

    def progress(self, run: str) -> Progress:
        """Return how far it is."""
        ...

    def changes(self, run: str) -> Iterator[Change]:
        """Yield the exams that would change."""
        ...

    def stop(self, run: str) -> None:
        """End it."""
        ...

    def close(self) -> None:
        """End all."""
        ...


class RuleDesk:
    """The rulebook in force, the ledger that counts, the drafts, the runs, the examples."""

    def __init__(
        self,
        ledger: SqlLedger,
        drafts: DraftFolder,
        runs: Runs,
        clock: Clock,
        cases: tuple[Case, ...] = (),
    ) -> None:
        self.ledger, self.drafts, self.runs, self.clock, self.cases = ledger, drafts, runs, clock, cases
        self._in_force = BooksInForce(ledger)

    def book(self) -> Rulebook:
        """Return the rulebook in force; an empty one before the first."""
        return self._in_force() or Rulebook.of(())
