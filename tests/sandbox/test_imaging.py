"""The demo's pictures: conformant, of nobody real, and read by the product as what they are."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from pydicom import dcmread

from gecit.core.facts import DoseReport
from gecit.edges.dose_sr import read_dose_report
from gecit.sandbox import pictures
from gecit.sandbox.day import INSTITUTION, exams_of_the_day
from gecit.sandbox.imaging import KINDS, build_study

NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
STORIES = {one.images: one for one in reversed(exams_of_the_day(NOW))}  # the first story of each kind


def built(kind: str, folder: Path, *, with_dose: bool = False, slices: int = 2) -> list[Path]:
    order = STORIES[kind].order
    return build_study(kind, order=order, institution=INSTITUTION, folder=folder, with_dose=with_dose, slices=slices)


def said_of(path: Path) -> str:
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_passes_dciodvfy(kind: str, tmp_path: Path) -> None:
    for path in built(kind, tmp_path):
        said = said_of(path)
        assert "Image" in said  # it was recognised
        assert "Error" not in said


@pytest.mark.parametrize("kind", ["CT", "MG"])
def test_every_dose_report_passes_dciodvfy_and_dcsrdump_reads_it(kind: str, tmp_path: Path) -> None:
    path = built(kind, tmp_path, with_dose=True)[-1]
    assert "XRayRadiationDoseSR" in said_of(path)
    assert "Error" not in said_of(path)
    dumped = subprocess.run(["dcsrdump", str(path)], capture_output=True, text=True, check=True)
    assert "113701" in dumped.stdout + dumped.stderr


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("CT", {("113813", 690.12, "mGy.cm"), ("113830", 42.6, "mGy"), ("113838", 690.12, "mGy.cm")}),
        ("MG", {("111637", 1.42, "mGy")}),
    ],
)
def test_the_product_reads_the_dose(kind: str, values: set[tuple[str, float, str]], tmp_path: Path) -> None:
    found = read_dose_report(built(kind, tmp_path, with_dose=True)[-1].read_bytes())
    assert isinstance(found, DoseReport)
    assert values <= {(one.code, one.value, one.unit) for one in found.values}
    assert len(found.irradiation_events) == 1


def test_a_kind_that_sends_no_dose_is_not_given_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MR"):
        built("MR", tmp_path, with_dose=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_carries_its_order_and_nothing_of_the_sample_s_patient(kind: str, tmp_path: Path) -> None:
    order = STORIES[kind].order
    found = dcmread(built(kind, tmp_path)[0])
    assert str(found.PatientName) == f"{order.patient.family}^{order.patient.given}"
    assert found.AccessionNumber == order.key.accession
    assert found.InstitutionName == "Geçit Deneme Hastanesi^^^SKRS999001^^^FKDENEME"
    assert found.Modality == kind
    assert order.patient.tckn in (found.PatientID, found.get("OtherPatientIDs"))
    assert {found.StudyDate, found.SeriesDate, found.ContentDate, found.AcquisitionDate} == {"20240701"}
    assert all(element.tag.group % 2 == 0 for element in found)  # no private attribute
    assert 0x6000 not in {element.tag.group for element in found}  # no overlay


def test_an_old_device_writes_latin_5_and_the_others_utf_8(tmp_path: Path) -> None:
    sets = {kind: dcmread(built(kind, tmp_path / kind)[0]).SpecificCharacterSet for kind in KINDS}
    assert sets == {
        "CT": "ISO_IR 192",
        "MR": "ISO_IR 192",
        "US": "ISO_IR 148",
        "MG": "ISO_IR 192",
        "DX": "ISO_IR 192",
        "ES": "ISO_IR 192",
    }


def test_the_same_order_gives_the_same_files(tmp_path: Path) -> None:
    first, again = (built("CT", tmp_path / name, with_dose=True) for name in ("a", "b"))
    assert [one.read_bytes() for one in first] == [one.read_bytes() for one in again]


def test_the_ct_is_a_real_volume_of_neighbouring_slices(tmp_path: Path) -> None:
    slices = [dcmread(path) for path in built("CT", tmp_path, slices=12)]
    assert len({one.PixelData for one in slices}) == 12
    heights = [float(one.ImagePositionPatient[2]) for one in slices]
    assert {round(after - before, 3) for before, after in pairwise(heights)} == {1.5}
    assert len({one.SOPInstanceUID for one in slices}) == 12
    assert len({one.SeriesInstanceUID for one in slices}) == 1


@pytest.mark.parametrize("kind", ["CT", "DX"])
def test_without_debian_s_volume_there_are_still_pictures(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "VOLUME", tmp_path / "missing")
    pictures._volume.cache_clear()
    try:
        assert [said_of(path).count("Error") for path in built(kind, tmp_path / kind)] == [0] * (
            2 if kind == "CT" else 1
        )
    finally:
        pictures._volume.cache_clear()
