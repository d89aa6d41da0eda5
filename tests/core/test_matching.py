"""Which study is of which exam: the rule of guide 5.2 and the 40 minutes of 5.4, transcribed a second time."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core import matching
from gecit.core.facts import DoseReport, DoseValue, SeriesFacts, StudyFacts, StudyKey
from gecit.core.matching import dose_path, match, near_misses, same_acquisition
from gecit.core.order import Control, ExamKey, Order, Patient, Person

TCKN, OTHER_TCKN, PHYSICIAN = "10000000146", "10562272296", "11111111110"
ORDER = Order(
    key=ExamKey(institution="910001", accession="A1"),
    control=Control.NEW,
    patient=Patient(tckn=TCKN, file_number="D-7"),
    procedures=(),
    modality="CT",
    physician=Person(identifier=PHYSICIAN),
    scheduled_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
)
PICTURES = (SeriesFacts(series_instance_uid="1.2.1", modality="CT", instances=3, images=3),)
STUDY = StudyFacts(
    key=StudyKey(node="N", orthanc_id="s1"),
    study_instance_uid="1.2",
    accession="A1",
    patient_id=TCKN,
    institution="910001",
    study_date="20260302",
    study_time="090000",
    series=PICTURES,
)
CT_DOSE = DoseReport(
    sop_instance_uid="1.9", values=(DoseValue(code="113813", name="DLPTotal", value=1, unit="mGy.cm"),)
)
MG_DOSE = DoseReport(sop_instance_uid="1.8", values=(DoseValue(code="111637", name="AGD", value=1, unit="mGy"),))
SR = replace(
    STUDY,
    key=StudyKey(node="N", orthanc_id="s2"),
    study_instance_uid="1.3",
    accession="",
    series=(SeriesFacts(series_instance_uid="1.3.1", modality="SR", instances=1, images=0),),
    dose_reports=(CT_DOSE,),
)


@pytest.mark.parametrize(
    ("study", "path"),
    [
        ({}, "accession+patient-id"),
        ({"patient_id": "X", "other_patient_ids": ("Y", TCKN)}, "accession+other-patient-id"),
        ({"other_patient_ids": (TCKN,)}, "accession+other-patient-id"),
        ({"patient_id": "D-7"}, "accession+file-number"),
        ({"patient_id": "D-7", "institution": ""}, None),  # a file number says nothing without its institution
        ({"patient_id": "d-7"}, None),
        ({"patient_id": ""}, None),
        ({"patient_id": OTHER_TCKN}, None),
        ({"accession": "A1 "}, "accession+patient-id"),
        ({"accession": "a1"}, None),
        ({"accession": ""}, None),
        ({"accession": "A2"}, None),
        ({"institution": ""}, "accession+patient-id"),
        ({"institution": "910002"}, None),
    ],
)
def test_accession_and_patient_must_both_agree(study: dict[str, object], path: str | None) -> None:
    assert match(replace(STUDY, **study), ORDER) == path


def test_empty_numbers_never_agree_with_each_other() -> None:
    nameless = replace(ORDER, patient=Patient())
    assert match(replace(STUDY, patient_id="", other_patient_ids=("",)), nameless) is None


def test_another_institution_may_perform_where_the_order_says_so() -> None:
    elsewhere = replace(STUDY, institution="910002")
    assert match(elsewhere, replace(ORDER, performing_institution="910002")) == "accession+patient-id"
    assert match(elsewhere, replace(ORDER, performing_institution="910003")) is None
    assert match(replace(elsewhere, patient_id="D-7"), replace(ORDER, performing_institution="910002")) is None


def sibling(**changes: object) -> Order:
    return replace(ORDER, key=ExamKey(institution="910001", accession="A2"), **changes)


@pytest.mark.parametrize(("minutes", "together"), [(0, True), (39, True), (40, True), (41, False), (-40, True)])
def test_one_acquisition_serves_orders_within_forty_minutes(minutes: int, together: bool) -> None:
    assert ORDER.scheduled_at
    other = sibling(scheduled_at=ORDER.scheduled_at + timedelta(minutes=minutes))
    assert same_acquisition(ORDER, other, 40) is together
    assert same_acquisition(other, ORDER, 40) is together


@pytest.mark.parametrize(
    "changes",
    [
        {"patient": Patient(tckn=OTHER_TCKN)},
        {"patient": Patient(file_number="D-7")},
        {"physician": Person(identifier=OTHER_TCKN)},
        {"physician": Person()},
        {"modality": "MR"},
        {"modality": ""},
        {"scheduled_at": None},
        {"key": ExamKey(institution="910002", accession="A2")},
        {"key": ORDER.key},
    ],
)
def test_orders_that_differ_in_anything_else_share_nothing(changes: dict[str, object]) -> None:
    assert not same_acquisition(ORDER, replace(sibling(), **changes), 40)


def test_a_time_without_zone_is_turkish_time() -> None:
    assert same_acquisition(ORDER, sibling(scheduled_at=datetime(2026, 3, 2, 12, 0)), 0)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"study_instance_uid": "1.2", "patient_id": "?"}, "dose:study-uid"),
        ({"accession": "A1", "patient_id": ""}, "dose:accession"),
        ({"accession": "A1", "patient_id": OTHER_TCKN}, None),
        ({"accession": "A9"}, None),
        ({}, "dose:patient-and-time"),
        ({"study_time": "105959"}, "dose:patient-and-time"),
        ({"study_time": "110001"}, None),
        ({"study_time": ""}, "dose:patient-and-time"),
        ({"study_time": "", "study_date": "20260303"}, None),
        ({"study_time": "", "study_date": ""}, None),
        ({"patient_id": OTHER_TCKN}, None),
        ({"patient_id": ""}, None),
        ({"dose_reports": (MG_DOSE,)}, None),
        ({"dose_reports": ()}, None),
        ({"institution": "910002"}, None),
    ],
)
def test_a_dose_report_apart_is_tied_by_uid_then_accession_then_patient_and_time(
    changes: dict[str, object], path: str | None
) -> None:
    assert dose_path(replace(SR, **changes), ORDER, [STUDY]) == path


def test_a_dose_report_without_accession_needs_pictures_to_be_tied_to() -> None:
    assert dose_path(SR, ORDER, []) is None


def test_pictures_with_a_dose_report_are_no_dose_report_apart() -> None:
    assert dose_path(replace(SR, series=PICTURES), ORDER, [STUDY]) is None


@pytest.mark.parametrize(
    ("study", "reasons"),
    [
        ({"accession": ""}, (matching.NO_ACCESSION,)),
        ({"accession": "A9"}, (matching.NO_ORDER,)),
        ({"patient_id": ""}, (matching.NO_PATIENT_ID,)),
        ({"institution": "910002"}, (matching.OTHER_INSTITUTION,)),
        ({"patient_id": OTHER_TCKN}, (matching.PATIENT_DIFFERS,)),
        ({}, ()),
    ],
)
def test_a_near_miss_says_what_to_mend(study: dict[str, object], reasons: tuple[object, ...]) -> None:
    assert near_misses(replace(STUDY, **study), [ORDER]) == reasons
