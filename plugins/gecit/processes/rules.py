"""What a process judges by: the revision in force in the ledger and the code lists, looked up again every second."""

from __future__ import annotations

import logging
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from ..core.checks import Context
from ..core.faults import described
from ..core.identifiers import IdentifierPolicy
from ..core.rulebook import Rulebook
from ..edges import codes
from ..edges.rules_files import read_folder
from ..ports import Clock
from ..settings import Settings
from ..steps.receive_message import Judging

log = logging.getLogger("gecit.rules")

EVERY = timedelta(seconds=1)


class Revisions(Protocol):
    """The part of the ledger that keeps rulebooks."""

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force."""
        ...

    def active_revision(self) -> str:
        """Return the revision in force."""
        ...

    def activate_rulebook(self, revision: str, content: bytes, at: datetime, note: str = "") -> bool:
        """Publish a revision."""
        ...


class NoRulebookError(Exception):
    """Nothing can be judged: no rulebook was ever activated."""


def publish(ledger: Revisions, shipped: Path, site: Path | None, now: datetime, note: str = "") -> tuple[str, bool]:
    """Read the rule files and make them the revision in force; returns it, and whether it is new."""
    book = read_folder(shipped, site)
    return book.revision, ledger.activate_rulebook(book.revision, book.to_json(), now, note)


class Rules:
    """Gives each judging the rulebook in force; a reload reaches every process within a second."""

    def __init__(self, ledger: Revisions, settings: Settings, clock: Clock) -> None:
        self._ledger, self._settings, self._clock = ledger, settings, clock
        self._lock = threading.Lock()
        self._asked_at: datetime | None = None
        self._judging: Judging | None = None

    def judging(self) -> Judging:
        """Return what to judge by now; raises `NoRulebookError`."""
        with self._lock:
            now = self._clock.now()
            if self._judging is None or self._asked_at is None or now - self._asked_at >= EVERY:
                self._refresh()
                self._asked_at = now
            if self._judging is None:
                raise NoRulebookError("activate a rulebook first: gecit rules activate")
            return self._judging

    def _refresh(self) -> None:
        known, lists = self._judging, self._lists()
        if known and (self._ledger.active_revision(), lists) == (known.rulebook.revision, known.context.codes):
            return
        active = self._ledger.active_rulebook()
        if active:
            self._judging = Judging(
                rulebook=Rulebook.from_json(active[1]),
                context=context_of(self._settings),
                group_minutes=int(self._settings.acquisition_group_minutes),
            )
            log.info("judging by rulebook %s, code lists %s", active[0][:12], lists[:12] or "-")

    def _lists(self) -> str:
        """Return the code lists' revision; lists that cannot be read now change nothing for who judges already."""
        try:
            return codes.revision(self._settings.codes)
        except sqlite3.Error as fault:
            if self._judging is None:
                raise
            log.error("the code lists cannot be read: %s", described(fault))
            return self._judging.context.codes


def context_of(settings: Settings) -> Context:
    """Return the site's choices as judging needs them."""
    chosen = settings.identifiers
    return Context(
        policy=IdentifierPolicy(
            foreign_checksum=chosen.foreign_checksum,
            accept_newborn=chosen.accept_newborn,
            accept_nameless=chosen.accept_nameless,
            nameless_numbers=chosen.nameless_numbers,
        ),
        loinc_codes=codes.keys(settings.codes, "loinc"),
        codes=codes.revision(settings.codes),
        recheck=timedelta(hours=settings.pending_recheck_hours),
    )
