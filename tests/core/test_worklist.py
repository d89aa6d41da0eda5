from datetime import timedelta

import pytest
from msgspec.structs import replace

from gecit.core.exam import Exam, LinkedStudy
from gecit.core.order import Control, ExamKey, Patient, Person, Procedure
from gecit.core.worklist import (
    STEP,
    Asking,
    attributes,
    description,
    entry_of,
    may_find,
    name_of,
    protocol_codes,
    requested_code,
    step_id,
    study_uid,
)
from tests.builders import DAY, KEY, TCKN, facts, order

ASKING = Asking(aet="CT1")


def exam(**changes: object) -> Exam:
    return replace(Exam(key=KEY, order=order(), order_received_at=DAY), **changes)


def linked(**changes: object) -> tuple[LinkedStudy, ...]:
    return (LinkedStudy(facts=facts(**changes), path="p", linked_at=DAY),)


def test_an_order_waits_for_its_images_until_they_have_settled() -> None:
    """The study's arrival completes the step, since no MPPS says so."""
    assert entry_of(exam(order=None)) is None
    assert entry_of(exam()) is not None
    assert entry_of(exam(studies=linked(settled=False))) is not None
    assert entry_of(exam(studies=linked(series=()))) is not None, "a dose report alone is no picture"
    assert entry_of(exam(studies=linked())) is None
    assert entry_of(exam(order=order(control=Control.CANCEL))) is None


@pytest.mark.parametrize("absent", [0, 1, 2, 3])
def test_its_time_is_the_best_that_the_order_says(absent: int) -> None:
    """OBR-36, else the order's date, else the message's, else its receipt."""
    hours = [DAY + timedelta(hours=one) for one in range(4)]
    names = ("scheduled_at", "ordered_at", "message_at")
    changes = {name: None if place < absent else hours[place] for place, name in enumerate(names)}
    found = entry_of(exam(order=order(**changes), order_received_at=hours[3]))
    assert found is not None and found.scheduled_at == hours[absent]


def test_the_study_uid_is_the_same_for_the_same_exam_and_only_for_it() -> None:
    """A UID of PS3.5 B.2, which no rebuild and no other node changes."""
    other = ExamKey(institution=KEY.institution, accession="A2")
    assert study_uid(KEY) == "2.25.190258006601528507453769202446256319689"
    assert study_uid(KEY) != study_uid(other)
    assert len(study_uid(other)) <= 64


@pytest.mark.parametrize(
    ("sender", "uid", "accession", "found"),
    [
        (KEY.institution, "1.2", "A1", True),
        ("", "1.2", "A1", True),
        ("910099", "1.2", "A1", False),  # an accession number is the sender's own
        ("910099", study_uid(KEY), "A1", True),  # his modality read our order in the worklist
        ("910099", study_uid(KEY), "A2", False),
        ("910099", study_uid(ExamKey(institution="910099", accession="A1")), "A1", False),
    ],
)
def test_another_senders_study_is_found_only_where_he_made_it_for_us(
    sender: str, uid: str, accession: str, found: bool
) -> None:
    """By the UID of our worklist, which nobody's order but ours has."""
    study = facts(institution=sender, study_instance_uid=uid, accession=accession)
    assert may_find(study, KEY.institution) is found


def test_attributes_say_who_what_and_when() -> None:
    """The step's attributes stand behind their sequence's keyword."""
    found = entry_of(exam(order=order(scheduled_at=DAY)))
    assert found is not None
    said = attributes(found, ASKING)
    assert (said["PatientName"], said["PatientID"], said["OtherPatientIDs"]) == ("ÖRNEK^İpek", TCKN, "D-1")
    assert (said["AccessionNumber"], said["RequestedProcedureID"]) == ("A1", "A1")
    assert said[f"{STEP}.ScheduledProcedureStepStartDate"] + said[f"{STEP}.ScheduledProcedureStepStartTime"] == (
        "20240514100000"
    )
    by_file = attributes(found, replace(ASKING, by_file_number=True))
    assert (by_file["PatientID"], by_file["OtherPatientIDs"]) == ("D-1", TCKN)


def test_a_patient_without_the_chosen_number_has_the_other() -> None:
    """A newborn without a TCKN is still found by file number."""
    found = entry_of(exam(order=order(patient=Patient(file_number="D-1", family="A=B^C"))))
    assert found is not None
    said = attributes(found, ASKING)
    assert (said["PatientID"], said["OtherPatientIDs"], said["PatientName"]) == ("D-1", "", "A B C")


def test_a_number_that_many_share_is_nobodys_patient_id() -> None:
    """A patient without identity is known by the file number alone."""
    found = entry_of(exam())
    assert found is not None
    said = attributes(found, replace(ASKING, nameless=True))
    assert (said["PatientID"], said["OtherPatientIDs"]) == ("D-1", "")


@pytest.mark.parametrize(
    ("stations", "asked", "expected"),
    [((), "", "CT1"), ((), "CT2", "CT2"), ((), "CT*", "CT1"), (("A", "B"), "CT2", "A\\B")],
)
def test_the_station_is_the_named_one_else_whoever_asks(stations: tuple[str, ...], asked: str, expected: str) -> None:
    """An order names no station, so any of the institution's may do it unless it says which."""
    found = entry_of(exam())
    assert found is not None
    said = attributes(found, replace(ASKING, stations=stations, asked_station=asked))
    assert said[f"{STEP}.ScheduledStationAETitle"] == expected


def test_several_procedures_of_one_exam_are_one_step_with_all_codes() -> None:
    """RequestedProcedureCodeSequence has one item at the most (PS3.4 table K.6-1), the protocol's any number."""
    two = (Procedure(sut="R1", sut_name="Beyin BT", loinc="1-8"), Procedure(loinc="2-6", loinc_name="CT Neck"))
    made = order(procedures=two)
    assert description(two) == "Beyin BT + CT Neck"
    assert requested_code(made) == (("R1", "99SUT", "Beyin BT"),)
    assert protocol_codes(made) == (
        ("R1", "99SUT", "Beyin BT"),
        ("1-8", "LN", "Beyin BT"),
        ("2-6", "LN", "CT Neck"),
    )


def test_what_an_sh_cannot_hold_is_a_digest() -> None:
    """RequestedProcedureID has 16 characters at the most (PS3.5 6.2, SH)."""
    long = ExamKey(institution="900001", accession="A" * 17)
    assert len(step_id(long)) == 16 and step_id(long) != "A" * 16
    assert name_of("", "") == "" and name_of(Person(family="D").family, "") == "D"
