"""What judging rests on and rested on: rulebook revisions, the site's choices, exams as they are and as they were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce

import msgspec
import sqlalchemy as sa

from gecit.core.dates import order_date
from gecit.core.events import ExamEvent, ExamJudged, Rejudged, RulebookActivated
from gecit.core.exam import Exam, fold_exam
from gecit.core.order import ExamKey
from gecit.core.values import to_json
from gecit.core.verdict import Status
from gecit.ports import Scanned, Snapshot, Transaction

from . import rows
from .base import Transactions
from .schema import context, event, exam, rulebook
from .transaction import SqlTransaction


class Place(ExamKey):
    """Where a scan of a stretch stands: it goes on there even if the exam's order is changed meanwhile."""

    ordered_at: datetime


class Row(ExamKey):
    """Where a scan of everything stands on SQLite: there rows are read as they lie on the disk.

    In key order each row would be somewhere else, and a ledger larger than memory took five times as long.
    """

    row: int


ROW = sa.literal_column("exam.rowid", sa.Integer)


class Recorded(Transactions):
    """Implements `ports.Records`, and activation."""

    # Pages of exams

    def scan(
        self,
        after: ExamKey | None,
        limit: int,
        *,
        ordered_from: datetime | None = None,
        ordered_until: datetime | None = None,
        until: ExamKey | None = None,
    ) -> Scanned:
        """Return the next exams that were judged, in an order of its own; by order date where a stretch is given."""
        found, place = self._page(after, limit, (ordered_from, ordered_until), until=until)
        return Scanned(exams=found, after=place)

    def exams_excused_by(
        self,
        ids: Sequence[str],
        after: ExamKey | None,
        limit: int,
        *,
        ordered_from: datetime | None = None,
        ordered_until: datetime | None = None,
    ) -> Scanned:
        """Return the next exams whose verdict was excused by one of the windows or exemptions.

        An exemption's id stands for all windows named `id@...`; a window of another name is to be named itself.
        `limit` is how many are read at once; fewer may be returned, so go on until `after` is None.
        """
        # The text only narrows: an id in quotes may stand elsewhere. Without the closing quote, for `id@...`.
        needles = [to_json(one).decode()[:-1] for one in ids]
        named = sa.or_(sa.false(), *(_holds(self.engine, one) for one in needles))
        found, place = self._page(after, limit, (ordered_from, ordered_until), named)
        return Scanned(exams=tuple(one for one in found if _excused(one, ids)), after=place)

    def _page(
        self,
        after: ExamKey | None,
        limit: int,
        stretch: tuple[datetime | None, datetime | None],
        *where: sa.ColumnElement[bool],
        until: ExamKey | None = None,
    ) -> tuple[tuple[Exam, ...], ExamKey | None]:
        dated = stretch != (None, None)
        rowed = not dated and self.engine.dialect.name == "sqlite"
        query = sa.select(exam.c.data, ROW if rowed else sa.null()).where(exam.c.outcome != "", *where)
        key: tuple[sa.Column[str], ...] = (exam.c.institution, exam.c.accession)
        with self._reading() as connection:
            if dated:
                place = _place(connection, after) if after else None
                query = _in_stretch(query, place, stretch).order_by(exam.c.ordered_at, *key)
            elif rowed:
                query = query.where(*_between_rows(connection, after, until)).order_by(ROW)
            else:
                query = query.where(*_between_keys(after, until)).order_by(*key)
            data = connection.execute(query.limit(limit)).all()
        found = tuple(rows.read_exam(one[0]) for one in data)
        if len(found) < limit:
            return found, None
        last = found[-1]
        return found, place_of(last) if dated else _row(last.key, data[-1][1]) if rowed else last.key

    def milestones(self, every: int) -> list[ExamKey]:
        """Return the place of about each `every`-th exam: several processes can go through the ledger side by side."""
        if self.engine.dialect.name == "sqlite":
            return self._milestones_by_row(every)
        number = sa.func.row_number().over(order_by=(exam.c.institution, exam.c.accession)).label("number")
        numbered = sa.select(exam.c.institution, exam.c.accession, number).subquery()
        query = sa.select(numbered).where(numbered.c.number % every == 0).order_by(numbered.c.number)
        with self._reading() as connection:
            found = connection.execute(query).all()
        return [ExamKey(institution=row.institution, accession=row.accession) for row in found]

    def _milestones_by_row(self, every: int) -> list[ExamKey]:
        found: list[ExamKey] = []
        with self._reading() as connection:
            last = connection.scalar(sa.select(sa.func.max(ROW)).select_from(exam)) or 0
            for number in range(every, last, every):
                query = sa.select(exam.c.institution, exam.c.accession, ROW).where(number <= ROW).order_by(ROW).limit(1)
                one = connection.execute(query).one()
                found.append(Row(institution=one[0], accession=one[1], row=one[2]))
        return found

    # What was known

    def exam_at(self, key: ExamKey, known_at: datetime) -> Exam | None:
        """Return the exam as it stood at an instant, folded from its events; at that of a verdict, as it was judged.

        A message counts from its receipt, which is a moment before others can know of it. So a verdict of that moment
        goes by what stands before it in the ledger.
        """
        query = sa.select(event.c.data).where(
            event.c.institution == key.institution, event.c.accession == key.accession
        )
        with self._reading() as connection:
            found = [rows.read_event(data) for data in connection.scalars(query.order_by(event.c.id))]
        events = [one for one in found if isinstance(one, ExamEvent)]
        verdicts = [place for place, one in enumerate(events) if isinstance(one, ExamJudged) and one.at == known_at]
        known = events[: verdicts[-1] + 1] if verdicts else [one for one in events if one.at <= known_at]
        nothing: Exam | None = None
        return reduce(fold_exam, known, nothing)

    def rulebook_at(self, known_at: datetime | None = None) -> Snapshot | None:
        """Return the revision in force at an instant, by default now."""
        query = sa.select(rulebook).order_by(rulebook.c.id.desc()).limit(1)
        if known_at is not None:
            query = query.where(rulebook.c.activated_at <= known_at)
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Snapshot(revision=row.revision, recorded_at=row.activated_at, content=row.content.encode())

    def rulebook_named(self, revision: str) -> Snapshot | None:
        """Return a revision that was in force once, as it was activated last."""
        return next((one for one in reversed(self.activations()) if one.revision == revision), None)

    def active_rulebook(self, known_at: datetime | None = None) -> tuple[str, bytes] | None:
        """Return revision and content in force at an instant, by default now."""
        found = self.rulebook_at(known_at)
        return (found.revision, found.content) if found else None

    def active_revision(self) -> str:
        """Return the revision in force; empty before the first."""
        query = sa.select(rulebook.c.revision).order_by(rulebook.c.id.desc()).limit(1)
        with self._reading() as connection:
            return connection.scalar(query) or ""

    def activate_rulebook(self, revision: str, content: bytes, at: datetime, note: str = "", by: str = "") -> bool:
        """Publish a revision for all processes and nodes; False where it is in force already."""

        def add(tx: SqlTransaction) -> None:
            tx.execute(sa.insert(rulebook).values(revision=revision, activated_at=at, content=content.decode()))
            tx.append(RulebookActivated(at=at, revision=revision, note=note, by=by))

        return self._add_unless_newest(rulebook, revision, add)

    def record_context(self, revision: str, content: bytes, at: datetime) -> bool:
        """Record the site's choices and code lists where they differ from the last ones."""
        row = sa.insert(context).values(revision=revision, recorded_at=at, content=content)
        return self._add_unless_newest(context, revision, lambda tx: tx.execute(row))

    def context_at(self, known_at: datetime) -> Snapshot | None:
        """Return the site's choices and code lists that were recorded last at an instant."""
        return self._context(context.c.recorded_at <= known_at)

    def context_named(self, revision: str) -> Snapshot | None:
        """Return the site's choices and code lists of a revision, as they were recorded last."""
        return self._context(context.c.revision == revision)

    def _context(self, where: sa.ColumnElement[bool]) -> Snapshot | None:
        query = sa.select(context).where(where).order_by(context.c.id.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Snapshot(revision=row.revision, recorded_at=row.recorded_at, content=bytes(row.content))

    def rejudged_by(self) -> str:
        """Return the revision that all exams stand judged by; that of the first activation before any re-judging."""
        found = self._rejudged()
        if found is not None:
            return found.revision
        with self._reading() as connection:
            activated = connection.scalars(sa.select(rulebook.c.revision).limit(2)).all()
        return activated[0] if len(activated) == 1 else ""

    def rejudged_at(self) -> datetime | None:
        """Return when re-judging was last done; None before the first."""
        found = self._rejudged()
        return found.at if found else None

    def _rejudged(self) -> Rejudged | None:
        # As literal text, so that SQLite takes the partial index.
        newest = sa.select(event.c.data).where(sa.text("kind = 'Rejudged'")).order_by(event.c.id.desc()).limit(1)
        with self._reading() as connection:
            data = connection.scalar(newest)
        found = rows.read_event(data) if data is not None else None
        return found if isinstance(found, Rejudged) else None

    def activations(self) -> list[Snapshot]:
        """Return every activation, oldest first; the last one is in force."""
        with self._reading() as connection:
            found = connection.execute(sa.select(rulebook).order_by(rulebook.c.id)).all()
        return [
            Snapshot(revision=one.revision, recorded_at=one.activated_at, content=one.content.encode()) for one in found
        ]

    def _add_unless_newest(self, table: sa.Table, revision: str, add: Callable[[SqlTransaction], object]) -> bool:
        def work(tx: Transaction) -> bool:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            if tx.execute(sa.select(table.c.revision).order_by(table.c.id.desc()).limit(1)).scalar() == revision:
                return False
            add(tx)
            return True

        return self.write(work)


def place_of(one: Exam) -> ExamKey:
    """Return where a scan by order date stands after an exam."""
    ordered_at = order_date(one)
    if ordered_at is None:
        return one.key
    return Place(institution=one.key.institution, accession=one.key.accession, ordered_at=ordered_at)


def _place(connection: sa.Connection, after: ExamKey) -> Place | None:
    """Return a key's place by order date; None where it has none, and the stretch is read from its beginning."""
    if isinstance(after, Place):
        return after
    mine = sa.and_(exam.c.institution == after.institution, exam.c.accession == after.accession)
    found = connection.scalar(sa.select(exam.c.ordered_at).where(mine))
    return Place(**msgspec.structs.asdict(after), ordered_at=found) if found else None


def _between_keys(after: ExamKey | None, until: ExamKey | None) -> list[sa.ColumnElement[bool]]:
    key = sa.tuple_(exam.c.institution, exam.c.accession)
    ends = [one and sa.tuple_(sa.literal(one.institution), sa.literal(one.accession)) for one in (after, until)]
    return [*([key > ends[0]] if ends[0] is not None else []), *([key <= ends[1]] if ends[1] is not None else [])]


def _row(key: ExamKey, number: int) -> Row:
    return Row(institution=key.institution, accession=key.accession, row=number)


def _between_rows(
    connection: sa.Connection, after: ExamKey | None, until: ExamKey | None
) -> list[sa.ColumnElement[bool]]:
    bounds: list[sa.ColumnElement[bool]] = []
    if after is not None:
        bounds.append(_number(connection, after) < ROW)
    if until is not None:
        bounds.append(_number(connection, until) >= ROW)
    return bounds


def _number(connection: sa.Connection, key: ExamKey) -> sa.ColumnElement[int]:
    """Return a key's row; 0, which is before all, where it has none."""
    if isinstance(key, Row):
        return sa.literal(key.row)
    mine = sa.and_(exam.c.institution == key.institution, exam.c.accession == key.accession)
    return sa.literal(connection.scalar(sa.select(ROW).select_from(exam).where(mine)) or 0)


def _in_stretch(
    query: sa.Select[tuple[str]], place: Place | None, stretch: tuple[datetime | None, datetime | None]
) -> sa.Select[tuple[str]]:
    since, until = stretch
    if until is not None:
        query = query.where(exam.c.ordered_at < until)
    if place is not None and (since is None or since <= place.ordered_at):
        # One lower bound only: with two, SQLite may start each page at the wrong one and read the stretch again.
        since = None
        order = sa.tuple_(exam.c.ordered_at, exam.c.institution, exam.c.accession)
        values = (place.ordered_at, exam.c.ordered_at.type), (place.institution, None), (place.accession, None)
        query = query.where(order > sa.tuple_(*(sa.literal(value, kind) for value, kind in values)))
    return query if since is None else query.where(exam.c.ordered_at >= since)


def _holds(engine: sa.Engine, text: str) -> sa.ColumnElement[bool]:
    """Say that an exam's JSON holds a text, to the letter; LIKE would fold case and read wildcards."""
    find = sa.func.strpos if engine.dialect.name == "postgresql" else sa.func.instr
    return find(exam.c.data, text) > 0


def _excused(one: Exam, ids: Sequence[str]) -> bool:
    verdict = one.verdict
    if verdict is None:
        return False
    by = {name for finding in verdict.findings if finding.status is Status.EXCUSED for name in finding.exemptions}
    return any(name == given or name.startswith(f"{given}@") for name in by for given in ids)
