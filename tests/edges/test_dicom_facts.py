"""Orthanc's JSON to facts: tolerant of everything that is missing, empty or odd."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gecit.core.facts import StudyFacts
from gecit.core.values import to_json
from gecit.edges.dicom_facts import SeriesRead, instant, is_picture, study_facts

STORAGE = "1.2.840.10008.5.1.4.1.1."
STUDY = {
    "ID": "s1",
    "LastUpdate": "20261122T193739",
    "MainDicomTags": {"StudyInstanceUID": "1.2", "AccessionNumber": " A1 ", "StudyDate": "20260302"},
    "PatientMainDicomTags": {"PatientID": "D-7\0", "PatientName": "ŞAHİN^AYŞEGÜL"},
}
SERIES = {
    "Instances": ["i2", "i1"],
    "MainDicomTags": {"SeriesInstanceUID": "1.2.1", "Modality": "CT", "Manufacturer": "ACME", "StationName": "CT01"},
}


def facts(tags: dict[str, object] | None = None, sop_classes: tuple[str, ...] = (), **series: object) -> StudyFacts:
    metadata = {"RemoteAET": "CT1"}
    return study_facts("N", STUDY, [SeriesRead({**SERIES, **series}, tags or {}, metadata, sop_classes)])


def test_identifiers_are_trimmed_and_turkish_letters_stay() -> None:
    found = facts()
    assert (found.accession, found.patient_id, found.patient_name) == ("A1", "D-7", "ŞAHİN^AYŞEGÜL")
    assert (found.key.node, found.key.orthanc_id, found.calling_aet) == ("N", "s1", "CT1")
    assert found.last_instance_at == datetime(2026, 11, 22, 19, 37, 39, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({"OtherPatientIDs": "10000000146"}, ("10000000146",)),
        ({"OtherPatientIDs": "B\\ A \\"}, ("A", "B")),
        ({"RETIRED_OtherPatientIDs": "A"}, ("A",)),
        ({"OtherPatientIDsSequence": [{"PatientID": "C"}, {"IssuerOfPatientID": "X"}, None]}, ("C",)),
        ({"OtherPatientIDs": "A", "OtherPatientIDsSequence": [{"PatientID": "A"}]}, ("A",)),
        ({"OtherPatientIDs": None, "OtherPatientIDsSequence": "odd"}, ()),
        ({}, ()),
    ],
)
def test_other_patient_ids_are_read_from_either_place(tags: dict[str, object], found: tuple[str, ...]) -> None:
    assert facts(tags).other_patient_ids == found


def test_the_device_and_the_character_set_come_from_an_instance() -> None:
    tags = {"ManufacturerModelName": "Scan 9", "DeviceSerialNumber": "77", "SpecificCharacterSet": "ISO_IR 192"}
    found = facts(tags)
    series = found.series[0]
    assert (series.manufacturer, series.model, series.device_serial, series.station) == ("ACME", "Scan 9", "77", "CT01")
    assert found.character_set == "ISO_IR 192"
    assert facts().character_set == ""


def sent(uid: str, at: str, aet: str, **tags: object) -> SeriesRead:
    series = {"Instances": [f"i{uid}"], "MainDicomTags": {"SeriesInstanceUID": uid, "Modality": "CT"}}
    return SeriesRead(series, tags, {"ReceptionDate": at, "RemoteAET": aet})


def test_the_sender_is_who_sent_the_instance_that_came_first() -> None:
    """Not who chose the smallest Series Instance UID; and the name in (0008,0080) is that sender's too."""
    early, late = (
        sent("1.9", "20261122T193700", "CT1"),
        sent("1.1", "20261122T193701", "X", InstitutionName="X^^^SKRS2"),
    )
    for reads in ([early, late], [late, early]):
        found = study_facts("N", STUDY, reads)
        assert (found.calling_aet, found.institution_name) == ("CT1", "")
    by_rest = sent("1.9", "20261122T193700", "")
    assert study_facts("N", STUDY, [late, by_rest]).calling_aet == ""
    assert study_facts("N", STUDY, [sent("1.9", "20261122T193701", ""), late]).calling_aet == "X"


# Independent of the edge's table: PS3.6 names, sorted by hand into what has pixels to look at and what has not.
PICTURES = ["1", "1.1", "1.2", "1.3", "2", "2.1", "3.1", "4", "4.1", "6.1", "7", "12.1", "12.2", "13.1.3", "20"]
PICTURES += ["77.1.1", "77.1.1.1", "77.1.4", "77.1.5.1", "77.1.6", "128", "130", "481.1", "7.4", "5.1.4.1"]
NO_PICTURES = ["88.11", "88.22", "88.33", "88.59", "88.67", "88.71", "88.76", "11.1", "11.2", "104.1", "104.2", "104.3"]
NO_PICTURES += ["9.1.1", "9.1.2", "66", "66.1", "66.4", "67", "481.2", "481.3", "481.5", "481.8", "77.1.5.3", "78.1"]


@pytest.mark.parametrize("tail", PICTURES)
def test_these_are_pictures(tail: str) -> None:
    assert is_picture(STORAGE + tail, "SR")


@pytest.mark.parametrize("tail", NO_PICTURES)
def test_these_are_none(tail: str) -> None:
    assert not is_picture(STORAGE + tail, "CT")


def test_an_unknown_class_is_judged_by_modality() -> None:
    assert is_picture("", "CT")
    assert not is_picture("", " sr")


@pytest.mark.parametrize(
    ("classes", "images"),
    [((STORAGE + "2",), 2), ((STORAGE + "88.67",), 0), ((STORAGE + "2", STORAGE + "88.67"), 1), ((), 2)],
)
def test_pictures_of_a_series_are_counted(classes: tuple[str, ...], images: int) -> None:
    found = facts(sop_classes=classes).series[0]
    assert (found.images, found.instances) == (images, 2)


def test_what_no_database_keeps_is_left_out() -> None:
    found = study_facts("N", {"MainDicomTags": {"AccessionNumber": "A\0 1\ud800"}}, [])
    assert found.accession == "A 1?"


@pytest.mark.parametrize("value", [None, "", "20261122", "20261399T000000", 7])
def test_an_odd_instant_is_none(value: object) -> None:
    assert instant(value) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["ID", "MainDicomTags", "PatientMainDicomTags", "Instances", "Modality", "LastUpdate", "OtherPatientIDs"]
NAMES += ["OtherPatientIDsSequence", "RemoteAET", "SeriesInstanceUID", "SpecificCharacterSet"]
odd = st.dictionaries(st.sampled_from(NAMES), anything | st.dictionaries(st.sampled_from(NAMES), anything))


@given(study=odd, series=odd, tags=odd, metadata=odd)
def test_no_answer_of_orthanc_raises(
    study: dict[str, object], series: dict[str, object], tags: dict[str, object], metadata: dict[str, object]
) -> None:
    found = study_facts("N", study, [SeriesRead(series, tags, metadata)])
    assert to_json(found)


@pytest.mark.parametrize(("written", "slices"), [("240", 240), ("", 1), ("0", 1), ("many", 1), ("-4", 1)])
def test_a_multi_frame_picture_counts_by_its_frames(written: str, slices: int) -> None:
    found = facts({"NumberOfFrames": written}, (STORAGE + "2.1",), Instances=["i1"])
    assert (found.images, found.slices) == (1, slices)
