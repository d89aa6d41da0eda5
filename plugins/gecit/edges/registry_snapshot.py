"""The registry of physicians from the imported list (`radiologists` of the code lists), where there is no service."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ..core.events import RegistryAnswer
from ..core.values import local
from ..ports import Clock, Unavailable

# A physician may stand there once for each branch; days are inclusive, an empty one is open.
LOOK_UP = """
select name, is_radiologist from radiologists
 where identifier = :identifier
   and (coalesce(valid_from, '') = '' or valid_from <= :today)
   and (coalesce(valid_until, '') = '' or valid_until >= :today)
 order by is_radiologist desc limit 1
"""
IMPORTED = "select max(imported_at) from snapshot where kind = 'radiologists'"


MOST = 20_000
"""Answers that are remembered."""


class SnapshotRegistry:
    """Implements `ports.Registry` on an SQLite file that is replaced as a whole.

    Answers are remembered for as long as it is the same file and the same day. Thread-safe.
    """

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: tuple[object, dict[str, RegistryAnswer]] = (None, {})

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say whose number it is today in Istanbul; raises `Unavailable` where no list was imported."""
        today = local(self._clock.now()).date().isoformat()
        state = (today, _state(self._database))
        if self._kept[0] != state or len(self._kept[1]) > MOST:
            self._kept = (state, {})
        known = self._kept[1]
        if identifier not in known:
            known[identifier] = self._read(identifier, today)
        return known[identifier]

    def _read(self, identifier: str, today: str) -> RegistryAnswer:
        try:
            with closing(sqlite3.connect(f"{self._database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                if not connection.execute("select 1 from sqlite_master where name = 'radiologists'").fetchone():
                    raise Unavailable("no list of radiologists was imported")  # only other lists were
                row = connection.execute(LOOK_UP, {"identifier": identifier, "today": today}).fetchone()
                (imported,) = connection.execute(IMPORTED).fetchone()
        except sqlite3.Error as fault:
            raise Unavailable(f"no usable list of radiologists: {type(fault).__name__}") from fault
        if imported is None:
            raise Unavailable("no list of radiologists was imported")
        return RegistryAnswer(
            identifier=identifier,
            known=row is not None,
            radiologist=bool(row and row[1]),
            name=row[0] if row else "",
            source="snapshot",
            as_of=_instant(imported),
        )


class NoRegistry:
    """Implements `ports.Registry` where a site has switched the list off and names no service: nobody can be asked."""

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Always `Unavailable`."""
        raise Unavailable("Gecit.Registry.Url is empty and Gecit.Registry.Snapshot is off: nobody can be asked")


def _state(database: Path) -> tuple[int, ...]:
    """What differs once the file was replaced or written; raises `Unavailable` where there is none."""
    try:
        found = database.stat()
    except OSError as fault:
        raise Unavailable(f"no usable list of radiologists: {type(fault).__name__}") from fault
    return found.st_ino, found.st_size, found.st_mtime_ns


def _instant(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
