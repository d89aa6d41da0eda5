"""Tells people that the ledger does not answer: in `work` and in `web`, who agree by a file of the run folder.

Whom to tell and how stands in the settings; nothing here needs the ledger, whose questions may hang for minutes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from ..core.values import to_json
from ..edges.exclusive import take
from ..edges.store import SqlLedger
from ..edges.store.fence import LedgerMovedError
from ..edges.system_clock import SystemClock
from ..ports import Clock, Unavailable
from ..settings import Settings
from ..steps.watch_ledger import Teller, Trouble
from .alerting import channels_of
from .loops import Loop
from .run_folder import write_private

log = logging.getLogger("gecit.ledger")

NOTE, LOCK = "ledger-lost.json", "ledger-lost.lock"
MOST_SECONDS = 10.0
"""Between two questions, and two looks at their answers."""
BLINK = timedelta(seconds=1)
"""An answer that is out for so long is not late yet."""


class LostLedger:
    """Asks in one loop and tells in another, since a question may hang where its answer would be waited for."""

    def __init__(self, settings: Settings, ask: Callable[[], object], clock: Clock | None = None) -> None:
        self._settings, self._ask, self._clock = settings, ask, clock or SystemClock()
        self._patience = timedelta(minutes=settings.alerts.ledger_minutes)
        channels = channels_of(settings, self._clock)
        self._teller = Teller(settings.name, channels, self._clock, self._patience, _not_told)
        self._on = bool(channels) and bool(self._patience)
        self._out_since: datetime | None = None  # the first question that was not answered, or is not yet
        self._answered = False
        self._blocked = False  # whether the note cannot be written
        self._kept: Trouble | None = None  # what would stand in it then

    def loops(self) -> list[Loop]:
        """Return both; none where nobody is to be told."""
        if not self._on:
            return []
        rest = min(MOST_SECONDS, self._patience.total_seconds() / 4)
        return [
            Loop(name="ask ledger", step=self.ask, rest=rest),
            Loop(name="tell of a lost ledger", step=self.tell, rest=rest),
        ]

    def ask(self) -> bool:
        """Ask the ledger anything."""
        self._out_since = self._out_since or self._clock.now()
        try:
            self._ask()
        except LedgerMovedError:  # it answers: this node is to be upgraded, and says so elsewhere
            pass
        except Unavailable:  # the other loops say so in the log
            return False
        self._out_since, self._answered = None, True
        return False

    def tell(self) -> bool:
        """Tell what is to be told now; nothing while the other process does."""
        since = self._out_since
        if since and self._clock.now() - since < BLINK:
            since = None
        if since or self._answered:
            self._settle_alone(since)
        return False

    def not_opened(self) -> None:
        """Tell likewise where the process cannot begin without it: it is started again and again."""
        if self._on:
            self._settle_alone(self._clock.now())

    def _settle_alone(self, since: datetime | None) -> None:
        """Settle it, unless another process is about to. A disk that takes no lock may be why the ledger is lost: then
        each tells, rather than nobody.
        """
        try:
            self._settings.run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            held = take(self._settings.run_folder / LOCK)
        except BlockingIOError:
            return
        except OSError:
            held = None
        try:
            self._settle(since)
        finally:
            if held is not None:
                os.close(held)

    def _settle(self, since: datetime | None) -> None:
        path = self._settings.run_folder / NOTE
        before = self._kept if self._blocked else _read(path)
        after = self._teller.step(before, since)
        try:
            if after is None:
                path.unlink(missing_ok=True)
            elif after != before or self._blocked:
                write_private(path, to_json(after).decode())
            self._blocked = False
        except OSError as fault:  # or the same would be told at every look
            if not self._blocked:
                log.error("what was told of the ledger cannot be noted in %s: %s", path, fault.strerror)
            self._blocked, self._kept = True, after


def lost_ledger_of(settings: Settings, ledger: SqlLedger) -> LostLedger:
    """Return what watches a ledger that was opened."""
    return LostLedger(settings, lambda: ledger.read(lambda tx: tx.open_incidents()))


@contextmanager
def telling_if_lost(settings: Settings) -> Iterator[None]:
    """Open the ledger in the block; where it does not answer that is told, and raised."""
    try:
        yield
    except Unavailable:
        LostLedger(settings, lambda: None).not_opened()
        raise


def _read(path: Path) -> Trouble | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Trouble)
    except (OSError, ValueError):
        return None


def _not_told(why: str) -> None:
    log.warning("the ledger does not answer, or answers again, and that is not told by %s", why)
