"""One exam's whole life, played on a ledger in memory and really judged: what `million` clones.

Whatever distinguishes an exam is a mark here: of the form that its value has, and occurring nowhere else.
Everyone in it is made up.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gecit.core import events as e
from gecit.core.background import Background, DuplicateQuery
from gecit.core.billing import idempotency_key
from gecit.core.checks import Context
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.judge import judge
from gecit.core.matching import PATIENT_ID
from gecit.core.order import Control, ExamKey, Order, Patient
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.rulebook import Rulebook
from gecit.core.values import local
from gecit.core.verdict import Effect, Outcome, Status
from gecit.edges.store import open_ledger, schema
from gecit.ports import Transaction
from gecit.sandbox.day import PHYSICIAN, PROCEDURES, RADIOLOGIST
from gecit.sandbox.reports import REPORTS

TABLES = (
    schema.event,
    schema.study,
    schema.study_identifier,
    schema.sent_study,
    schema.link,
    schema.procedure,
    schema.duplicate_query,
    schema.exam_rule,
    schema.exam_device,
    schema.exam,
)

KEY = ExamKey(institution="918273", accession="EMSAL64738")
TCKN, UID, ORTHANC_ID, QUERY_ID = "10000000146", "1.2.826.0.1.3680043.10.64738", "emsal-study", "emsal-query"
ORDERED = datetime(2024, 2, 29, 8, 16, 23, 456789, tzinfo=UTC)
LATER = {  # the life of an exam, after the order
    "asked": timedelta(minutes=-7, microseconds=1),
    "ordered": timedelta(),
    "received": timedelta(minutes=2, microseconds=2),
    "scanned": timedelta(minutes=50, microseconds=3),
    "settled": timedelta(minutes=52, microseconds=4),
    "signed": timedelta(hours=3, microseconds=5),
    "reported": timedelta(hours=3, minutes=1, microseconds=6),
    "judged": timedelta(hours=3, minutes=2, microseconds=7),
    "told": timedelta(hours=3, minutes=3, microseconds=8),
}
AT = {name: ORDERED + after for name, after in LATER.items()}


Row = tuple[sa.Table, tuple[Any, ...]]
"""A row as SQLite holds it, without a number of its own."""


def prototype(modality: str, rulebook: Rulebook, context: Context, *, asked: bool) -> list[Row]:
    """Play one exam's life on a ledger in memory, judge it, and return all rows that stand there for it."""
    ledger = open_ledger("sqlite://")
    try:
        ledger.write(lambda tx: _live(tx, modality, rulebook, context, asked=asked))
        with ledger.engine.connect() as connection:
            return [(table, tuple(row)) for table in TABLES for row in connection.exec_driver_sql(_select(table))]
    finally:
        ledger.close()


def _live(tx: Transaction, modality: str, rulebook: Rulebook, context: Context, *, asked: bool) -> None:
    order = _order(modality)
    query = DuplicateQuery(
        id=QUERY_ID, at=AT["asked"], institution=KEY.institution, tckn=TCKN,
        sut=(order.procedures[0].sut,), physician=PHYSICIAN.identifier,
    )  # fmt: skip
    facts = _facts(modality)
    if asked:
        tx.append(e.DuplicateQueried(at=AT["asked"], query=query))
    tx.append(e.OrderPlaced(at=AT["received"], exam=KEY, order=order, message=1))
    tx.append(e.StudyFactsRecorded(at=AT["settled"], study=facts.key, facts=facts))
    tx.append(e.StudyLinked(at=AT["settled"], exam=KEY, facts=facts, path=PATIENT_ID))
    answer = e.RegistryAnswer(identifier=RADIOLOGIST.identifier, known=True, radiologist=True, source="snapshot")
    report = e.ReportReceived(at=AT["reported"], exam=KEY, report=_report(order), message=2, registry=(answer,))
    tx.append(report)
    background = Background(queries=(query,) if asked else (), ownership="public")
    tx.append(e.BackgroundRecorded(at=AT["judged"], exam=KEY, background=background))
    _judge(tx, rulebook, context, Outcome.SUBMIT if asked else Outcome.HOLD)


