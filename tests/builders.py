"""Named exams that pass everything, and what a case may change of them: the vocabulary of rules/cases/*.toml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.events import RegistryAnswer
from gecit.core.exam import Exam, LinkedStudy, ReceivedReport
from gecit.core.facts import DoseReport, SeriesFacts, StudyFacts, StudyKey
from gecit.core.order import Control, ExamKey, Order, Patient, Person, Procedure
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.core.values import ISTANBUL, local

TCKN = "10000000146"
RADIOLOGIST = "10562272296"
OTHER_PHYSICIAN = "10000000214"
KEY = ExamKey(institution="900001", accession="A1")
DAY = datetime(2024, 5, 14, 10, 0, tzinfo=ISTANBUL)
NOW = datetime(2024, 5, 15, 9, 0, tzinfo=UTC)
LOINC = {"CT": "24725-4", "MG": "24606-6", "MR": "24590-2", "US": "24558-9", "DX": "36643-5", "ES": "24558-9"}
WITH_DOSE = ("CT", "MG")


def order(modality: str = "CT", **changes: Any) -> Order:
    """An order that passes every rule."""
    return replace(
        Order(
            key=KEY,
            control=Control.NEW,
            patient=Patient(tckn=TCKN, file_number="D-1", family="ÖRNEK", given="İpek", birth_date="19800101"),
            procedures=(Procedure(sut="R100250", loinc=LOINC.get(modality, "24725-4")),),
            ordered_at=DAY,
            modality=modality,
        ),
        **changes,
    )


def facts(modality: str = "CT", **changes: Any) -> StudyFacts:
    """A settled study of ten pictures, with a dose report where the modality has dose."""
    series = SeriesFacts(
        series_instance_uid="1.2.3.1",
        modality=modality,
        instances=10,
        images=10,
        manufacturer="Acme",
        model="Scan 16",
        device_serial="S-16",
    )
    doses = (DoseReport(sop_instance_uid="1.2.3.9"),) if modality in WITH_DOSE else ()
    study = StudyFacts(
        key=StudyKey(node="n", orthanc_id="o1"),
        study_instance_uid="1.2.3",
        accession=KEY.accession,
        patient_id=TCKN,
        study_date="20240514",
        study_time="103000",
        series=(series,),
        dose_reports=doses,
        settled=True,
    )
    return replace(study, **changes)


def linked(study: StudyFacts, path: str = "accession+patient-id") -> LinkedStudy:
    """A study of the exam."""
    return LinkedStudy(facts=study, path=path, linked_at=DAY)


def received(
    signer: str = RADIOLOGIST, *, radiologist: bool = True, known: bool = True, asked: bool = True, **changes: Any
) -> ReceivedReport:
    """A final report, with what the registry said of its signer."""
    report = Report(
        key=KEY,
        patient=Patient(tckn=TCKN),
        status=ReportStatus.FINAL,
        parts={ReportPart.FINDINGS: "Olağan bulgular.", ReportPart.CONCLUSION: "Normal."},
        radiologists=(Person(identifier=signer),),
    )
    answer = RegistryAnswer(identifier=signer, known=known, radiologist=radiologist)
    return ReceivedReport(
        report=replace(report, **changes),
        received_at=DAY + timedelta(hours=3),
        message=2,
        registry=(answer,) if asked else (),
    )


def clean(modality: str = "CT") -> Exam:
    """An exam that passes every rule that is in force."""
    return Exam(
        key=KEY,
        order=order(modality),
        order_received_at=DAY,
        order_changed_at=DAY,
        studies=(linked(facts(modality)),),
        reports=(received(),),
    )


BASES: dict[str, Callable[[], Exam]] = {
    "clean CT": lambda: clean("CT"),
    "clean MG": lambda: clean("MG"),
    "clean MR": lambda: clean("MR"),
    "clean US": lambda: clean("US"),
    "clean X-ray": lambda: clean("DX"),
    "clean endoscopy": lambda: clean("ES"),
}


def _of_order(exam: Exam, **changes: Any) -> Exam:
    assert exam.order is not None
    return replace(exam, order=replace(exam.order, **changes))


def _of_study(exam: Exam, **changes: Any) -> Exam:
    return replace(exam, studies=tuple(replace(one, facts=replace(one.facts, **changes)) for one in exam.studies))


def _of_report(exam: Exam, **changes: Any) -> Exam:
    return replace(exam, reports=tuple(replace(one, **changes) for one in exam.reports))


def _order_date(exam: Exam, value: datetime) -> Exam:
    at = local(value)
    return replace(_of_order(exam, ordered_at=at), order_received_at=at, order_changed_at=at)


def _loinc(exam: Exam, value: str) -> Exam:
    assert exam.order is not None
    return _of_order(exam, procedures=tuple(replace(one, loinc=value) for one in exam.order.procedures))


def _tckn(exam: Exam, value: str) -> Exam:
    assert exam.order is not None
    return _of_order(exam, patient=replace(exam.order.patient, tckn=value))


def _images(exam: Exam, value: int) -> Exam:
    if not value:
        return replace(exam, studies=())
    series = tuple(replace(one, images=value) for one in exam.studies[0].facts.series)
    return _of_study(exam, series=series)


def _report(exam: Exam, value: str) -> Exam:
    if value == "none":
        return replace(exam, reports=())
    status = {"preliminary": "P", "final": "F", "corrected": "C"}[value]
    return _of_report(exam, report=replace(received().report, status=ReportStatus(status)))


SIGNERS = {
    "radiologist": lambda: received(),
    "other physician": lambda: received(OTHER_PHYSICIAN, radiologist=False),
    "nobody in the registry": lambda: received(OTHER_PHYSICIAN, radiologist=False, known=False),
    "registry not asked": lambda: received(asked=False),
    "none": lambda: received(""),
}


def _signer(exam: Exam, value: str) -> Exam:
    new = SIGNERS[value]()
    return replace(exam, reports=tuple(replace(new, received_at=one.received_at) for one in exam.reports))


# What `given` may say beside `base`; applied in the order in which a case writes them.
CHANGES: dict[str, Callable[[Exam, Any], Exam]] = {
    "order_date": _order_date,
    "order": lambda exam, value: exam if value else replace(exam, order=None, order_received_at=None),
    "control": lambda exam, value: _of_order(exam, control=Control(value)),
    "modality": lambda exam, value: _of_order(exam, modality=value),
    "tckn": _tckn,
    "loinc": _loinc,
    "dose": lambda exam, value: exam if value else _of_study(exam, dose_reports=()),
    "settled": lambda exam, value: _of_study(exam, settled=value),
    "images": _images,
    "study": lambda exam, value: exam if value else replace(exam, studies=()),
    "report": _report,
    "signer": _signer,
    "report_received": lambda exam, value: _of_report(exam, received_at=local(value)),
}


def exam_of(given: dict[str, Any]) -> Exam:
    """Build the exam that a case describes; KeyError for a word that is not in the vocabulary."""
    exam = BASES[given["base"]]()
    for name, value in given.items():
        if name != "base":
            exam = CHANGES[name](exam, value)
    return exam
