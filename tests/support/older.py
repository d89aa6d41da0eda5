"""A stopped node's data made older: as if all that it knows had happened some days before."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

KEPT = ("audit", "audit_chain", "alembic_version")
"""What the audit says is tied by hashes: it stays as it is."""
RULES = {"rulebook": "content", "context": "content"}
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?=T\d\d:\d\d)")
_DAY = re.compile(r'(?<=")(\d{8})(?=")|^(\d{8})$')
_COMPACT = re.compile(r"^(\d{8})(?=T\d{6}$)")


def make_older(data: Path, days: int) -> None:
    """Move every instant of the last two days back, in the ledger (SQLite) and in Orthanc's index."""
    since = datetime.now(UTC).date() - timedelta(days=2)

    def earlier(text: str, form: str) -> str:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:  # a number of something else
            return text
        return (found - timedelta(days=days)).strftime(form) if found >= since else text

    def in_ledger(text: str) -> str:
        text = _ISO.sub(lambda one: earlier(one[0], "%Y-%m-%d"), text)
        return _DAY.sub(lambda one: earlier(one[0], "%Y%m%d"), text)

    with closing(sqlite3.connect(data / "ledger.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table not in KEPT and not table.startswith("sqlite_"):
                _move(connection, table, in_ledger)
        connection.commit()
    with closing(sqlite3.connect(data / "orthanc" / "index")) as connection:
        _move(connection, "Metadata", lambda text: _COMPACT.sub(lambda one: earlier(one[1], "%Y%m%d"), text))
        connection.commit()


def _move(connection: sqlite3.Connection, table: str, moved: Callable[[str], str]) -> None:
    """Write each text of a table anew; its keys too, where they hold an instant."""
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if row[1] != RULES.get(table)]
    keys = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if row[5]]
    names = ", ".join(f'"{one}"' for one in columns)
    for row in connection.execute(f'SELECT {names} FROM "{table}"').fetchall():  # noqa: S608 -- names of our own tables
        fresh = [_of(value, moved) for value in row]
        if fresh != list(row):
            old = dict(zip(columns, row, strict=True))
            changed = ", ".join(f'"{one}" = ?' for one in columns)
            found = " AND ".join(f'"{one}" = ?' for one in keys)
            connection.execute(
                f'UPDATE "{table}" SET {changed} WHERE {found}',  # noqa: S608
                [*fresh, *(old[one] for one in keys)],
            )


def _of(value: Any, moved: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return moved(value)
    if isinstance(value, bytes) and value.startswith(b"{"):
        return moved(value.decode()).encode()
    return value
