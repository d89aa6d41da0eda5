"""The rulebook in force and the site's choices, read once for each revision: for names, sources and what-if."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gecit.core.checks import Context
from gecit.core.judge import Compiled
from gecit.core.rulebook import Edition, Rule, Rulebook
from gecit.edges.store import SqlLedger
from gecit.ports import Clock


class Rulebooks:
    """What the pages need of the rules."""

    def __init__(self, ledger: SqlLedger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._compiled: Compiled | None = None
        self._named: dict[str, Rulebook | None] = {}
        self._context = ""

    def compiled(self) -> Compiled | None:
        """Return the rulebook in force, ready to judge; None before the first activation."""
        revision = self._ledger.active_revision()
        context = self._ledger.context_at(self._clock.now())
        known = context.revision if context else ""
        if self._compiled is None or (self._compiled.rulebook.revision, self._context) != (revision, known):
            book = self.named(revision)
            if book is None:
                return None
            choices = msgspec.json.decode(context.content, type=Context) if context else Context()
            self._compiled = Compiled(book, msgspec.structs.replace(choices, codes=known))
            self._context = known
        return self._compiled

    def in_force(self) -> Rulebook | None:
        """Return the rulebook in force."""
        return self.named(self._ledger.active_revision())

    def named(self, revision: str) -> Rulebook | None:
        """Return a revision that was in force once."""
        if revision not in self._named:
            snapshot = self._ledger.rulebook_named(revision) if revision else None
            self._named[revision] = Rulebook.from_json(snapshot.content) if snapshot else None
        return self._named[revision]


def rule_of(book: Rulebook | None, name: str) -> Rule | None:
    """Return a rule by its id."""
    return next((one for one in book.rules if one.id == name), None) if book else None


def edition_of(rule: Rule | None, start: datetime | None) -> Edition | None:
    """Return the edition that a finding names by its start."""
    return next((one for one in rule.editions if one.start == start), None) if rule else None
