"""Whether anybody has committed since: the cheapest question that each engine answers."""

from __future__ import annotations

import threading

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from gecit.ports import Unavailable

# https://sqlite.org/pragma.html#pragma_data_version: differs once another connection has committed.
# PostgreSQL: where the next record of its log will stand; also moved by what is none of ours, which wakes in vain.
QUESTIONS = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_wal_insert_lsn()::text"}


class Watch:
    """Asks on a connection of its own, which must stay the same one. Thread-safe."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: sa.PoolProxiedConnection | None = None

    def version(self) -> str:
        """Return a text that is another one once anybody else has committed; raises `Unavailable`."""
        with self._lock:
            try:
                return self._ask()
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as fault:
                self._close()
                raise Unavailable("ledger") from fault

    def _ask(self) -> str:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        cursor = self._connection.cursor()
        cursor.execute(QUESTIONS[self._engine.dialect.name])
        row = cursor.fetchone()
        cursor.close()
        self._connection.rollback()  # PostgreSQL: nothing is kept open between two questions
        return str(row[0]) if row else ""

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None
