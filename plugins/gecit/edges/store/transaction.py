"""One transaction of the ledger: read through, fold in memory, write everything at commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gecit.core.events import Event, ExamEvent, InstitutionRecorded, StudyEvent
from gecit.core.exam import Exam, Study, fold_exam, fold_study
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey
from gecit.core.values import to_json
from gecit.ports import Institution, NewMessage, StoredMessage

from . import rows
from .schema import cursor, event, exam, institution, link, message, outbox, study, study_identifier

PAGE = 200
"""Keys asked for in one statement: below every engine's limit of bound values."""

_without_raw = [column for column in message.c if column.name != "raw"]


def upsert(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    """Insert rows or replace them, by primary key."""
    if not values:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in values[0] if name not in keys}
    if rest:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys), values)


class SqlTransaction:
    """Implements `ports.Transaction` on one connection."""

    def __init__(self, connection: sa.Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing
        self._postgres = connection.dialect.name == "postgresql"
        self._exams: dict[ExamKey, Exam | None] = {}
        self._studies: dict[StudyKey, Study | None] = {}
        self._events: list[Event] = []
        self._changed_exams: dict[ExamKey, datetime] = {}
        self._changed_studies: dict[StudyKey, datetime] = {}

    # Events

    def append(self, event: Event) -> None:
        """Record an event and fold it."""
        self._events.append(event)
        self.fold(event)

    def fold(self, event: Event) -> None:
        """Fold an event that stands in the ledger already."""
        match event:
            case ExamEvent():
                self._exams[event.exam] = fold_exam(self.exam(event.exam), event)
                self._changed_exams[event.exam] = event.at
            case StudyEvent():
                self._studies[event.study] = fold_study(self.study(event.study), event)
                self._changed_studies[event.study] = event.at

    def flush(self) -> None:
        """Write what was appended. Searches flush first, so that they see this transaction's own events."""
        if self._events:
            self._connection.execute(sa.insert(event), [rows.event_row(one) for one in self._events])
            self._events.clear()
        self._flush_exams()
        self._flush_studies()

    def forget(self) -> None:
        """Drop what was read, so that a long transaction needs no more memory than a page of it."""
        self.flush()
        self._exams.clear()
        self._studies.clear()

    def _flush_exams(self) -> None:
        changed = [(one, at) for key, at in self._changed_exams.items() if (one := self._exams[key]) is not None]
        self._changed_exams.clear()
        if not changed:
            return
        upsert(self._connection, exam, [rows.exam_row(one, at) for one, at in changed])
        links = [row for one, _ in changed for row in rows.link_rows(one)]
        keys = [one.key for one, _ in changed]
        for page in _pages(keys):
            self._connection.execute(sa.delete(link).where(_exam_keys(link, page)))
        upsert(self._connection, link, links)

    def _flush_studies(self) -> None:
        changed = [(one, at) for key, at in self._changed_studies.items() if (one := self._studies[key]) is not None]
        self._changed_studies.clear()
        upsert(self._connection, study, [rows.study_row(one, at) for one, at in changed])
        for one, _ in changed:
            mine = {"node": one.key.node, "orthanc_id": one.key.orthanc_id}
            self._connection.execute(
                sa.delete(study_identifier).where(
                    study_identifier.c.node == one.key.node, study_identifier.c.orthanc_id == one.key.orthanc_id
                )
            )
            upsert(
                self._connection, study_identifier, [{"identifier": name, **mine} for name in rows.identifiers_of(one)]
            )

    def execute(self, statement: sa.Executable) -> sa.CursorResult[Any]:
        """Run a statement of the ledger itself inside this transaction."""
        result = self._connection.execute(statement)
        assert isinstance(result, sa.CursorResult)  # noqa: S101 -- for the type checker: we never ask for anything else
        return result

    def upsert(self, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
        """Insert rows or replace them."""
        upsert(self._connection, table, values)

    # Exams

    def prefetch(self, exams: Iterable[ExamKey]) -> None:
        """Read many exams at once, in key order so that two transactions never lock crosswise."""
        wanted = sorted({key for key in exams if key not in self._exams})
        self._lock(f"exam {key}" for key in wanted)
        for page in _pages(wanted):
            for data in self._connection.scalars(sa.select(exam.c.data).where(_exam_keys(exam, page))):
                found = rows.read_exam(data)
                self._exams[found.key] = found
        for key in wanted:
            self._exams.setdefault(key, None)

    def exam(self, key: ExamKey) -> Exam | None:
        """Return the exam as it stands."""
        if key not in self._exams:
            self.prefetch([key])
        return self._exams[key]

    def _lock(self, names: Iterable[str]) -> None:
        # SQLite has one writer. On PostgreSQL a row that is not there yet cannot be locked, its name can:
        # otherwise an order and its images, committed at the same moment, would not see each other.
        if self._postgres and self._writing:
            for name in names:
                self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))

    def exams_of_accession(self, accession: str) -> list[Exam]:
        """Return the exams with that accession number."""
        self._lock([f"accession {accession}"])
        return self._find_exams(exam.c.accession == accession)

    def exams_of_patient(self, tckn: str, institution: str, file_number: str) -> list[Exam]:
        """Return the exams of a patient."""
        self._lock(f"patient {one}" for one in sorted({tckn, file_number} - {""}))
        ways = []
        if tckn:
            ways.append(exam.c.tckn == tckn)
        if institution and file_number:
            ways.append(sa.and_(exam.c.institution == institution, exam.c.file_number == file_number))
        return self._find_exams(sa.or_(*ways)) if ways else []

    def exams_of_study(self, study: StudyKey) -> list[Exam]:
        """Return the exams that have the study."""
        linked = sa.select(link.c.institution, link.c.accession).where(
            link.c.node == study.node, link.c.orthanc_id == study.orthanc_id
        )
        return self._find_exams(sa.tuple_(exam.c.institution, exam.c.accession).in_(linked))

    def exams_due(self, now: datetime, limit: int) -> list[Exam]:
        """Return exams that the judge is to look at."""
        return self._find_exams(exam.c.judge_at <= now, order=exam.c.judge_at, limit=limit)

    def deferred(self, now: datetime, limit: int) -> list[ExamKey]:
        """Return exams that have deferred reports, in any order, so that some that never settle starve no other."""
        self.flush()
        found = self._connection.execute(
            sa.select(exam.c.institution, exam.c.accession)
            .where(exam.c.deferred, exam.c.changed_at <= now)
            .order_by(sa.func.random())
            .limit(limit)
        )
        return [ExamKey(institution=row.institution, accession=row.accession) for row in found]

    def _find_exams(
        self, where: sa.ColumnElement[bool], *, order: sa.ColumnElement[Any] | None = None, limit: int | None = None
    ) -> list[Exam]:
        self.flush()
        keys = sa.select(exam.c.institution, exam.c.accession).where(where)
        keys = keys.order_by(order if order is not None else exam.c.institution, exam.c.accession)
        found = [
            ExamKey(institution=row.institution, accession=row.accession)
            for row in self._connection.execute(keys.limit(limit))
        ]
        self.prefetch(found)
        return [one for key in found if (one := self._exams[key]) is not None]

    # Studies

    def study(self, key: StudyKey) -> Study | None:
        """Return a study as last read."""
        if key not in self._studies:
            query = sa.select(study.c.data).where(study.c.node == key.node, study.c.orthanc_id == key.orthanc_id)
            data = self._connection.scalar(query)
            self._studies[key] = rows.read_study(data) if data else None
        return self._studies[key]

    def studies_of_accession(self, accession: str) -> list[Study]:
        """Return studies that carry the accession number."""
        self._lock([f"accession {accession}"])
        return self._find_studies(study.c.accession == accession)

    def studies_of_patient(self, identifiers: Sequence[str]) -> list[Study]:
        """Return studies by PatientID or OtherPatientIDs."""
        self._lock(f"patient {one}" for one in sorted(set(identifiers) - {""}))
        named = sa.select(study_identifier.c.node, study_identifier.c.orthanc_id).where(
            study_identifier.c.identifier.in_([one for one in identifiers if one])
        )
        return self._find_studies(sa.tuple_(study.c.node, study.c.orthanc_id).in_(named))

    def study_by_uid(self, study_instance_uid: str) -> list[Study]:
        """Return studies with that Study Instance UID."""
        return self._find_studies(study.c.study_instance_uid == study_instance_uid)

    def unsettled_studies(self, node: str) -> list[Study]:
        """Return studies of an index that may still be arriving."""
        return self._find_studies(study.c.node == node, sa.not_(study.c.settled))

    def study_ids(self, node: str) -> set[str]:
        """Return the Orthanc ids of all studies of an index, deleted ones left out."""
        self.flush()
        query = sa.select(study.c.orthanc_id).where(study.c.node == node, sa.not_(study.c.deleted))
        return set(self._connection.scalars(query))

    def _find_studies(self, *where: sa.ColumnElement[bool]) -> list[Study]:
        self.flush()
        query = sa.select(study.c.data).where(sa.not_(study.c.deleted), *where)
        found = self._connection.scalars(query.order_by(study.c.node, study.c.orthanc_id))
        studies = [rows.read_study(data) for data in found]
        self._studies.update((one.key, one) for one in studies)
        return studies

    # Messages

    def message_with(self, sender: tuple[str, str], control_id: str) -> list[StoredMessage]:
        """Return the messages of that sender and MSH-10, oldest first."""
        query = sa.select(*_without_raw).where(
            message.c.control_id == control_id,
            message.c.sending_application == sender[0],
            message.c.sending_facility == sender[1],
        )
        return [rows.read_message(row) for row in self._connection.execute(query.order_by(message.c.id))]

    def message(self, number: int) -> StoredMessage | None:
        """Return one message, raw bytes included."""
        row = self._connection.execute(sa.select(message).where(message.c.id == number)).first()
        return rows.read_message(row) if row else None

    def add_message(self, new: NewMessage) -> int:
        """Keep a frame and return its number."""
        values = msgspec.structs.asdict(new)
        values["sending_application"], values["sending_facility"] = values.pop("sender")
        added = sa.insert(message).values(values).returning(message.c.id)
        return int(self._connection.execute(added).scalar_one())

    def answer_message(self, number: int, answer: bytes, code: str, *, transient: bool) -> None:
        """Keep what a message was answered."""
        change = sa.update(message).where(message.c.id == number)
        self._connection.execute(change.values(answer=answer, answer_code=code, transient=transient))

    # Outbox

    def queue(self, destination: str, kind: str, key: str, exam: ExamKey, payload: bytes, at: datetime) -> bool:
        """Put a delivery into the outbox; False where its key stands there already."""
        dialect = postgresql if self._postgres else sqlite
        statement = dialect.insert(outbox).on_conflict_do_nothing(index_elements=["destination", "key"])
        added = statement.values(
            destination=destination,
            kind=kind,
            key=key,
            institution=exam.institution,
            accession=exam.accession,
            payload=payload,
            state="queued",
            resume="queued",
            attempts=0,
            next_at=at,
            created_at=at,
            leased_by="",
            last_error="",
        ).returning(outbox.c.id)
        return self._connection.execute(added).first() is not None

    # Institutions and cursors

    def institutions(self) -> list[Institution]:
        """Return all institutions, by SKRS code."""
        found = self._connection.scalars(sa.select(institution.c.data).order_by(institution.c.skrs))
        return [msgspec.json.decode(data, type=Institution) for data in found]

    def record_institution(self, new: Institution, at: datetime, by: str = "") -> None:
        """Add an institution or replace it."""
        upsert(self._connection, institution, [{"skrs": new.skrs, "data": to_json(new).decode()}])
        self.append(InstitutionRecorded(at=at, skrs=new.skrs, by=by))

    def cursor(self, node: str) -> int | None:
        """Return the last change that was taken in."""
        return self._connection.scalar(sa.select(cursor.c.change).where(cursor.c.node == node))

    def move_cursor(self, node: str, to: int) -> None:
        """Record that all changes up to `to` are taken in."""
        upsert(self._connection, cursor, [{"node": node, "change": to}])


def _pages(keys: Sequence[ExamKey]) -> Iterable[Sequence[ExamKey]]:
    return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))


def _exam_keys(table: sa.Table, keys: Sequence[ExamKey]) -> sa.ColumnElement[bool]:
    pairs = [(key.institution, key.accession) for key in keys]
    return sa.tuple_(table.c.institution, table.c.accession).in_(pairs)
