"""A ledger with earlier exams of one patient, a clock and a desk: what tests of the duplicate query need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gecit.core import events as e
from gecit.core.background import EarlierExam
from gecit.core.duplicate_question import Question
from gecit.core.facts import SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.store import SqlLedger
from gecit.ports import Institution, Refused, Transaction, Unavailable

NOW = datetime(2024, 7, 15, 9, 0, tzinfo=UTC)
ASKING = Institution(skrs="910001", medula_code="11910001", name="Soran Hastane")
OTHER = Institution(skrs="910002", medula_code="11910002", name="Çeken Hastane")
TCKN, NOBODY, PHYSICIAN = "10000000146", "10000000214", "10000000382"
SUT, OTHER_SUT = "801590", "R100250"


def question(**differs: Any) -> Question:
    told = {"medula_code": ASKING.medula_code, "tckn": TCKN, "suts": (SUT,), "physician": PHYSICIAN, **differs}
    return Question(**told)


def record(ledger: SqlLedger, accession: str, days_ago: float, **told: Any) -> ExamKey:
    """Let an exam be ordered some days ago, with images and report unless told otherwise."""
    key = ExamKey(institution=told.get("institution", OTHER.skrs), accession=accession)
    at = told.get("now", NOW) - timedelta(days=days_ago)
    patient = Patient(tckn=told.get("tckn", TCKN), family="DENEME", given="ŞÜKRÜ")
    sut = told.get("sut", SUT)
    order = Order(
        key=key,
        control=Control.NEW,
        patient=patient,
        procedures=(Procedure(sut=sut, sut_name="Mamografi", loinc="24606-6"),),
        ordered_at=at,
        modality="MG",
        physician=Person(identifier=PHYSICIAN),
    )

    def work(tx: Transaction) -> None:
        tx.append(e.OrderPlaced(at=at, exam=key, order=order, message=1))
        if told.get("images", True):
            tx.append(e.StudyLinked(at=at, exam=key, facts=facts(key), path="accession+patient-id"))
        if told.get("report", True):
            tx.append(e.ReportReceived(at=at, exam=key, report=report(key, patient, **told), message=2))

    ledger.write(work)
    return key


def facts(key: ExamKey) -> StudyFacts:
    series = SeriesFacts(series_instance_uid=f"1.2.{key.accession[1:]}.1", modality="MG", instances=4, images=4)
    return StudyFacts(
        key=StudyKey(node="n", orthanc_id=f"{key.institution}-{key.accession}"),
        study_instance_uid=f"1.2.{key.accession[1:]}",
        accession=key.accession,
        study_date="20240501",
        study_time="101500",
        series=(series,),
        settled=True,
    )


def report(key: ExamKey, patient: Patient, **told: Any) -> Report:
    return Report(
        key=key,
        patient=patient,
        status=ReportStatus.FINAL,
        parts={
            ReportPart.FINDINGS: told.get("findings", "Bulgular: ğüşiöç olağan."),
            ReportPart.CONCLUSION: "Sonuç: 5 < 6.",
        },
        format=told.get("format", "TXT"),
        radiologists=(Person(identifier="10000090178"),),
    )


def open_for_business(ledger: SqlLedger) -> SqlLedger:
    """Record the two institutions."""

    def work(tx: Transaction) -> None:
        for one in (ASKING, OTHER):
            tx.record_institution(one, NOW - timedelta(days=900))

    ledger.write(work)
    return ledger


class FakeService:
    """A service above in memory; `fails` is raised by every method."""

    name = "above"

    def __init__(self, *found: EarlierExam) -> None:
        self.found = found
        self.fails: Unavailable | Refused | None = None
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.fails:
            raise self.fails

    def previous_studies(self, medula_code: str, tckn: str, suts: Sequence[str], physician: str) -> list[EarlierExam]:
        self._ask()
        return [one for one in self.found if one.sut in suts]

    def opened(self, medula_code: str, tckn: str, suts: Sequence[str]) -> dict[str, bool]:
        self._ask()
        return {OTHER_SUT: True}

    def report(self, reference: str) -> str:
        self._ask()
        return f"report of {reference}"

    def image_link(self, reference: str) -> str:
        self._ask()
        return f"https://above.example/{reference}"


def above(**differs: Any) -> EarlierExam:
    told = {
        "institution": "920001",
        "accession": "X1",
        "sut": SUT,
        "performed_at": NOW - timedelta(days=40),
        "images": True,
        "report": True,
        "source": "above",
        "reference": "77",
        **differs,
    }
    return EarlierExam(**told)
