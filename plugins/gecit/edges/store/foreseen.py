"""What a transaction will be asked for, read at once: a group of messages costs a few questions, not a dozen each.

Each search answers None for what was not foreseen; the ledger is asked then. What the transaction itself changes is
followed here, so that a foreseen search needs nothing written first.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from gecit.core.background import DuplicateQuery, EarlierExam
from gecit.core.exam import Exam, Study
from gecit.core.order import ExamKey
from gecit.ports import NewMessage, StoredMessage

from . import rows
from .schema import duplicate_query, exam, institution, message, procedure, study, study_identifier
from .sql import PAGE

T = TypeVar("T")
Control = tuple[tuple[str, str], str]
"""MSH-3 and MSH-4, MSH-10."""

WITHOUT_RAW = [column for column in message.c if column.name != "raw"]

Wanted = Sequence[sa.BindParameter[str]]


def _exams(wanted: Wanted) -> sa.Select[Any]:
    return sa.select(exam.c.tckn, exam.c.institution, exam.c.accession).where(exam.c.tckn.in_(wanted))


def _studies_by(column: sa.Column[str]) -> Callable[[Wanted], sa.Select[Any]]:
    def question(wanted: Wanted) -> sa.Select[Any]:
        return (
            sa.select(column, study.c.data)
            .where(column.in_(wanted), sa.not_(study.c.deleted))
            .order_by(study.c.node, study.c.orthanc_id)
        )

    return question


_studies_by_accession, _studies_by_uid = _studies_by(study.c.accession), _studies_by(study.c.study_instance_uid)


def _studies_by_identifier(wanted: Wanted) -> sa.Select[Any]:
    same = sa.and_(study.c.node == study_identifier.c.node, study.c.orthanc_id == study_identifier.c.orthanc_id)
    return (
        sa.select(study_identifier.c.identifier, study.c.data)
        .join(study, same)
        .where(study_identifier.c.identifier.in_(wanted), sa.not_(study.c.deleted))
        .order_by(study.c.node, study.c.orthanc_id)
    )


def _procedures(wanted: Wanted) -> sa.Select[Any]:
    return (
        sa.select(*procedure.c, institution.c.data.label("recorded"))
        .select_from(procedure.outerjoin(institution, institution.c.skrs == procedure.c.institution))
        .where(procedure.c.tckn.in_(wanted), sa.not_(procedure.c.cancelled))
    )


def _queries(wanted: Wanted) -> sa.Select[Any]:
    return (
        sa.select(duplicate_query.c.tckn, duplicate_query.c.data)
        .where(duplicate_query.c.tckn.in_(wanted))
        .order_by(duplicate_query.c.at, duplicate_query.c.id)
    )


def _messages(wanted: Wanted) -> sa.Select[Any]:
    return (
        sa.select(*WITHOUT_RAW)
        .where(
            message.c.control_id.in_(wanted),  # which two hospitals may well count alike
            message.c.sending_facility == sa.bindparam("facility"),
            message.c.sending_application == sa.bindparam("application"),
        )
        .order_by(message.c.id)
    )


Question = Callable[[Wanted], sa.Select[Any]]
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, PAGE)


@cache
def _of(question: Question, size: int) -> sa.Select[Any]:
    """Make a question for so many values: made once, since making a statement costs as much as asking it.

    A list that grows and shrinks would be written anew each time, by us and, on PostgreSQL, planned anew.
    """
    return question([sa.bindparam(f"wanted{number}") for number in range(size)])


class Foreseen:
    """Answers searches from what was read at once; `name_of` gives an institution's name by its SKRS code."""

    def __init__(self, connection: sa.Connection, name_of: Callable[[str], str]) -> None:
        self._connection = connection
        self._name_of = name_of
        self._by_tckn: dict[str, list[ExamKey]] = {}
        self._studies: dict[str, dict[str, list[Study]]] = {"accession": {}, "identifier": {}, "uid": {}}
        self._procedures: dict[str, list[_Row]] = {}
        self._queries: dict[str, list[DuplicateQuery]] = {}
        self._messages: dict[Control, list[StoredMessage]] = {}

    def read(
        self, accessions: Iterable[str], identifiers: Iterable[str], uids: Iterable[str], controls: Iterable[Control]
    ) -> None:
        """Read what is found by these; `identifiers` are TCKNs and file numbers, `uids` Study Instance UIDs."""
        numbers, patients = sorted(set(accessions)), sorted(set(identifiers) - {""})
        _fill(self._by_tckn, patients, self._exam_keys(patients))
        for kind, question, wanted in (
            ("accession", _studies_by_accession, numbers),
            ("identifier", _studies_by_identifier, patients),
            ("uid", _studies_by_uid, sorted(set(uids) - {""})),
        ):
            found = ((row[0], rows.read_study(row.data)) for row in self._ask(question, wanted))
            _fill(self._studies[kind], wanted, found)
        _fill(self._procedures, patients, ((row.tckn, _row_of(row)) for row in self._ask(_procedures, patients)))
        for one in patients:
            self._procedures[one].sort(key=_place)
        found_queries = ((row.tckn, rows.read_query(row.data)) for row in self._ask(_queries, patients))
        _fill(self._queries, patients, found_queries)
        self._read_messages(set(controls))

    def _read_messages(self, controls: set[Control]) -> None:
        for control in controls:
            self._messages[control] = []
        for application, facility in {sender for sender, _ in controls}:
            wanted = sorted(one for sender, one in controls if sender == (application, facility))
            for row in self._ask(_messages, wanted, application=application, facility=facility):
                one = rows.read_message(row)
                self._messages[one.sender, one.control_id].append(one)

    def _exam_keys(self, patients: Sequence[str]) -> list[tuple[str, ExamKey]]:
        found = self._ask(_exams, patients)
        return sorted((tckn, ExamKey(institution=skrs, accession=accession)) for tckn, skrs, accession in found)

    def _ask(self, question: Question, wanted: Sequence[str], **more: str) -> Iterator[Any]:
        for start in range(0, len(wanted), PAGE):
            some = wanted[start : start + PAGE]
            size = next(one for one in _SIZES if one >= len(some))
            filled = [*some, *[some[-1]] * (size - len(some))]  # asking for one twice finds it once
            values = {f"wanted{number}": one for number, one in enumerate(filled)}
            yield from self._connection.execute(_of(question, size), {**values, **more})

    # Searches

    def exams_of_tckn(self, tckn: str) -> list[ExamKey] | None:
        """Return a patient's exams, in key order."""
        return self._by_tckn.get(tckn)

    def studies_of_accession(self, accession: str) -> list[Study] | None:
        """Return studies that carry an accession number."""
        return self._studies["accession"].get(accession)

    def study_by_uid(self, study_instance_uid: str) -> list[Study] | None:
        """Return studies with a Study Instance UID."""
        return self._studies["uid"].get(study_instance_uid)

    def studies_of_patient(self, identifiers: Sequence[str]) -> list[Study] | None:
        """Return studies that carry one of the identifiers, if all of these were foreseen."""
        found = [self._studies["identifier"].get(one) for one in identifiers if one]
        if any(one is None for one in found):
            return None
        together = {study.key: study for some in found for study in some or ()}
        return [together[key] for key in sorted(together)]

    def earlier_exams(self, tckn: str, suts: Sequence[str]) -> list[EarlierExam] | None:
        """Return a patient's procedures, oldest first."""
        found = self._procedures.get(tckn)
        return None if found is None else [one.procedure for one in found if one.procedure.sut in suts]

    def queries(self, tckn: str) -> list[DuplicateQuery] | None:
        """Return a patient's duplicate queries, oldest first."""
        return self._queries.get(tckn)

    def messages(self, control: Control) -> list[StoredMessage] | None:
        """Return the messages of a sender's control id, oldest first."""
        return self._messages.get(control)

    # What the transaction changes

    def exam_changed(self, before: Exam | None, after: Exam) -> None:
        """Follow an exam whose order, reports or studies changed."""
        key, was, now = after.key, before.patient.tckn if before else "", after.patient.tckn
        if was != now or before is None:
            _remove(self._by_tckn, was, key)
            _add(self._by_tckn, now, key)
        self._procedures_changed(key, {was, now}, after)

    def _procedures_changed(self, key: ExamKey, patients: set[str], after: Exam) -> None:
        for tckn in patients & self._procedures.keys():
            self._procedures[tckn] = [one for one in self._procedures[tckn] if one.key != key]
        if after.patient.tckn in self._procedures and not after.cancelled:
            name = self._name_of(key.institution)
            for values in rows.procedure_rows(after):
                row = _Row(key, values["number"], rows.read_procedure(values, name))
                insort(self._procedures[after.patient.tckn], row, key=_place)

    def study_changed(self) -> None:
        """Forget studies: what is asked of them next is asked of the ledger."""
        for kind in self._studies.values():
            kind.clear()

    def query_changed(self) -> None:
        """Forget duplicate queries."""
        self._queries.clear()

    def message_added(self, number: int, new: NewMessage) -> None:
        """Follow a message that the transaction keeps, or answers."""
        known = self._messages.get((new.sender, new.control_id))
        if known is not None:
            one = StoredMessage(id=number, **{**msgspec.structs.asdict(new), "raw": b""})
            known[:] = [*(other for other in known if other.id != number), one]

    def message_changed(self, number: int) -> None:
        """Forget a message that stood in the ledger and was answered anew."""
        for control, known in list(self._messages.items()):
            if any(one.id == number for one in known):
                del self._messages[control]


