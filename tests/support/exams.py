"""Exams as pages meet them, all of them synthetic: a held CT, a clean CT, an exam that nobody judged yet."""

from datetime import timedelta

from msgspec.structs import replace

from gecit.core import events as e
from gecit.core.exam import Exam, Study, fold_exam
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.report import Document, Report, ReportPart, ReportStatus
from gecit.core.values import Text
from gecit.core.verdict import Effect, Finding, Outcome, Status, Verdict
from gecit.edges.store import SqlLedger
from gecit.edges.store.exams import Change, write_exams
from gecit.steps.attach_report import document_uids
from tests.fakes import NOON, FakeViews

TCKN = "10000000146"
HELD = ExamKey(institution="910001", accession="CT-İ/7")
CLEAN = ExamKey(institution="910001", accession="20260302001")
FRESH = ExamKey(institution="910002", accession="MR9")


def finding(rule: str, status: Status, effect: Effect = Effect.HOLD, **more: object) -> Finding:
    title = Text(tr=f"{rule} kuralı", en=f"{rule} rule")
    return Finding(rule=rule, status=status, effect=effect, title=title, **more)  # type: ignore[arg-type]


DOSE_MISSING = finding(
    "dose-report",
    Status.FAILED,
    reason=Text(tr="BT için doz raporu gelmedi.", en="No dose report has arrived for the CT."),
    fix=Text(tr="Cihazın doz SR gönderimini açın.", en="Switch on the device's dose SR."),
    who="modality",
    where="113701^DCM",
    expected="1",
    found="0",
)
PASSED = finding("loinc-code", Status.PASSED)
WARNED = finding("patient-id", Status.FAILED, Effect.WARN, found=f"PatientID {TCKN}")
EXCUSED = finding("duplicate-query-missing", Status.EXCUSED, exemptions=("2021-08-31",))


def facts(key: ExamKey, doses: tuple[DoseReport, ...] = ()) -> StudyFacts:
    series = SeriesFacts(
        series_instance_uid="1.2.3.4", modality="CT", instances=3, images=3, manufacturer="ACME", model="Tarayıcı 9"
    )
    return StudyFacts(
        key=StudyKey(node="N1", orthanc_id=f"study-of-{key.accession}"),
        study_instance_uid="1.2.826.0.1.3680043.8.498.11111111111111111111111111111111111111",
        accession=key.accession,
        patient_id=TCKN,
        patient_name="ŞAHİN^AYŞEGÜL",
        study_date="20260302",
        description="TORAKS BT",
        calling_aet="BT1",
        series=(series,),
        dose_reports=doses,
        settled=True,
    )


def order(key: ExamKey) -> Order:
    return Order(
        key=key,
        control=Control.NEW,
        patient=Patient(tckn=TCKN, file_number="D-12", family="ŞAHİN", given="AYŞEGÜL"),
        procedures=(Procedure(sut="804000", sut_name="Toraks BT", loinc="24627-2"),),
        ordered_at=NOON,
        modality="CT",
        physician=Person(identifier=TCKN, family="ÇELİK", given="Ömer"),
    )


def report(key: ExamKey) -> Report:
    return Report(
        key=key,
        patient=Patient(tckn=TCKN),
        status=ReportStatus.FINAL,
        parts={ReportPart.FINDINGS: "…"},
        radiologists=(Person(identifier=TCKN, family="YILDIZ", given="Işıl"),),
        approved_at=NOON,
    )


def verdict(outcome: Outcome, *findings: Finding) -> Verdict:
    return Verdict(outcome=outcome, findings=findings, judged_at=NOON, known_at=NOON, rulebook="0123456789abcdef")


def life(key: ExamKey) -> list[e.ExamEvent]:
    dose = DoseReport(
        sop_instance_uid="1.2.9", values=(DoseValue(code="113813", name="DLPTotal", value=412.5, unit="mGy.cm"),)
    )
    held = key == HELD
    return [
        e.OrderPlaced(exam=key, at=NOON, order=order(key), message=1),
        e.StudyLinked(exam=key, at=NOON, facts=facts(key, () if held else (dose,)), path="accession + PatientID"),
        *([e.ReportReceived(exam=key, at=NOON, report=report(key), message=2)] if held else versions(key)),
        e.ExamJudged(
            exam=key,
            at=NOON,
            verdict=verdict(Outcome.HOLD, PASSED, EXCUSED, WARNED, DOSE_MISSING)
            if held
            else verdict(Outcome.SUBMIT, PASSED),
        ),
    ]


def versions(key: ExamKey) -> list[e.ExamEvent]:
    """A preliminary report, the final one, a preliminary one that came late, an addendum; the final one attached."""
    asked = (
        e.RegistryAnswer(identifier=TCKN, known=True, radiologist=True),
        e.RegistryAnswer(identifier="10000000214", known=True, radiologist=False),
    )
    second = Person(identifier="10000000214", family="ÖZ", given="Nuri")
    final = replace(
        report(key),
        radiologists=(*report(key).radiologists, second),
        request_reason_rating=4,
        image_quality_rating=5,
        contrast="IV^İyoheksol^300",
    )
    sent = [
        replace(report(key), status=ReportStatus.PRELIMINARY),
        final,
        replace(report(key), status=ReportStatus.PRELIMINARY),
        replace(report(key), status=ReportStatus.ADDENDUM),
    ]
    received: list[e.ExamEvent] = [
        e.ReportReceived(exam=key, at=NOON + timedelta(minutes=number), report=one, message=number, registry=asked)
        for number, one in enumerate(sent, start=2)
    ]
    uid = document_uids(key, 2, facts(key).study_instance_uid, Document.SR).instance
    attached = e.ReportAttached(
        exam=key,
        at=NOON + timedelta(minutes=9),
        study=facts(key).key,
        sop_instance_uid=uid,
        version=2,
        document=Document.SR,
    )
    return [*received, attached]


def fold(events: list[e.ExamEvent]) -> Exam:
    exam: Exam | None = None
    for one in events:
        exam = fold_exam(exam, one)
    assert exam
    return exam


def fill(views: FakeViews) -> None:
    """Put a held, a clean and a fresh exam there, and a study without an order."""
    placed = e.OrderPlaced(exam=FRESH, at=NOON + timedelta(minutes=1), order=order(FRESH), message=3)
    for events in (life(HELD), life(CLEAN), [placed]):
        views.exams.append(fold(events))
        views.events[events[0].exam] = list(events)
    lost = facts(ExamKey(institution="", accession="KAYIP-1"))
    views.studies.append(Study(key=lost.key, facts=lost, first_seen_at=NOON, read_at=NOON))


def record(ledger: SqlLedger) -> None:
    """Record in a ledger what `fill` puts into the fake."""
    placed = e.OrderPlaced(exam=FRESH, at=NOON + timedelta(minutes=1), order=order(FRESH), message=3)
    lost = facts(ExamKey(institution="", accession="KAYIP-1"))
    happened = [*life(HELD), *life(CLEAN), placed, e.StudyFactsRecorded(study=lost.key, at=NOON, facts=lost)]
    ledger.write(lambda tx: [tx.append(one) for one in happened])


def put(ledger: SqlLedger, exam: Exam) -> None:
    """Let an exam stand in a ledger as it is given, whatever its events say."""
    with ledger.engine.begin() as connection:
        write_exams(connection, [Change(None, exam, NOON)])
