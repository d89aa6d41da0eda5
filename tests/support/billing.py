"""A clock moved by hand, exams that pass, and a judge in one line: what tests of billing need."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import msgspec

from gecit.core import events as e
from gecit.core.exam import Exam
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.verdict import Outcome, Verdict
from gecit.ports import Institution, Ledger, Transaction
from gecit.steps.notify_medula import plan

START = datetime(2024, 3, 1, 9, 0, tzinfo=UTC)
INSTITUTION = Institution(skrs="999001", medula_code="11999001", name="Deneme Hastanesi")


class HandClock:
    """Time stands until somebody moves it."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def forward(self, **passed: float) -> None:
        with self._lock:
            self._now += timedelta(**passed)


def key(number: int = 1) -> ExamKey:
    return ExamKey(institution="999001", accession=f"GT{number:06}")


def order(exam: ExamKey, control: Control = Control.NEW, **differs: object) -> Order:
    clean = Order(
        key=exam,
        control=control,
        patient=Patient(tckn="10000000146", family="DENEME", given="AYŞE"),
        procedures=(Procedure(sut="R100250", sut_name="BT, Mandibula", loinc="36938-9"),),
        ordered_at=datetime(2024, 3, 1, 8, 0, tzinfo=UTC),
        modality="CT",
        physician=Person(identifier="10000090314"),
    )
    return msgspec.structs.replace(clean, **differs)


def report(exam: ExamKey) -> Report:
    return Report(
        key=exam,
        patient=Patient(tckn="10000000146"),
        status=ReportStatus.FINAL,
        parts={ReportPart.FINDINGS: "Bulgular", ReportPart.CONCLUSION: "Sonuç"},
        radiologists=(Person(identifier="10000090178"),),
        approved_at=datetime(2024, 3, 1, 8, 50, tzinfo=UTC),
    )


def facts(exam: ExamKey) -> StudyFacts:
    ctdi = DoseValue(code="113830", name="CTDIvol", value=12.5, unit="mGy", event_uid="1.2.3.9")
    dlp = DoseValue(code="113838", name="DLP", value=410.0, unit="mGy.cm", event_uid="1.2.3.9")
    other = DoseValue(code="113835", name="CTDIw", value=11.0, unit="mGy", event_uid="1.2.3.9")
    return StudyFacts(
        key=StudyKey(node="node", orthanc_id=exam.accession),
        study_instance_uid=f"1.2.3.{exam.accession[2:].lstrip('0')}",
        accession=exam.accession,
        series=(SeriesFacts(series_instance_uid="1.2.3.4", modality="CT", instances=20, images=20),),
        # Two reports of the same irradiation event: cumulative reports repeat what came before
        dose_reports=tuple(DoseReport(sop_instance_uid=f"1.2.{n}", values=(ctdi, dlp, other)) for n in (1, 2)),
        settled=True,
    )


def arrive(ledger: Ledger, exam: ExamKey, at: datetime) -> None:
    """Let order, images and report of a clean CT be recorded."""

    def work(tx: Transaction) -> None:
        tx.append(e.OrderPlaced(at=at, exam=exam, order=order(exam), message=1))
        tx.append(e.StudyLinked(at=at, exam=exam, facts=facts(exam), path="accession+patient-id"))
        tx.append(e.ReportReceived(at=at, exam=exam, report=report(exam), message=2))

    ledger.write(work)


def verdict(outcome: Outcome, at: datetime = START) -> Verdict:
    return Verdict(outcome=outcome, findings=(), judged_at=at, known_at=at, rulebook="r1")


def judge(
    ledger: Ledger,
    exam: ExamKey,
    outcome: Outcome,
    at: datetime,
    role: str = "Node",
    medula_code: str = INSTITUTION.medula_code,
) -> Exam:
    """Judge an exam with a given outcome, as the judge's step does, and return it."""

    def work(tx: Transaction) -> Exam:
        said = verdict(outcome, at)
        tx.append(e.ExamJudged(at=at, exam=exam, verdict=said))
        before = tx.exam(exam)
        assert before is not None
        plan(tx, before, said, msgspec.structs.replace(INSTITUTION, medula_code=medula_code), at, role)
        after = tx.exam(exam)
        assert after is not None
        return after

    return ledger.write(work)


def exam_of(ledger: Ledger, exam: ExamKey) -> Exam:
    found = ledger.read(lambda tx: tx.exam(exam))
    assert found is not None
    return found
