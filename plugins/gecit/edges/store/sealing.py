"""The record as it is sealed and looked at again: events and messages by their numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from gecit.core.event_seal import WHAT, Row

from .audit import read_row
from .rebuild import Rebuilding
from .schema import audit, event, message

PAGE = 200
"""Rows that are held at once: a message may be a report of megabytes."""

_SENDER = ("sending_application", "sending_facility")
_COLUMNS = {
    "event": (event, ("at", "kind", "institution", "accession", "node", "study", "data")),
    "message": (
        message,
        ("received_at", "peer", "institution", "control_id", "digest", "raw", *_SENDER),
    ),
}
_NOW = sa.select(sa.func.clock_timestamp())
_UNDER_WAY = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= :moment"
)


class Sealing(Rebuilding):
    """Implements `ports.sealing.Record`."""

    def newest(self, kind: str) -> int:
        """Return the number of the newest event or message; 0 = there is none."""
        table, _ = _COLUMNS[kind]
        with self._reading() as connection:
            return int(connection.scalar(sa.select(sa.func.max(table.c.id))) or 0)

    def moment(self) -> datetime:
        """Return the ledger's own time, for `settled`."""
        if self.engine.dialect.name != "postgresql":
            return datetime.now(UTC)
        with self._reading() as connection:
            found: datetime = connection.execute(_NOW).scalar_one()
            return found

    def settled(self, moment: datetime) -> bool:
        """Whether every transaction has ended that was under way then; SQLite has one writer, who numbers in turn."""
        if self.engine.dialect.name != "postgresql":
            return True
        with self._reading() as connection:
            return int(connection.execute(_UNDER_WAY, {"moment": moment}).scalar_one()) == 0

    def record_rows(self, kind: str, after: int, last: int) -> Iterator[Row]:
        """Yield events or messages after a number, up to `last`, in their order; read page by page."""
        table, names = _COLUMNS[kind]
        columns = [table.c[one] for one in names]
        while after < last:
            query = sa.select(table.c.id, *columns).where(table.c.id > after, table.c.id <= last)
            with self._reading() as connection:
                page = connection.execute(query.order_by(table.c.id).limit(PAGE)).all()
            for row in page:
                yield row[0], tuple(map(_text, row[1:]))
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def seals(self, last: int = 0) -> list[dict[str, str]]:
        """Return what the audit holds of seals, the oldest first; `last`: only so many of the newest."""
        order = (audit.c.at.desc(), audit.c.chain.desc(), audit.c.number.desc())
        query = sa.select(audit).where(audit.c.what == WHAT).order_by(*order)
        with self._reading() as connection:
            found = connection.execute(query.limit(last) if last else query).all()
        return [read_row(one).detail for one in reversed(found)]

    def folds_alike(self) -> bool:
        """Whether the folded tables are what the events say; nothing is changed, and nobody writes meanwhile."""
        alike = False
        try:
            with self._begin() as connection:
                _, alike = self._folded_anew(connection)
                raise _Undone
        except _Undone:
            return alike


class _Undone(Exception):
    """Ends a transaction that is to leave nothing."""


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    return "" if value is None else str(value)
