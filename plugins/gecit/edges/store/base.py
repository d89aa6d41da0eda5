"""Transactions on one engine: what commits, what is tried again, what counts as not there."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from gecit.ports import Transaction, Unavailable

from .transaction import SqlTransaction
from .watch import Watch

T = TypeVar("T")
TRIES = 5
CONFLICTS = ("40001", "40P01")  # PostgreSQL: serialization failure, deadlock


class Transactions:
    """Runs work in transactions: the part of `ports.Ledger` that everything else of it stands on."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._watch = Watch(engine)

    def version(self) -> str:
        """Return a text that is another one once anybody has committed; raises `Unavailable`."""
        return self._watch.version()

    def close(self) -> None:
        """Give the connections back."""
        self._watch.close()
        self.engine.dispose()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit; again on a conflict."""
        return self._again(lambda: self._once(work))

    def _again(self, once: Callable[[], T]) -> T:
        """Run what makes a transaction of its own, again where PostgreSQL ended it for another's sake."""
        for attempt in range(1, TRIES):
            try:
                return once()
            except _ConflictError:
                time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 -- jitter, no secret
        return once()

    def _once(self, work: Callable[[Transaction], T]) -> T:
        with self._begin(folding=True) as connection:
            transaction = SqlTransaction(connection, writing=True)
            result = work(transaction)
            transaction.flush()
            return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        with self._reading() as connection:
            return work(SqlTransaction(connection, writing=False))

    @contextmanager
    def _begin(self, *, reading: bool = False, folding: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction; a database that is locked, full or gone is `Unavailable`, nothing else is.

        `folding`: it may write events or what is folded from them.
        """
        try:
            with self.engine.connect() as connection:
                connection.execution_options(reading=reading, folding=folding)
                if reading and connection.dialect.name == "postgresql":  # one view for all statements, as on SQLite
                    connection.execution_options(isolation_level="REPEATABLE READ")
                with connection.begin():
                    yield connection
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in CONFLICTS:
                raise _ConflictError("ledger") from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise Unavailable("ledger") from error
            raise
        except sa.exc.TimeoutError as error:  # every connection that this process may have is in use
            raise Unavailable("ledger") from error

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        return self._begin(reading=True)


class _ConflictError(Unavailable):
    """Two transactions of PostgreSQL met; one of them is run again."""
