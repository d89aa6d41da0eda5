"""One transaction of the ledger: read through, fold in memory, write everything at commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from gecit.core.background import DuplicateQuery, EarlierExam, Outage
from gecit.core.events import Event, ExamEvent, InstitutionRecorded, StudyEvent, TrialRemoved
from gecit.core.exam import Exam, Study, fold_exam, fold_study
from gecit.core.facts import StudyKey
from gecit.core.order import ExamKey
from gecit.core.values import Text, to_json
from gecit.core.webhooks import Subscription
from gecit.ports import Incident, Institution

from . import alerts, rows, webhooks
from .asked import Asked
from .consultations import Consulted
from .disclosures import Disclosing
from .exams import Change, same_facts, write_exams
from .kept import Kept
from .openings import OpeningTx
from .peer import PeerDesk
from .reading import Desk
from .retention import RetentionTx
from .schema import event, exam, institution, link, procedure, rulebook, sent_study, study, study_identifier
from .sharing import SharingTx
from .sql import of_exams, pages, upsert
from .trials import TrialTx
from .worklist import sent_study_row

# Names in one order, so that two transactions never wait crosswise for what they lock together.
_LOCK = sa.text(
    "SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0)))"
    " FROM (SELECT DISTINCT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY name) AS named"
)


# Made once: making a statement costs as much as carrying it out.
_ADD_EVENT = sa.insert(event)
NEWEST_RESTORE = (
    sa.select(event.c.id, event.c.data)
    .where(sa.text("kind = 'LedgerRestored'"))  # literal, so that SQLite takes the partial index
    .order_by(event.c.id.desc())
    .limit(1)
)
_EXAMS = sa.select(exam.c.data).where(of_exams(exam))
_INSTITUTIONS = sa.select(institution.c.data).order_by(institution.c.skrs)


class SqlTransaction(Desk, Disclosing, Consulted, SharingTx, RetentionTx, OpeningTx, TrialTx, PeerDesk, Kept):
    """Implements `ports.Transaction` on one connection.

    `alone`: nobody else folds before it ends. It locks no name then: PostgreSQL keeps all locks of all transactions in
    one table, of some ten thousand by default, and whoever folds the whole ledger would fill it.
    """

    def __init__(self, connection: sa.Connection, *, writing: bool, alone: bool = False) -> None:
        super().__init__(connection)
        self._locking = self._postgres and writing and not alone
        self._held: set[str] = set()
        self._known: list[Institution] | None = None
        self._webhooks: list[Subscription] | None = None
        self._exams: dict[ExamKey, Exam | None] = {}
        self._studies: dict[StudyKey, Study | None] = {}
        self._events: list[Event] = []
        self._changed_exams: dict[ExamKey, tuple[Exam | None, datetime]] = {}  # as it was before, and the last change
        self._facts_changed = False  # of an exam, since the last flush
        self._changed_studies: dict[StudyKey, datetime] = {}
        self._asked = Asked(connection, self._lock, self._foreseen)

    def connection(self) -> sa.Connection:
        """Return what it stands on, for rows that are written with it and are no event."""
        return self._connection

    # Events

    def append(self, event: Event) -> None:
        """Record an event and fold it."""
        self._events.append(event)
        self.fold(event)

    def fold(self, event: Event) -> None:
        """Fold an event that stands in the ledger already."""
        match event:
            case ExamEvent():
                self._fold_exam(event)
            case StudyEvent():
                self._foreseen.study_changed()
                self._studies[event.study] = fold_study(self.study(event.study), event)
                self._changed_studies[event.study] = event.at
            case TrialRemoved():
                self._take_out(event)
            case _:
                self._asked.fold(event)
                self.fold_peer(event)

    def since_restore(self, exam: ExamKey) -> tuple[datetime, list[Event]] | None:
        """Return when the ledger was last put back from a backup, and the exam's events since; None = it never was."""
        restored = self._connection.execute(NEWEST_RESTORE).first()
        if restored is None:
            return None
        self.flush()
        mine = (event.c.institution == exam.institution, event.c.accession == exam.accession)
        query = sa.select(event.c.data).where(*mine, event.c.id > restored.id).order_by(event.c.id)
        return rows.read_event(restored.data).at, [rows.read_event(one) for one in self._connection.scalars(query)]

    def _fold_exam(self, event: ExamEvent) -> None:
        before = self.exam(event.exam)
        after = fold_exam(before, event)
        first = self._changed_exams[event.exam][0] if event.exam in self._changed_exams else before
        self._changed_exams[event.exam] = (first, event.at)
        self._exams[event.exam] = after
        if not same_facts(before, after):
            self._facts_changed = True
            self._foreseen.exam_changed(before, after)

    def _take_out(self, event: TrialRemoved) -> None:
        self.flush()
        self.take_out(event)
        self._exams.update(dict.fromkeys(event.exams))
        self._studies.update(dict.fromkeys(event.studies))
        self._asked.forget()

    def flush(self) -> None:
        """Write what was appended. Searches that were not foreseen flush first, to see its own events."""
        self.flush_messages()
        if self._events:
            self._connection.execute(_ADD_EVENT, [rows.event_row(one) for one in self._events])
            self._events.clear()
        self._flush_exams()
        self._flush_studies()
        self._asked.flush()

    def forget(self) -> None:
        """Drop what was read, so that a long transaction needs no more memory than a page of it."""
        self.flush()
        self._exams.clear()
        self._studies.clear()
        self._asked.forget()

    def _flush_exams(self) -> None:
        changes = [
            Change(before, after, at)
            for key, (before, at) in self._changed_exams.items()
            if (after := self._exams[key]) is not None
        ]
        self._changed_exams.clear()
        self._facts_changed = False
        write_exams(self._connection, changes)

    def _flush_studies(self) -> None:
        changed = [(one, at) for key, at in self._changed_studies.items() if (one := self._studies[key]) is not None]
        self._changed_studies.clear()
        upsert(self._connection, study, [rows.study_row(one, at) for one, at in changed])
        upsert(self._connection, sent_study, [sent_study_row(one) for one, _ in changed])
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

    def execute_many(self, statement: sa.Executable, values: Sequence[dict[str, Any]]) -> None:
        """Run a statement of the ledger itself once for each row of values."""
        self._connection.execute(statement, values)

    def upsert(self, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
        """Insert rows or replace them."""
        upsert(self._connection, table, values)

    # Exams

    def prefetch(self, exams: Iterable[ExamKey]) -> None:
        """Read many exams at once, in key order so that two transactions never lock crosswise."""
        wanted = sorted({key for key in exams if key not in self._exams})
        self._lock(f"exam {key}" for key in wanted)
        for page in pages(wanted):
            for data in self._connection.scalars(_EXAMS, page):
                found = rows.read_exam(data)
                self._exams[found.key] = found
        for key in wanted:
            self._exams.setdefault(key, None)

    def exam(self, key: ExamKey) -> Exam | None:
        """Return the exam as it stands."""
        if key not in self._exams:
            self.prefetch([key])
        return self._exams[key]

    def foresee(
        self, keys: Iterable[ExamKey], patients: Iterable[str], messages: Iterable[tuple[tuple[str, str], str]]
    ) -> None:
        """Read at once what taking messages in will ask; searches for these then answer from memory."""
        wanted, numbers, controls = sorted(set(keys)), sorted(set(patients) - {""}), list(messages)
        self._lock([*(f"accession {one.accession}" for one in wanted), *(f"patient {one}" for one in numbers)])
        self.prefetch(wanted)
        self.flush()
        exams = [found for one in wanted if (found := self._exams[one])]
        uids = {study.facts.study_instance_uid for one in exams for study in one.studies}
        named = [one for one in controls if one[1]]  # nobody asks for messages without a control id
        self._foreseen.read([one.accession for one in wanted], numbers, uids, named)
        if controls:
            self.reserve_messages(len(controls))

    def _lock(self, names: Iterable[str]) -> None:
        # SQLite has one writer. On PostgreSQL a row that is not there yet cannot be locked, its name can:
        # otherwise an order and its images, committed at the same moment, would not see each other.
        if self._locking:
            wanted = dict.fromkeys(one for one in names if one not in self._held)
            if wanted:
                self._connection.execute(_LOCK, {"names": list(wanted)})
                self._held.update(wanted)

    def exams_of_accession(self, accession: str) -> list[Exam]:
        """Return the exams with that accession number."""
        self._lock([f"accession {accession}"])
        return self._find_exams(exam.c.accession == accession)

    def exams_of_patient(self, tckn: str, institution: str, file_number: str) -> list[Exam]:
        """Return the exams of a patient."""
        foreseen = self._foreseen.exams_of_tckn(tckn) if not file_number else None
        if foreseen is not None:
            return self._exams_by_key(foreseen)
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

    def due(self, now: datetime, limit: int) -> list[tuple[ExamKey, str]]:
        """Return the keys of exams that the judge is to look at, with their patients' TCKNs."""
        self.flush()
        query = sa.select(exam.c.institution, exam.c.accession, exam.c.tckn).where(exam.c.judge_at <= now)
        found = self._connection.execute(query.order_by(exam.c.judge_at, exam.c.accession).limit(limit))
        return [(ExamKey(institution=row.institution, accession=row.accession), row.tckn) for row in found]

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
        if self._changed_exams:
            self.flush()
        keys = sa.select(exam.c.institution, exam.c.accession).where(where)
        keys = keys.order_by(order if order is not None else exam.c.institution, exam.c.accession)
        found = [
            ExamKey(institution=row.institution, accession=row.accession)
            for row in self._connection.execute(keys.limit(limit))
        ]
        return self._exams_by_key(found)

    def _exams_by_key(self, keys: Sequence[ExamKey]) -> list[Exam]:
        self.prefetch(keys)
        return [one for key in keys if (one := self._exams[key]) is not None]

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
        foreseen = self._foreseen.studies_of_accession(accession)
        if foreseen is not None:
            return foreseen
        self._lock([f"accession {accession}"])
        return self._find_studies(study.c.accession == accession)

    def studies_of_patient(self, identifiers: Sequence[str]) -> list[Study]:
        """Return studies by PatientID or OtherPatientIDs."""
        foreseen = self._foreseen.studies_of_patient(identifiers)
        if foreseen is not None:
            return foreseen
        self._lock(f"patient {one}" for one in sorted(set(identifiers) - {""}))
        named = sa.select(study_identifier.c.node, study_identifier.c.orthanc_id).where(
            study_identifier.c.identifier.in_([one for one in identifiers if one])
        )
        return self._find_studies(sa.tuple_(study.c.node, study.c.orthanc_id).in_(named))

    def study_by_uid(self, study_instance_uid: str) -> list[Study]:
        """Return studies with that Study Instance UID."""
        foreseen = self._foreseen.study_by_uid(study_instance_uid)
        if foreseen is not None:
            return foreseen
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
        if self._changed_studies:
            self.flush()
        query = sa.select(study.c.data).where(sa.not_(study.c.deleted), *where)
        found = self._connection.scalars(query.order_by(study.c.node, study.c.orthanc_id))
        studies = [rows.read_study(data) for data in found]
        self._studies.update((one.key, one) for one in studies)
        return studies

    # Earlier exams, duplicate queries, outages

    def earlier_exams(self, tckn: str, suts: Sequence[str]) -> list[EarlierExam]:
        """Return a patient's procedures with one of the SUT codes, oldest first; nobody's without a TCKN."""
        foreseen = self._foreseen.earlier_exams(tckn, suts)
        if foreseen is not None:
            return foreseen
        if self._facts_changed:  # a verdict moves no procedure: a round of judging is written in one go
            self.flush()
        wanted = sorted({one for one in suts if one})
        if not tckn or not wanted:
            return []
        mine = sa.and_(procedure.c.tckn == tckn, procedure.c.sut.in_(wanted), sa.not_(procedure.c.cancelled))
        of = procedure.outerjoin(institution, institution.c.skrs == procedure.c.institution)
        query = sa.select(*procedure.c, institution.c.data.label("recorded")).select_from(of).where(mine)
        order = (procedure.c.ordered_at.nulls_first(), *procedure.primary_key)
        found = self._connection.execute(query.order_by(*order)).all()
        return [rows.read_procedure(row._asdict(), rows.name_of(row.recorded)) for row in found]

    def duplicate_queries(self, tckn: str, since: datetime, until: datetime) -> list[DuplicateQuery]:
        """Return the queries for a patient in a stretch of time, ends included, oldest first."""
        return self._asked.of_patient(tckn, since, until)

    def duplicate_query(self, query_id: str) -> DuplicateQuery | None:
        """Return one query with what was opened since."""
        return self._asked.query(query_id)

    def outages(self, since: datetime, until: datetime) -> list[Outage]:
        """Return the outages that overlap a stretch of time, oldest first."""
        return self._asked.outages(since, until)

    # Institutions, and what is in force

    def revision_in_force(self) -> str:
        """Return the revision of the rulebook in force; empty before the first."""
        return self._connection.scalar(sa.select(rulebook.c.revision).order_by(rulebook.c.id.desc()).limit(1)) or ""

    def institutions(self) -> list[Institution]:
        """Return all institutions, by SKRS code."""
        if self._known is None:
            found = self._connection.scalars(_INSTITUTIONS)
            self._known = [msgspec.json.decode(data, type=Institution) for data in found]
        return self._known

    def record_institution(self, new: Institution, at: datetime, by: str = "") -> None:
        """Add an institution or replace it."""
        self._known = None
        upsert(self._connection, institution, [{"skrs": new.skrs, "data": to_json(new).decode()}])
        self.append(InstitutionRecorded(at=at, skrs=new.skrs, by=by))

    # Webhooks, incidents

    def webhooks(self) -> list[Subscription]:
        """Return the subscriptions in force, oldest first."""
        if self._webhooks is None:
            self._webhooks = webhooks.in_force(self._connection)
        return self._webhooks

    def add_webhook(self, subscription: Subscription) -> None:
        """Add a subscription."""
        self._webhooks = None
        self.append(webhooks.add(self._connection, subscription))

    def remove_webhook(self, number: str, at: datetime, by: str) -> bool:
        """End a subscription and what waits for it."""
        self._webhooks = None
        event = webhooks.remove(self._connection, number, at, by)
        if event is not None:
            self.append(event)
        return event is not None

    def open_incidents(self) -> list[Incident]:
        """Return what is wrong as far as it was noticed; nobody else opens or closes one until commit."""
        self._lock(["incidents"])
        return alerts.still_open(self._connection)

    def open_incident(self, key: str, text: Text, at: datetime) -> Incident:
        """Record that something is wrong."""
        return alerts.begin(self._connection, key, text, at)

    def close_incident(self, number: int, at: datetime) -> None:
        """Record that it is well again."""
        alerts.end(self._connection, number, at)
