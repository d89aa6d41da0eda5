"""The ledger on SQLite or PostgreSQL: transactions, outbox, and what pages and doors ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from gecit.core.events import Event
from gecit.core.exam import Exam, Study
from gecit.core.order import ExamKey
from gecit.ports import Beat, Delivery, Settled, Transaction

from . import rows
from .audit import Audited
from .citizens import CitizenDesk
from .counts import Counting
from .dicom_views import Worklisted
from .engine import CONNECTIONS, open_engine
from .fence import hold_to
from .following import PROCESS, Followed
from .groups import Grouped
from .integration import Integrated
from .migrate import migrate
from .nodes import Registered
from .quality_lists import Qualified
from .records import Recorded
from .restored import Restored
from .reviewing import Reviewing
from .schema import Instant, beat, consultation, event, exam, link, message, outbox, study
from .sealing import Sealing
from .search import Searching
from .sql import PAGE, upsert
from .study_doors import StudyDoored
from .tracking_desk import TrackingDesk
from .transaction import SqlTransaction

# Made once: making a statement costs as much as carrying it out.
_wanted: sa.BindParameter[int] = sa.bindparam("wanted", expanding=True)
LEFT_FOR_GOOD = timedelta(days=30)
_HELD = (
    sa.select(outbox.c.id, outbox.c.attempts)
    .where(outbox.c.id.in_(_wanted), outbox.c.state == "leased", outbox.c.leased_by == sa.bindparam("owner"))
    .with_for_update()
)
_SETTLE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("row"))
    .values(
        state=sa.bindparam("new_state"),
        resume=sa.bindparam("new_resume"),
        leased_by="",
        last_error=sa.bindparam("new_error"),
        next_at=sa.func.coalesce(sa.bindparam("new_next_at", type_=Instant), outbox.c.next_at),
    )
)


_CONSULTATIONS = sa.select(consultation.c.state, sa.func.count()).group_by(consultation.c.state)


def _settlement(one: Settled) -> dict[str, object]:
    return {
        "row": one.delivery.id,
        "new_state": one.state,
        "new_resume": "unknown" if one.doubt else "queued",
        "new_error": one.error,
        "new_next_at": one.next_at,
    }


class SqlLedger(
    Recorded,
    Sealing,
    Worklisted,
    StudyDoored,
    Grouped,
    Audited,
    Searching,
    TrackingDesk,
    Counting,
    Integrated,
    Reviewing,
    Qualified,
    CitizenDesk,
    Restored,
    Followed,
    Registered,
):
    """Implements what `ports` asks of a ledger: `Ledger`, `Records`, `Accounts`, `Vitals`, `Views` and the doors'."""

    # Outbox

    def lease(
        self, destination: str, owner: str, now: datetime, until: datetime, limit: int, node: str = ""
    ) -> list[Delivery]:
        """Lease deliveries that are due; a lease that ran out is due again."""
        due = (
            sa.select(outbox.c.id)
            .where(
                outbox.c.destination == destination,
                outbox.c.node.in_({"", node}),
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
        """Record how one leased delivery went."""
        one = Settled(delivery=delivery, state=state, next_at=next_at, error=error, events=tuple(events), doubt=doubt)
        return self.settle_all([one], owner)[0]

    def settle_all(self, settled: Sequence[Settled], owner: str) -> list[bool]:
        """Record how leased deliveries went, their events in the same transaction."""

        def work(tx: Transaction) -> list[bool]:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            held = self._held(tx, settled, owner)
            stands = [(one.delivery.id, one.delivery.attempts) in held for one in settled]
            kept = [one for one, held_still in zip(settled, stands, strict=True) if held_still]
            tx.prefetch({one.delivery.exam for one in kept if one.events})
            for one in kept:
                for happened in one.events:
                    tx.append(happened)
            if kept:
                tx.execute_many(_SETTLE, [_settlement(one) for one in kept])
            return stands

        return self.write(work)

    def _held(self, tx: SqlTransaction, settled: Sequence[Settled], owner: str) -> set[tuple[int, int]]:
        """Which of the leases stand; the number of attempts tells this lease from a later one of the same owner."""
        found: set[tuple[int, int]] = set()
        for start in range(0, len(settled), PAGE):
            wanted = [one.delivery.id for one in settled[start : start + PAGE]]
            rows = tx.execute(_HELD.params(wanted=wanted, owner=owner))
            found |= {(row.id, row.attempts) for row in rows}
        return found

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

    # Vitals

    def beat(self, one: Beat) -> None:
        """Record a sign of life, and drop what another folder of that node said long ago."""
        values = msgspec.structs.asdict(one)
        values["detail"] = msgspec.json.encode(one.detail).decode()
        gone = sa.or_(beat.c.home == "", beat.c.at < one.at - LEFT_FOR_GOOD)  # '': written before folders had marks
        old = sa.and_(beat.c.node == one.node, beat.c.home != one.home, gone)
        with self._begin() as connection:
            upsert(connection, beat, [values])
            connection.execute(sa.delete(beat).where(old, beat.c.process != PROCESS))

    def beats(self) -> list[Beat]:
        """Return the last sign of life of every process."""
        with self._reading() as connection:
            processes = sa.select(beat).where(beat.c.process != PROCESS)
            found = connection.execute(processes.order_by(beat.c.node, beat.c.process, beat.c.home)).all()
        return [Beat(**{**row._asdict(), "detail": msgspec.json.decode(row.detail)}) for row in found]

    def counts(self) -> dict[str, int]:
        """Return exams by outcome, outbox by state, messages, events and studies."""
        counted: dict[str, int] = {}
        with self._reading() as connection:
            for name, column in (("exam", exam.c.outcome), ("outbox", outbox.c.state), ("billing", exam.c.billing)):
                for value, number in connection.execute(sa.select(column, sa.func.count()).group_by(column)):
                    counted[f"{name}.{value or 'unjudged'}"] = number
            for value, number in connection.execute(_CONSULTATIONS):
                counted[f"consultation.{value}"] = number
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


def open_ledger(url: str, connections: int = CONNECTIONS) -> SqlLedger:
    """Open a ledger and bring its schema up to date; of PostgreSQL with so many connections at the most."""
    engine = open_engine(url, connections)
    hold_to(engine, migrate(engine))
    return SqlLedger(engine)
