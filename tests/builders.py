"""Named exams that pass everything, and what a case may change of them: the vocabulary of rules/cases/*.toml."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.background import Answering, Background, DuplicateQuery, EarlierExam
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
WITH_QUERY = ("CT", "MR")
SUT = "R100250"


def order(modality: str = "CT", **changes: Any) -> Order:
    """An order that passes every rule."""
    return replace(
        Order(
            key=KEY,
            control=Control.NEW,
            patient=Patient(tckn=TCKN, file_number="D-1", family="ÖRNEK", given="İpek", birth_date="19800101"),
            procedures=(Procedure(sut=SUT, loinc=LOINC.get(modality, "24725-4")),),
            ordered_at=DAY,
            modality=modality,
            physician=Person(identifier=OTHER_PHYSICIAN, family="DENEME", given="Işıl"),
            clinical_information="Baş ağrısı",
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
    return LinkedStudy(facts=study, path=path, linked_at=DAY + timedelta(hours=1))


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
        request_reason_rating=4,
        image_quality_rating=5,
    )
    answer = RegistryAnswer(identifier=signer, known=known, radiologist=radiologist)
    return ReceivedReport(
        report=replace(report, **changes),
        received_at=DAY + timedelta(hours=3),
        message=2,
        registry=(answer,) if asked else (),
    )


def query(**changes: Any) -> DuplicateQuery:
    """A query that was answered with nothing found, five minutes before the order."""
    asked = DuplicateQuery(
        id="q1",
        at=DAY - timedelta(minutes=5),
        institution=KEY.institution,
        tckn=TCKN,
        sut=(SUT,),
        physician=OTHER_PHYSICIAN,
    )
    return replace(asked, **changes)


def earlier(**changes: Any) -> EarlierExam:
    """An exam of the same patient and SUT code, performed with images and report three months before."""
    ordered = DAY - timedelta(days=90)
    exam = EarlierExam(
        institution="900002",
        accession="B7",
        sut=SUT,
        ordered_at=ordered,
        performed_at=ordered,
        images=True,
        report=True,
    )
    return replace(exam, **changes)


def clean(modality: str = "CT") -> Exam:
    """An exam that passes every rule that is in force."""
    return Exam(
        key=KEY,
        order=order(modality),
        order_received_at=DAY,
        order_changed_at=DAY,
        studies=(linked(facts(modality)),),
        reports=(received(),),
        background=Background(queries=(query(),) if modality in WITH_QUERY else (), ownership="public"),
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


def _of_background(exam: Exam, **changes: Any) -> Exam:
    return replace(exam, background=replace(exam.background, **changes))


def _order_date(exam: Exam, value: datetime) -> Exam:
    """Another order date; its messages come at once, and its queries stay as far from it as they were."""
    at, before = local(value), _ordered(exam)
    moved = tuple(replace(one, at=one.at + (at - before)) for one in exam.background.queries)
    exam = _of_background(exam, queries=moved)
    return replace(_of_order(exam, ordered_at=at), order_received_at=at, order_changed_at=at)


def _ordered(exam: Exam) -> datetime:
    assert exam.order is not None
    assert exam.order.ordered_at is not None
    return exam.order.ordered_at


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


def _sut(exam: Exam, value: list[str]) -> Exam:
    assert exam.order is not None
    first = exam.order.procedures[0]
    return _of_order(exam, procedures=tuple(replace(first, sut=one) for one in value))


def _queried(exam: Exam, value: bool | int | datetime | dict[str, Any]) -> Exam:
    """False = never; a number = minutes after the order (below 0: before it); a table = more than when."""
    if value is False:
        return _of_background(exam, queries=())
    told: dict[str, Any] = value if isinstance(value, dict) else {"at": -5 if value is True else value}
    at = told.get("at", -5)
    asked = {**told, "at": local(at) if isinstance(at, datetime) else _ordered(exam) + timedelta(minutes=at)}
    asked |= {"state": Answering(told["state"])} if "state" in told else {}
    asked |= {"sut": tuple(told["sut"])} if "sut" in told else {}
    asked |= {"found": tuple(_earlier(one) for one in told["found"])} if "found" in told else {}
    return _of_background(exam, queries=(query(**asked),))


def _earlier(told: dict[str, Any]) -> EarlierExam:
    """`ordered`, `performed` (false = unknown), and the fields of EarlierExam by their names."""
    dates = {f"{name}_at": told.get(name) or None for name in ("ordered", "performed", "scheduled")}
    dates["performed_at"] = told.get("performed", dates["ordered_at"]) or None
    others = {name: one for name, one in told.items() if name not in ("ordered", "performed", "scheduled")}
    return earlier(**{name: one and local(one) for name, one in dates.items()}, **others)


def _earlier_exam(exam: Exam, value: datetime | dict[str, Any]) -> Exam:
    told = value if isinstance(value, dict) else {"ordered": value}
    return _of_background(exam, earlier=(*exam.background.earlier, _earlier(told)))


def _device_serial(exam: Exam, value: str | list[str]) -> Exam:
    """The device that made the images; of a list, each one a series of its own."""
    serials = [value] if isinstance(value, str) else value
    first = exam.studies[0].facts.series[0]
    return _of_study(exam, series=tuple(replace(first, device_serial=one) for one in serials))


def _study_date(exam: Exam, value: datetime) -> Exam:
    return _of_study(exam, study_date=f"{value:%Y%m%d}", study_time=f"{value:%H%M%S}")


def _part(part: ReportPart) -> Callable[[Exam, str], Exam]:
    def change(exam: Exam, value: str) -> Exam:
        told = received().report
        return _of_report(exam, report=replace(told, parts={**told.parts, part: value}))

    return change


def _ratings(exam: Exam, value: list[int]) -> Exam:
    reason, quality = value or (None, None)
    told = replace(received().report, request_reason_rating=reason, image_quality_rating=quality)
    return _of_report(exam, report=told)


def _report(exam: Exam, value: str) -> Exam:
    if value == "none":
        return replace(exam, reports=())
    status = {"preliminary": "P", "final": "F", "corrected": "C", "addendum": "B"}[value]
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
    "queried": _queried,
    "earlier_exam": _earlier_exam,
    "repeat_reason": lambda exam, value: _of_order(exam, repeat_reason=value),
    "sut": _sut,
    "ownership": lambda exam, value: _of_background(exam, ownership=value),
    "uid_elsewhere": lambda exam, value: _of_background(exam, uid_elsewhere=tuple(value)),
    "device_serial": _device_serial,
    "slices": _images,
    "study_date": _study_date,
    "linked": lambda exam, value: replace(
        exam, studies=tuple(replace(s, linked_at=local(value)) for s in exam.studies)
    ),
    "order_received": lambda exam, value: replace(exam, order_received_at=local(value), order_changed_at=local(value)),
    "clinical_information": lambda exam, value: _of_order(exam, clinical_information=value),
    "findings_part": _part(ReportPart.FINDINGS),
    "conclusion_part": _part(ReportPart.CONCLUSION),
    "ratings": _ratings,
    "report_received": lambda exam, value: _of_report(exam, received_at=local(value)),
}


def exam_of(given: dict[str, Any]) -> Exam:
    """Build the exam that a case describes; KeyError for a word that is not in the vocabulary."""
    exam = BASES[given["base"]]()
    for name, value in given.items():
        if name != "base":
            exam = CHANGES[name](exam, value)
    return exam
