"""The ledger on SQLite or PostgreSQL: transactions, outbox, and what pages and doors ask of it."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from gecit.core.events import AccessGranted, Event, ExamEvent, RulebookActivated
from gecit.core.exam import Exam, Study
from gecit.core.order import ExamKey
from gecit.ports import Beat, Delivery, Transaction, Unavailable

from . import rows
from .engine import open_engine
from .migrate import migrate
from .schema import FOLDED, administrator, beat, event, exam, link, message, outbox, rulebook, study, token
from .transaction import SqlTransaction, upsert

T = TypeVar("T")
TRIES = 5
CONFLICTS = ("40001", "40P01")  # PostgreSQL: serialization failure, deadlock
REBUILD_PAGE = 5_000


class SqlLedger:
    """Implements `ports.Ledger`, `Accounts`, `Vitals` and `Views`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # Transactions

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit; again on a conflict."""
        for attempt in range(1, TRIES):
            try:
                return self._once(work)
            except _ConflictError:
                time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311 -- jitter, no secret
        return self._once(work)

    def _once(self, work: Callable[[Transaction], T]) -> T:
        with self._begin() as connection:
            transaction = SqlTransaction(connection, writing=True)
            result = work(transaction)
            transaction.flush()
            return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view."""
        with self._reading() as connection:
            return work(SqlTransaction(connection, writing=False))

    @contextmanager
    def _begin(self, *, reading: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction; a database that is locked, full or gone is `Unavailable`, nothing else is."""
        try:
            with self.engine.connect() as connection:
                connection.execution_options(reading=reading)
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

    def _reading(self) -> AbstractContextManager[sa.Connection]:
        return self._begin(reading=True)

    # Outbox

    def lease(self, destination: str, owner: str, now: datetime, until: datetime, limit: int) -> list[Delivery]:
        """Lease deliveries that are due; a lease that ran out is due again."""
        due = (
            sa.select(outbox.c.id)
            .where(
                outbox.c.destination == destination,
                outbox.c.state.in_(("queued", "unknown", "leased")),
                outbox.c.next_at <= now,
            )
            .order_by(outbox.c.next_at, outbox.c.id)
            .limit(limit)
        )
        # A lease that ran out may have been carried out: whoever takes it over asks first.
        resume = sa.case((outbox.c.state == "leased", "unknown"), else_=outbox.c.state)
        with self._reading() as connection:  # nearly always nothing is due, and a reader locks nobody out
            if connection.execute(due.limit(1)).first() is None:
                return []
        with self._begin() as connection:
            chosen = list(connection.scalars(due.with_for_update(skip_locked=True)))
            if not chosen:
                return []
            taken = connection.execute(
                sa.update(outbox)
                .where(outbox.c.id.in_(chosen))
                .values(state="leased", resume=resume, leased_by=owner, next_at=until, attempts=outbox.c.attempts + 1)
                .returning(*outbox.c)
            )
            return sorted((rows.read_delivery(row) for row in taken), key=lambda one: one.id)

    def settle(
        self,
        delivery: Delivery,
        owner: str,
        state: str,
        *,
        next_at: datetime | None = None,
        error: str = "",
        events: Sequence[Event] = (),
        doubt: bool = False,
    ) -> bool:
        """Record how a leased delivery went, its events in the same transaction."""

        def work(tx: Transaction) -> bool:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            # `attempts` tells this lease from a later one of the same owner.
            change = sa.update(outbox).where(
                outbox.c.id == delivery.id,
                outbox.c.state == "leased",
                outbox.c.leased_by == owner,
                outbox.c.attempts == delivery.attempts,
            )
            resume = "unknown" if doubt else "queued"
            values: dict[str, object] = {"state": state, "resume": resume, "leased_by": "", "last_error": error}
            if next_at is not None:
                values["next_at"] = next_at
            if tx.execute(change.values(values)).rowcount != 1:
                return False
            for one in events:
                tx.append(one)
            return True

        return self.write(work)

    def deliveries(self, *, state: str = "", limit: int = 100) -> list[Delivery]:
        """Return rows of the outbox, the newest first."""
        query = sa.select(outbox).order_by(outbox.c.id.desc()).limit(limit)
        if state:
            query = query.where(outbox.c.state == state)
        with self._reading() as connection:
            return [rows.read_delivery(row) for row in connection.execute(query)]

    def retry_delivery(self, number: int, now: datetime) -> bool:
        """Put a parked delivery back into the queue; one that may have been carried out is asked for first."""
        with self._begin() as connection:
            change = sa.update(outbox).where(outbox.c.id == number, outbox.c.state == "parked")
            return connection.execute(change.values(state=outbox.c.resume, next_at=now)).rowcount == 1

    # Rulebook revisions

    def activate_rulebook(self, revision: str, content: bytes, at: datetime, note: str = "") -> bool:
        """Publish a revision for all processes and nodes; False where it is in force already."""

        def work(tx: Transaction) -> bool:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            newest = tx.execute(sa.select(rulebook.c.revision).order_by(rulebook.c.id.desc()).limit(1)).scalar()
            if newest == revision:
                return False
            tx.execute(sa.insert(rulebook).values(revision=revision, activated_at=at, content=content.decode()))
            tx.append(RulebookActivated(at=at, revision=revision, note=note))
            return True

        return self.write(work)

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force at an instant, by default now."""
        query = sa.select(rulebook.c.revision, rulebook.c.content).order_by(rulebook.c.id.desc()).limit(1)
        if known_at is not None:
            query = query.where(rulebook.c.activated_at <= known_at)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return (row.revision, row.content.encode()) if row else None

    def active_revision(self) -> str:
        """Return the revision in force; empty before the first."""
        query = sa.select(rulebook.c.revision).order_by(rulebook.c.id.desc()).limit(1)
        with self._reading() as connection:
            return connection.scalar(query) or ""

    # Accounts

    def password_hash(self, user: str) -> str | None:
        """Return the Argon2 hash of an administrator."""
        with self._reading() as connection:
            return connection.scalar(sa.select(administrator.c.password_hash).where(administrator.c.name == user))

    def token_owner(self, digest: str, now: datetime) -> str | None:
        """Return whose token has that digest, unless it is expired or revoked."""
        alive = sa.and_(
            token.c.digest == digest,
            token.c.revoked_at.is_(None),
            sa.or_(token.c.expires_at.is_(None), token.c.expires_at > now),
        )
        with self._reading() as connection:
            return connection.scalar(sa.select(token.c.owner).where(alive))

    def add_administrator(self, user: str, password_hash: str, at: datetime) -> None:
        """Add an administrator or give one a new password."""

        def work(tx: Transaction) -> None:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            tx.upsert(administrator, [{"name": user, "password_hash": password_hash, "changed_at": at}])
            tx.append(AccessGranted(at=at, who=user, what="administrator"))

        self.write(work)

    def add_token(self, digest: str, owner: str, at: datetime, expires_at: datetime | None) -> None:
        """Keep a token's digest."""

        def work(tx: Transaction) -> None:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            values = {"digest": digest, "owner": owner, "created_at": at, "expires_at": expires_at}
            tx.upsert(token, [values])
            tx.append(AccessGranted(at=at, who=owner, what="token"))

        self.write(work)

    def has_administrator(self) -> bool:
        """Whether anybody can sign in with a password."""
        with self._reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(administrator)) != 0

    # Vitals

    def beat(self, one: Beat) -> None:
        """Record a sign of life."""
        values = msgspec.structs.asdict(one)
        values["detail"] = msgspec.json.encode(one.detail).decode()
        with self._begin() as connection:
            upsert(connection, beat, [values])

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        with self._reading() as connection:
            found = connection.execute(sa.select(beat).order_by(beat.c.node, beat.c.process)).all()
        return [
            Beat(node=row.node, process=row.process, pid=row.pid, at=row.at, detail=msgspec.json.decode(row.detail))
            for row in found
        ]

    def counts(self) -> dict[str, int]:
        """Return exams by outcome, outbox by state, messages, events and studies."""
        counted: dict[str, int] = {}
        with self._reading() as connection:
            for name, column in (("exam", exam.c.outcome), ("outbox", outbox.c.state), ("billing", exam.c.billing)):
                for value, number in connection.execute(sa.select(column, sa.func.count()).group_by(column)):
                    counted[f"{name}.{value or 'unjudged'}"] = number
            for table in (message, event, study):
                counted[table.name] = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        return counted

    # Views

    def recent_exams(self, limit: int) -> list[Exam]:
        """Return exams, the last changed first."""
        query = sa.select(exam.c.data).order_by(exam.c.changed_at.desc(), exam.c.accession).limit(limit)
        with self._reading() as connection:
            return [rows.read_exam(data) for data in connection.scalars(query)]

    def find_exams(self, accession: str) -> list[Exam]:
        """Return exams by accession number."""
        return self.read(lambda tx: tx.exams_of_accession(accession))

    def timeline(self, key: ExamKey) -> list[Event]:
        """Return an exam's events, oldest first."""
        query = sa.select(event.c.data).where(
            event.c.institution == key.institution, event.c.accession == key.accession
        )
        with self._reading() as connection:
            return [rows.read_event(data) for data in connection.scalars(query.order_by(event.c.id))]

    def unlinked_studies(self, limit: int) -> list[Study]:
        """Return studies that no exam has, newest first."""
        linked = sa.exists().where(link.c.node == study.c.node, link.c.orthanc_id == study.c.orthanc_id)
        query = sa.select(study.c.data).where(sa.not_(study.c.deleted), sa.not_(linked))
        with self._reading() as connection:
            found = connection.scalars(query.order_by(study.c.changed_at.desc()).limit(limit))
            return [rows.read_study(data) for data in found]

    # Rebuilding

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
            if connection.dialect.name == "postgresql":  # SQLite has one writer, and it is this one
                connection.exec_driver_sql("LOCK TABLE event, exam, study, study_identifier, link IN EXCLUSIVE MODE")
            before = _fingerprint(connection)
            count = self._fold_anew(connection)
            return count, _fingerprint(connection) == before

    def _fold_anew(self, connection: sa.Connection) -> int:
        for table in FOLDED:
            connection.execute(sa.delete(table))
        transaction = SqlTransaction(connection, writing=True)
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


def _fingerprint(connection: sa.Connection) -> str:
    """Digest the folded tables, rows in key order, without holding them in memory."""
    digest = hashlib.sha256()
    for table in FOLDED:
        query = sa.select(table).order_by(*table.primary_key).execution_options(yield_per=REBUILD_PAGE)
        for row in connection.execute(query):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


class _ConflictError(Unavailable):
    """Two transactions of PostgreSQL met; one of them is run again."""


def open_ledger(url: str) -> SqlLedger:
    """Open a ledger and bring its schema up to date."""
    engine = open_engine(url)
    migrate(engine)
    return SqlLedger(engine)