class _Row:
    """A procedure with its place in the ledger's order."""

    __slots__ = ("key", "number", "procedure")

    def __init__(self, key: ExamKey, number: int, found: EarlierExam) -> None:
        self.key, self.number, self.procedure = key, number, found


def _row_of(row: Any) -> _Row:
    key = ExamKey(institution=row.institution, accession=row.accession)
    return _Row(key, row.number, rows.read_procedure(row._asdict(), rows.name_of(row.recorded)))


def _place(one: _Row) -> tuple[bool, float, str, str, int]:
    ordered_at = one.procedure.ordered_at  # none comes first
    moment = ordered_at.timestamp() if ordered_at else 0.0
    return ordered_at is not None, moment, one.key.institution, one.key.accession, one.number


def _fill(kept: dict[Any, list[T]], wanted: Iterable[Any], found: Iterable[tuple[Any, T]]) -> None:
    for key in wanted:
        kept[key] = []
    for key, one in found:
        if key in kept:
            kept[key].append(one)


def _add(kept: dict[str, list[ExamKey]], name: str, key: ExamKey) -> None:
    if name in kept and key not in kept[name]:
        insort(kept[name], key)


def _remove(kept: dict[str, list[ExamKey]], name: str, key: ExamKey) -> None:
    if name in kept and key in kept[name]:
        kept[name].remove(key)
