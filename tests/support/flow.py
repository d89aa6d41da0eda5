"""One hospital's messages and studies as values, and the steps run on them: for tests of reception and judging."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gecit.core.events import Event, RegistryAnswer
from gecit.core.exam import Exam
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.remarks import Remark, worst
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.rulebook import Rulebook
from gecit.core.values import to_json
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, NewMessage, Transaction
from gecit.steps.judge_exam import judge_due
from gecit.steps.receive_message import Answered, Incoming, Judging, receive_message
from gecit.steps.receive_study import receive_study

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ORDERED = START - timedelta(hours=1)
TCKN, OTHER_TCKN = "10000000146", "10000000214"
RADIOLOGIST, SURGEON, PHYSICIAN = "10562272296", "11111111110", "10000000382"
HOSPITAL = Institution(skrs="910001", medula_code="11910001", name="Deneme Hastanesi", aets=("CT1",))
SHIPPED = read_folder(Path(__file__).parents[2] / "rules")
NOT_ASKED = "duplicate-query-missing"
"""The one rule left out: in most stories nobody asks for duplicates, and they are of something else."""
JUDGING = Judging(rulebook=Rulebook.of(tuple(one for one in SHIPPED.rules if one.id != NOT_ASKED), SHIPPED.exemptions))
SETTLE = timedelta(seconds=60)
ASKED = {
    RADIOLOGIST: RegistryAnswer(identifier=RADIOLOGIST, known=True, radiologist=True),
    SURGEON: RegistryAnswer(identifier=SURGEON, known=True, radiologist=False),
}
DOWN: dict[str, RegistryAnswer] = {}
FINDINGS = "Her iki akciğerde patolojik yoğunluk artışı izlenmedi; mediastinal yapılar olağandır."
DOSE = DoseReport(
    sop_instance_uid="1.9", values=(DoseValue(code="113813", name="DLPTotal", value=412.5, unit="mGy.cm"),)
)


def key(accession: str = "A1") -> ExamKey:
    return ExamKey(institution=HOSPITAL.skrs, accession=accession)


def order(accession: str = "A1", control: Control = Control.NEW, *, minute: int = 0, **differs: Any) -> Order:
    clean = Order(
        key=key(accession),
        control=control,
        patient=Patient(tckn=TCKN, file_number="D-7", family="ŞAHİN", given="ÇİĞDEM"),
        procedures=(Procedure(sut="R100250", sut_name="BT, Mandibula", loinc="36938-9"),),
        ordered_at=ORDERED,
        scheduled_at=ORDERED + timedelta(minutes=minute),
        modality="CT",
        physician=Person(identifier=PHYSICIAN),
    )
    return replace(clean, **differs)


def report(accession: str = "A1", status: ReportStatus = ReportStatus.FINAL, by: str = RADIOLOGIST) -> Report:
    return Report(
        key=key(accession),
        patient=Patient(tckn=TCKN),
        status=status,
        parts={ReportPart.FINDINGS: FINDINGS, ReportPart.CONCLUSION: "Olağan."},
        radiologists=(Person(identifier=by),),
        modality="CT",
    )


def study(name: str, accession: str = "A1", images: int = 20, **differs: Any) -> StudyFacts:
    """A CT study as read from an index; without pictures it is a dose report in a study of its own."""
    modality = "CT" if images else "SR"
    series = SeriesFacts(
        series_instance_uid=f"1.2.{name}.1", modality=modality, instances=images or 1, images=images, model="Scan 16"
    )
    clean = StudyFacts(
        key=StudyKey(node="N", orthanc_id=name),
        study_instance_uid=f"1.2.{name}",
        accession=accession,
        patient_id=TCKN,
        calling_aet="CT1",
        study_date="20260302",
        study_time="080000",
        series=(series,),
        dose_reports=() if images else (DOSE,),
        last_instance_at=ORDERED,
    )
    return replace(clean, **differs)


def incoming(content: Order | Report, control_id: str, at: datetime = START, **differs: Any) -> Incoming:
    """A message as read; equal contents are equal bytes."""
    raw = to_json(content)
    clean = Incoming(
        raw=raw,
        digest=hashlib.sha256(raw).hexdigest(),
        peer="192.0.2.1",
        received_at=at,
        sender=("FIRMA", "HBYS"),
        control_id=control_id,
        institution=content.key.institution,
        accession=content.key.accession,
        content=content,
    )
    return replace(clean, **differs)


def answer(remarks: Sequence[Remark]) -> bytes:
    """Write an answer that names its severity and every remark."""
    return f"{worst(tuple(remarks)).value} {' '.join(one.code for one in remarks)}".rstrip().encode()


def send(
    ledger: SqlLedger, message: Incoming, registry: Mapping[str, RegistryAnswer] = ASKED, judging: Judging = JUDGING
) -> Answered:
    """Let one message in."""
    return ledger.write(lambda tx: receive_message(tx, message, registry, judging, answer))


def arrive(ledger: SqlLedger, facts: StudyFacts, now: datetime = START) -> StudyFacts:
    """Let one study be read."""
    return ledger.write(lambda tx: receive_study(tx, facts, (HOSPITAL,), now, SETTLE, 40))


def judge(ledger: SqlLedger, now: datetime = START, role: str = "Node") -> int:
    """Judge what is due; return how many exams that were."""
    return ledger.write(lambda tx: judge_due(tx, JUDGING, now, role))


def exam(ledger: SqlLedger, accession: str = "A1") -> Exam:
    found = ledger.read(lambda tx: tx.exam(key(accession)))
    assert found is not None
    return found


def kinds(ledger: SqlLedger, accession: str = "A1") -> list[str]:
    return [type(one).__name__ for one in ledger.timeline(key(accession))]


def events(ledger: SqlLedger, kind: type[Event], accession: str = "A1") -> list[Event]:
    return [one for one in ledger.timeline(key(accession)) if isinstance(one, kind)]


def register(ledger: SqlLedger, *institutions: Institution) -> None:
    def work(tx: Transaction) -> None:
        for one in institutions:
            tx.record_institution(one, START)

    ledger.write(work)


def keep(message: Incoming) -> NewMessage:
    return NewMessage(
        received_at=message.received_at,
        peer=message.peer,
        institution=message.institution,
        sender=message.sender,
        control_id=message.control_id,
        digest=message.digest,
        raw=message.raw,
    )


def orm_wire(
    accession: str = "A1",
    control: str = "NW",
    *,
    control_id: str = "1",
    institution: str = "910001",
    tckn: str = TCKN,
    family: str = "ŞAHİN",
    charset: str = "UTF8",
    codec: str = "utf-8",
    loinc: str = "^36938-9^BT^LNC",
    facility: str = "HBYS",
) -> bytes:
    """An ORM^O01 in the Ministry's layout."""
    text = (
        f"MSH|^~\\&|FIRMA|{facility}|GECIT|NODE|20260302080000||ORM^O01|{control_id}|P|2.3.1||||||{charset}\r"
        f"PID|1||D-7|{tckn}|{family}^ÇİĞDEM\r"
        "PV1|1|O|||||||||||||||||KABUL9\r"
        f"ORC|{control}|{accession}|||SC||||20260302080000|||{PHYSICIAN}|||||||||{institution}\r"
        f"OBR|1|{accession}|{accession}|R100250^BT, Mandibula^SUT{loinc}||20260302080000"
        f"||||||||||||{accession}||||||CT||||||||||||20260302080000\r"
    )
    return text.encode(codec)


def oru_wire(
    accession: str = "A1",
    *,
    by: str = RADIOLOGIST,
    control_id: str = "2",
    institution: str = "910001",
    findings: str = FINDINGS,
    status: str = "F",
    tckn: str = TCKN,
) -> bytes:
    """An ORU^R01 in the Ministry's layout."""

    def part(text: str, number: int) -> str:
        return f"{base64.b64encode(text.encode()).decode()}^{number}"

    text = (
        f"MSH|^~\\&|FIRMA|HBYS|GECIT|NODE|20260302090000||ORU^R01|{control_id}|P|2.3.1||||||UTF8\r"
        f"PID|1||D-7|{tckn}|ŞAHİN^ÇİĞDEM\r"
        f"ORC|RE|{accession}|||||||||||||||||||{institution}\r"
        f"OBR|1|{accession}|{accession}|R100250^BT^SUT|||20260302085900|||||||||||{accession}||||||CT\r"
        f"OBX|1|TX|TXT^BASE64||{part(findings, 3)}~{part('Olağan.', 4)}||||||{status}||4^5|||{by}^UZMAN^ŞÜKRÜ\r"
    )
    return text.encode()
