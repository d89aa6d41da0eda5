"""What a process judges by: the revision in force in the ledger and the code lists, looked up again every second."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from ..core.checks import Context
from ..core.faults import described
from ..core.identifiers import IdentifierPolicy
from ..core.rulebook import Rulebook
from ..core.values import to_json
from ..edges import codes
from ..edges.rules_files import read_folder
from ..ports import Clock, Snapshot
from ..settings import Settings
from ..steps.receive_message import Judging
from .quality import quality_of

log = logging.getLogger("gecit.rules")

EVERY = timedelta(seconds=1)


class Revisions(Protocol):
    """The part of the ledger that keeps what judging rests on."""

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force."""
        ...

    def active_revision(self) -> str:
        """Return the revision in force."""
        ...

    def activate_rulebook(self, revision: str, content: bytes, at: datetime, note: str = "", by: str = "") -> bool:
        """Publish a revision."""
        ...

    def record_context(self, revision: str, content: bytes, at: datetime) -> bool:
        """Record the site's choices and code lists where they differ from the last ones."""
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
        self._lists_known = ""
        self._quality = quality_of(settings)

    def judging(self) -> Judging:
        """Return what to judge by now; raises `NoRulebookError`. It may write, so never ask inside a transaction."""
        with self._lock:
            now = self._clock.now()
            if self._judging is None or self._asked_at is None or now - self._asked_at >= EVERY:
                self._refresh(now)
                self._asked_at = now
            if self._judging is None:
                raise NoRulebookError("activate a rulebook first: gecit rules activate")
            return self._judging

    def _refresh(self, now: datetime) -> None:
        known, lists = self._judging, self._lists()
        if known and (self._ledger.active_revision(), lists) == (known.rulebook.revision, self._lists_known):
            if self._quality() is not known.quality:
                self._judging = msgspec.structs.replace(known, quality=self._quality())
            return
        active = self._ledger.active_rulebook()
        if active:
            snapshot = snapshot_of(context_of(self._settings), now)
            if self._ledger.record_context(snapshot.revision, snapshot.content, now):
                log.info("the site's choices and code lists are recorded as %s", snapshot.revision[:12])
            self._lists_known = lists
            self._judging = Judging(
                rulebook=Rulebook.from_json(active[1]),
                context=context_from(snapshot),
                group_minutes=int(self._settings.acquisition_group_minutes),
                quality=self._quality(),
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
            return self._lists_known


def context_of(settings: Settings) -> Context:
    """Return the site's choices and code lists as judging needs them; `codes` is the revision of the lists alone."""
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


def judging_name(settings: Settings) -> str:
    """Return what tells apart the settings that judging rests on (12 hex digits); nodes of a ledger have them alike."""
    chosen = (settings.identifiers, settings.pending_recheck_hours, settings.acquisition_group_minutes)
    return hashlib.sha256(to_json(chosen)).hexdigest()[:12]


def snapshot_of(context: Context, now: datetime) -> Snapshot:
    """Return the context as the ledger keeps it, named by the SHA-256 of its content."""
    content = to_json(context)
    return Snapshot(revision=hashlib.sha256(content).hexdigest(), recorded_at=now, content=content)


def context_from(snapshot: Snapshot) -> Context:
    """Return the context of a snapshot; its verdicts name the snapshot, so that they can be reproduced."""
    stored = msgspec.json.decode(snapshot.content, type=Context)
    return msgspec.structs.replace(stored, codes=snapshot.revision)
