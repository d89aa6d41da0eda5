"""Physicians as MEDULA knows them, from the imported list `physicians` of the code lists."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ..ports import Physician, Unavailable

LOOK_UP = "select tescil_no, brans_kodu, name from physicians where tckn = ?"
MOST = 50_000  # remembered; a country has about 200,000 physicians, a hospital's orders name some hundred

_Identity = tuple[int, int, int]


class ListedPhysicians:
    """Implements `ports.Physicians` on an SQLite file that is replaced as a whole; remembers while it is the same file.

    Raises `Unavailable` where the file cannot be read.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._identity: _Identity | None = None
        self._known: dict[str, Physician | None] = {}

    def physician(self, tckn: str) -> Physician | None:
        """Return a physician; None where the list has none, or was never imported."""
        identity = self._file()
        if identity is None:
            return None
        if identity != self._identity or len(self._known) > MOST:
            self._known, self._identity = {}, identity
        known = self._known  # another thread may begin anew meanwhile
        if tckn not in known:
            known[tckn] = self._look_up(tckn)
        return known[tckn]

    def _file(self) -> _Identity | None:
        try:
            found = self._database.stat()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise Unavailable(f"no usable list of physicians: {type(fault).__name__}") from fault
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _look_up(self, tckn: str) -> Physician | None:
        try:
            with closing(sqlite3.connect(f"{self._database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                if not connection.execute("select 1 from sqlite_master where name = 'physicians'").fetchone():
                    return None
                row = connection.execute(LOOK_UP, (tckn,)).fetchone()
        except sqlite3.Error as fault:
            raise Unavailable(f"no usable list of physicians: {type(fault).__name__}") from fault
        return Physician(registration=row[0], branch=row[1], name=row[2]) if row else None
