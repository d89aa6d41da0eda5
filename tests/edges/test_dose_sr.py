"""Dose reports of real scanners, against a table made by other software; and hostile ones."""

import csv
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from gecit.core.dose import combine
from gecit.core.facts import DoseReport
from gecit.edges.dose_sr import MAX_BYTES, MAX_INFLATED, Unreadable, read_dose_report

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "build/testdata/openrem"
TRUTH = list(csv.DictReader((ROOT / "tests/data/openrem-truth.csv").open()))
UCUM = {"mGycm": "mGy.cm", "Gym2": "Gy.m2"}  # what the devices wrote -> what we keep


def corpus(name: str) -> bytes:
    file = CORPUS / name
    if not file.exists():
        pytest.fail("the corpus is not there: run scripts/testdata.sh")
    return file.read_bytes()


def report(name: str) -> DoseReport:
    found = read_dose_report(corpus(name))
    assert isinstance(found, DoseReport)
    return found


def test_the_table_has_every_file_of_the_corpus() -> None:
    assert len(TRUTH) == 42
    assert {one["file"] for one in TRUTH} == {one.name for one in CORPUS.glob("*.dcm")}


@pytest.mark.parametrize("truth", TRUTH, ids=[one["file"] for one in TRUTH])
def test_every_file_is_read_as_other_software_reads_it(truth: dict[str, str]) -> None:
    found = read_dose_report(corpus(truth["file"]))
    if truth["dose_report"] == "no":
        assert found is None
        return
    assert isinstance(found, DoseReport)
    assert len(found.irradiation_events) == int(truth["events"])
    values = sorted(f"{one.code}{one.laterality}={one.value:g} {one.unit}" for one in found.values)
    expected = [one.rpartition(" ") for one in truth["values"].split("; ") if one]
    assert values == sorted(f"{value} {UCUM.get(unit, unit)}" for value, _, unit in expected)
    assert not truth["serial"] or found.device_serial == truth["serial"]


def test_each_event_has_its_own_values() -> None:
    values = report("CT-RDSR-Siemens-Multi-3.dcm").values
    by_event = {(one.event_uid[-3:], one.name): one.value for one in values}
    assert by_event["4.0", "CTDIvol"] == 0.15
    assert by_event["8.0", "DLP"] == 158.82
    assert by_event["", "DLPTotal"] == 236.09


def test_cumulative_reports_of_siemens_count_each_event_once() -> None:
    reports = [report(f"CT-RDSR-Siemens-Multi-{number}.dcm") for number in (1, 2, 3)]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        together = combine([reports[one] for one in order])
        assert [one.value for one in together if one.name == "DLPTotal"] == [236.09]
        assert sorted(one.value for one in together if one.name == "DLP") == [7.46, 69.81, 158.82]


def test_continued_reports_of_siemens_add_up() -> None:
    together = combine([report(f"CT-RDSR-Siemens-Continued-{number}.dcm") for number in (1, 2)])
    totals = [(one.value, one.unit) for one in together if one.name == "DLPTotal"]
    assert totals == [(60.17 + 56.44, "mGy.cm")]
    assert len([one for one in together if one.name == "CTDIvol"]) == 4


def test_a_report_that_came_twice_counts_once() -> None:
    one = report("MG-RDSR-Hologic_mix.dcm")
    values = {(v.laterality, v.value) for v in combine([one, one]) if v.name == "AccumulatedAverageGlandularDose"}
    assert values == {("L", 0.87), ("R", 2.71)}


def container(code: str, children: list[Dataset]) -> Dataset:
    name, item = Dataset(), Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = code, "DCM", "a name"
    item.ValueType = "CONTAINER"
    item.ConceptNameCodeSequence = Sequence([name])
    item.ContentSequence = Sequence(children)
    return item


def written(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.67", "1.2.3"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3", "1.2.3"
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def nested(depth: int) -> Dataset:
    item = container("113819", [])
    for _ in range(depth):
        item = container("113819", [item])
    return container("113701", [item])


def test_a_dose_report_without_values_is_still_one() -> None:
    assert read_dose_report(written(container("113701", []))) == DoseReport(sop_instance_uid="1.2.3")


def test_another_coding_scheme_is_another_concept() -> None:
    other = container("113701", [])
    other.ConceptNameCodeSequence[0].CodingSchemeDesignator = "99ACME"
    assert read_dose_report(written(other)) is None


def test_content_nested_beyond_measure_is_unreadable() -> None:
    assert isinstance(read_dose_report(written(nested(20))), DoseReport)
    assert isinstance(read_dose_report(written(nested(100))), Unreadable)


def test_undefined_lengths_without_end_are_unreadable() -> None:
    head = written(container("113701", []))
    content = b"\x40\x00\x30\xa7SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert isinstance(read_dose_report(head[: head.index(b"\x40\x00\x30\xa7")] + content * 20_000), Unreadable)


def test_a_deflated_report_is_read_and_a_bomb_is_not() -> None:
    assert isinstance(read_dose_report(written(container("113701", []), DeflatedExplicitVRLittleEndian)), DoseReport)
    whole = written(container("113701", []), DeflatedExplicitVRLittleEndian)
    end_of_meta = 144 + int.from_bytes(whole[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(b"\0" * (MAX_INFLATED + 10)) + packer.flush()
    assert read_dose_report(whole[:end_of_meta] + bomb) == Unreadable(reason="too large")


def test_more_bytes_than_any_report_has_are_not_read() -> None:
    assert read_dose_report(b"\0" * (MAX_BYTES + 1)) == Unreadable(reason="too large")


@pytest.mark.parametrize("value", ["NaN", "1e999", "", "a lot"])
def test_a_number_that_is_none_is_no_value(value: str) -> None:
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    measured, item = Dataset(), container("113830", [])
    raw = value.encode().ljust(len(value) + len(value) % 2)
    measured[0x0040A30A] = RawDataElement(Tag(0x0040A30A), "DS", len(raw), raw, 0, False, True)  # type: ignore[assignment]
    item.MeasuredValueSequence = Sequence([measured])
    found = read_dose_report(written(container("113701", [item])))
    assert isinstance(found, DoseReport)
    assert found.values == ()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_reports_never_raise(data: st.DataObject) -> None:
    whole = bytearray(corpus("CT-RDSR-Siemens-Multi-1.dcm"))
    whole = whole[: data.draw(st.integers(0, len(whole)))]
    for at in data.draw(st.lists(st.integers(0, max(0, len(whole) - 1)), max_size=20)):
        if whole:
            whole[at] = data.draw(st.integers(0, 255))
    found = read_dose_report(bytes(whole))
    assert found is None or isinstance(found, DoseReport | Unreadable)


@pytest.mark.parametrize("data", [b"", b"MSH|^~\\&", b"\0" * 132 + b"DICM", b"\xff" * 1000])
def test_what_is_no_dicom_is_unreadable(data: bytes) -> None:
    assert isinstance(read_dose_report(data), Unreadable)
