"""The folded tables made again from the events alone, and compared with what stood there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from gecit.core.events import Event, ExamEvent

from . import rows
from .base import Transactions
from .fence import keep_writers_out
from .schema import FOLDED, event
from .transaction import SqlTransaction

REBUILD_PAGE = 5_000


class Rebuilding(Transactions):
    """What `gecit ledger rebuild` asks of a ledger."""

    def events(self, after: int = 0, page: int = REBUILD_PAGE) -> Iterator[tuple[int, Event]]:
        """Yield all events in the order in which they were recorded."""
        while True:
            query = sa.select(event.c.id, event.c.data).where(event.c.id > after).order_by(event.c.id).limit(page)
            with self._reading() as connection:
                found = connection.execute(query).all()
            if not found:
                return
            for row in found:
                yield row.id, rows.read_event(row.data)
            after = found[-1].id

    def rebuild(self) -> tuple[int, bool]:
        """Make the folded tables again from the events alone, while nobody writes.

        Returns how many events were folded, and whether the state is what it was before.
        """
        with self._begin() as connection:
            return self._folded_anew(connection)

    def _folded_anew(self, connection: sa.Connection) -> tuple[int, bool]:
        """Fold while nobody writes; return how many events, and whether the state is what it was before."""
        keep_writers_out(connection, (event, *FOLDED))
        before = fingerprint(connection)
        count = self._fold_anew(connection)
        return count, fingerprint(connection) == before

    def _fold_anew(self, connection: sa.Connection) -> int:
        for table in FOLDED:
            connection.execute(sa.delete(table))
        transaction = SqlTransaction(connection, writing=True, alone=True)
        count, after = 0, 0
        while True:
            query = sa.select(event.c.id, event.c.data).where(event.c.id > after).order_by(event.c.id)
            found = connection.execute(query.limit(REBUILD_PAGE)).all()
            if not found:
                return count
            page = [rows.read_event(row.data) for row in found]
            transaction.prefetch(one.exam for one in page if isinstance(one, ExamEvent))
            for one in page:
                transaction.fold(one)
            transaction.flush()
            transaction.forget()
            count, after = count + len(found), found[-1].id

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the folded tables' rows in key order, to compare two ledgers or two foldings."""
        with self._reading() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
                for table in FOLDED
            }


def fingerprint(connection: sa.Connection) -> str:
    """Digest the folded tables, rows in key order, without holding them in memory."""
    digest = hashlib.sha256()
    for table in FOLDED:
        query = sa.select(table).order_by(*table.primary_key).execution_options(yield_per=REBUILD_PAGE)
        for row in connection.execute(query):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()