def _judge(tx: Transaction, rulebook: Rulebook, context: Context, expected: Outcome) -> None:
    """Judge it, and have MEDULA told where it passes."""
    exam = tx.exam(KEY)
    assert exam is not None
    verdict = judge(exam, rulebook, context, judged_at=AT["judged"], known_at=AT["judged"])
    failed = [one.rule for one in verdict.findings if one.status is Status.FAILED and one.effect is not Effect.WARN]
    if verdict.outcome is not expected or failed not in ([], ["duplicate-query-missing"]):
        raise ValueError(f"the prototype of {exam.modality} is judged {verdict.outcome.value}: {', '.join(failed)}")
    tx.append(e.ExamJudged(at=AT["judged"], exam=KEY, verdict=verdict, cause="report received"))
    if verdict.outcome is Outcome.SUBMIT:
        key = idempotency_key(exam, 1, "notify")
        tx.append(e.NotificationQueued(at=AT["judged"], exam=KEY, generation=1, key=key))
        tx.append(e.NotificationAnswered(at=AT["told"], exam=KEY, key=key, accepted=True, code="0000"))


def _order(modality: str) -> Order:
    patient = Patient(tckn=TCKN, file_number=f"D{TCKN}", family="ÖLÇÜMCÜ", given="Işıl", birth_date="19800101", sex="F")
    return Order(
        key=KEY,
        control=Control.NEW,
        patient=patient,
        procedures=(PROCEDURES[modality],),
        ordered_at=AT["ordered"],
        message_at=AT["received"],
        scheduled_at=AT["scanned"],
        modality=modality,
        physician=PHYSICIAN,
        department="1500",
        admission=f"BSV{KEY.accession}",
        tracking_number=f"SYS{KEY.accession}",
        reference=f"REF{KEY.accession}",
        clinical_information="Ölçüm istemi: ön tanı için görüntüleme",
        diagnoses=("Z01.6",),
    )


def _report(order: Order) -> Report:
    text = REPORTS[order.modality]
    return Report(
        key=KEY,
        patient=order.patient,
        status=ReportStatus.FINAL,
        parts={ReportPart(number): part for number, part in text.parts.items()},
        format=text.format,
        radiologists=(RADIOLOGIST,),
        approved_at=AT["signed"],
        message_at=AT["reported"],
        procedures=order.procedures,
        modality=order.modality,
    )


def _facts(modality: str) -> StudyFacts:
    slices = 24 if modality in ("CT", "MR") else 3
    series = SeriesFacts(
        series_instance_uid=f"{UID}.1", modality=modality, instances=slices, images=slices,
        manufacturer="Ölçüm", model="Tarayıcı 9", device_serial=f"OLC-{modality}",
    )  # fmt: skip
    dose = DoseReport(
        sop_instance_uid=f"{UID}.9",
        values=(DoseValue(code="113813", name="DLPTotal", value=512.5, unit="mGy.cm"),),
        irradiation_events=(f"{UID}.8",),
        device_serial=f"OLC-{modality}",
    )
    scanned = local(AT["scanned"])
    return StudyFacts(
        key=StudyKey(node="olcum", orthanc_id=ORTHANC_ID),
        study_instance_uid=UID,
        accession=KEY.accession,
        patient_id=TCKN,
        patient_name="ÖLÇÜMCÜ^IŞIL",
        institution=KEY.institution,
        study_date=f"{scanned:%Y%m%d}",
        study_time=f"{scanned:%H%M%S}",
        description=PROCEDURES[modality].sut_name,
        character_set="ISO_IR 192",
        calling_aet="OLCUMPACS",
        series=(series,),
        dose_reports=(dose,) if modality == "CT" else (),
        last_instance_at=AT["scanned"],
        settled=True,
    )


def columns(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of a row, but the number that the ledger gives it."""
    return [one for one in table.c if not (table is schema.event and one.name == "id")]


def _select(table: sa.Table) -> str:
    names = ", ".join(one.name for one in columns(table))
    return f"SELECT {names} FROM {table.name} ORDER BY 1, 2, 3"  # noqa: S608 -- our own names
