"""Between core values and rows: the columns beside the JSON are derived here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec

from gecit.core.background import DuplicateQuery, EarlierExam
from gecit.core.dates import date_of
from gecit.core.events import AnyEvent, Event, ExamEvent, StudyEvent
from gecit.core.exam import Exam, Study
from gecit.core.listing import devices, keeping_back, listed_at
from gecit.core.order import ExamKey, Procedure
from gecit.core.values import to_json
from gecit.ports import Delivery, Institution, StoredMessage

_events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)
_exams = msgspec.json.Decoder(Exam)
_studies = msgspec.json.Decoder(Study)
_queries = msgspec.json.Decoder(DuplicateQuery)

NEVER = datetime.min.replace(tzinfo=UTC)


@cache
def kind_of(event: type[Event]) -> str:
    """Return an event's name in the ledger."""
    return event.__name__


def event_row(event: Event) -> dict[str, Any]:
    """Return the row of an event."""
    exam = event.exam if isinstance(event, ExamEvent) else None
    study = event.study if isinstance(event, StudyEvent) else None
    return {
        "at": event.at,
        "kind": kind_of(type(event)),
        "institution": exam.institution if exam else None,
        "accession": exam.accession if exam else None,
        "node": study.node if study else None,
        "study": study.orthanc_id if study else None,
        "data": to_json(event).decode(),
    }


def read_event(data: str) -> Event:
    """Decode an event; the tag chooses its type."""
    event: Event = _events.decode(data)
    return event


def exam_row(exam: Exam, changed_at: datetime) -> dict[str, Any]:
    """Return the row of an exam."""
    procedures = _procedures(exam)
    return {
        "institution": exam.key.institution,
        "accession": exam.key.accession,
        "tckn": exam.patient.tckn,
        "file_number": exam.patient.file_number,
        "modality": exam.modality,
        "sut": procedures[0].sut if procedures else "",
        "ordered_at": _date(exam, "order_date"),
        "listed_at": listed_at(exam),
        **judged_columns(exam, changed_at),
    }


def judged_columns(exam: Exam, changed_at: datetime) -> dict[str, Any]:
    """Return what changes in the row of an exam while its order, reports and studies do not."""
    return {
        "outcome": exam.verdict.outcome.value if exam.verdict else "",
        "billing": exam.billing.value,
        "judge_at": exam.judge_at,
        "deferred": bool(exam.deferred_reports),
        "changed_at": changed_at,
        "data": to_json(exam).decode(),
    }


def rule_rows(exam: Exam) -> list[dict[str, Any]]:
    """Return the rows by which an exam is found for the rules that keep it back."""
    common = {**_key(exam), "listed_at": listed_at(exam)}
    return [{**common, "rule": rule, "status": said.value} for rule, said in sorted(keeping_back(exam).items())]


def device_rows(exam: Exam) -> list[dict[str, Any]]:
    """Return the rows by which an exam is found for the devices that made its pictures."""
    common = {**_key(exam), "listed_at": listed_at(exam)}
    return [
        {**common, "device": one.name, "modality": one.modality, "label": one.label, "dose": one.dose}
        for one in devices(exam)
    ]


def _key(exam: Exam) -> dict[str, str]:
    return {"institution": exam.key.institution, "accession": exam.key.accession}


def procedure_rows(exam: Exam) -> list[dict[str, Any]]:
    """Return the rows that a duplicate query finds the exam by, one for each OBR group."""
    common = {
        "institution": exam.key.institution,
        "accession": exam.key.accession,
        "tckn": exam.patient.tckn,
        "modality": exam.modality,
        "ordered_at": _date(exam, "order_date"),
        "scheduled_at": exam.order.scheduled_at if exam.order else None,
        "performed_at": _date(exam, "performed_date"),
        "cancelled": exam.cancelled,
        "images": exam.images > 0,
        "report": exam.report is not None,
    }
    return [
        {**common, "number": number, "sut": one.sut, "description": one.sut_name or one.loinc_name}
        for number, one in enumerate(_procedures(exam), start=1)
    ]


def _procedures(exam: Exam) -> tuple[Procedure, ...]:
    if exam.order:
        return exam.order.procedures
    return exam.report.report.procedures if exam.report else ()


def _date(exam: Exam, name: str) -> datetime | None:
    """Return one of the exam's dates that does not hang on the present instant."""
    return date_of(exam, name, NEVER)


_EARLIER = (
    "institution", "accession", "sut", "description", "ordered_at", "scheduled_at", "performed_at", "images", "report",
)  # fmt: skip


def read_procedure(row: Mapping[str, Any], institution_name: str) -> EarlierExam:
    """Turn a procedure's row into what a duplicate query finds."""
    return EarlierExam(institution_name=institution_name, **{name: row[name] for name in _EARLIER})


def name_of(recorded: str | None) -> str:
    """Return an institution's name out of its row; empty for one that is not recorded."""
    return msgspec.json.decode(recorded, type=Institution).name if recorded else ""


def query_row(query: DuplicateQuery) -> dict[str, Any]:
    """Return the row of a duplicate query."""
    return {
        "id": query.id,
        "at": query.at,
        "institution": query.institution,
        "tckn": query.tckn,
        "physician": query.physician,
        "state": query.state.value,
        "data": to_json(query).decode(),
    }


def read_query(data: str) -> DuplicateQuery:
    """Decode a duplicate query."""
    return _queries.decode(data)


def read_exam(data: str) -> Exam:
    """Decode an exam."""
    return _exams.decode(data)


def study_row(study: Study, changed_at: datetime) -> dict[str, Any]:
    """Return the row of a study."""
    return {
        "node": study.key.node,
        "orthanc_id": study.key.orthanc_id,
        "study_instance_uid": study.facts.study_instance_uid,
        "accession": study.facts.accession,
        "settled": study.facts.settled,
        "deleted": study.deleted,
        "changed_at": changed_at,
        "data": to_json(study).decode(),
    }


def read_study(data: str) -> Study:
    """Decode a study."""
    return _studies.decode(data)


def identifiers_of(study: Study) -> tuple[str, ...]:
    """Return what a patient's studies are found by."""
    facts = study.facts
    return tuple(sorted({one for one in (facts.patient_id, *facts.other_patient_ids) if one}))


def link_rows(exam: Exam) -> list[dict[str, Any]]:
    """Return the rows that say which studies an exam has."""
    return [
        {
            "node": one.facts.key.node,
            "orthanc_id": one.facts.key.orthanc_id,
            "institution": exam.key.institution,
            "accession": exam.key.accession,
        }
        for one in exam.studies
    ]


def read_message(row: Any) -> StoredMessage:
    """Turn a row into a message; `raw` may be left out of the row."""
    return StoredMessage(
        id=row.id,
        received_at=row.received_at,
        peer=row.peer,
        institution=row.institution,
        sender=(row.sending_application, row.sending_facility),
        control_id=row.control_id,
        digest=row.digest,
        raw=bytes(getattr(row, "raw", b"")),
        answer=bytes(row.answer),
        answer_code=row.answer_code,
        transient=row.transient,
    )


def read_delivery(row: Any) -> Delivery:
    """Turn a row of the outbox into a delivery."""
    leased = row.state == "leased"
    return Delivery(
        id=row.id,
        destination=row.destination,
        kind=row.kind,
        key=row.key,
        exam=ExamKey(institution=row.institution, accession=row.accession),
        payload=bytes(row.payload),
        state=row.resume if leased else row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        created_at=row.created_at,
        leased_by=row.leased_by,
        leased_until=row.next_at if leased else None,
        last_error=row.last_error,
    )
