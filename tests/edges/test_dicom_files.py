"""Files read with pydicom give the facts that Orthanc's JSON gives for the same files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from msgspec.structs import replace
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from gecit.core.facts import StudyFacts
from gecit.edges.dicom_files import DicomFiles, NotReadError, looks_like_dicom, read_tags
from gecit.edges.orthanc_http import OrthancArchive
from gecit.ports import Institution
from gecit.sandbox.imaging import KINDS, build_study
from tests.support.bare import BareOrthanc
from tests.support.hl7_samples import order

CORPUS = Path(__file__).parents[2] / "build/testdata/openrem"
TCKN = "10000000146"
HOSPITAL = Institution(skrs="123", name="Deneme Hastanesi")


def sample(name: str) -> Path:
    found = get_testdata_file(name)
    assert found
    return Path(str(found))


def read(*files: Path) -> list[StudyFacts]:
    collected = DicomFiles("N")
    for one in files:
        collected.add(one)
    return [facts for facts, _ in collected.studies()]


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareOrthanc]:
    """One Orthanc for this file."""
    running = BareOrthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        yield running.start()
    finally:
        running.stop()


def of_orthanc(orthanc: BareOrthanc, *files: Path) -> list[StudyFacts]:
    orthanc.empty()
    for one in files:
        orthanc.rest(one.read_bytes()).raise_for_status()
    archive = OrthancArchive(orthanc.url, timeout=20)
    found = [read.facts for study in archive.study_ids() if (read := archive.read_study(study))]
    return [replace(one, last_instance_at=None) for one in found]


def by_key(found: list[StudyFacts]) -> list[StudyFacts]:
    return sorted(found, key=lambda one: one.key)


@pytest.mark.system
@pytest.mark.parametrize("kind", KINDS)
def test_a_study_of_each_kind_gives_the_same_facts(orthanc: BareOrthanc, tmp_path: Path, kind: str) -> None:
    files = build_study(
        kind, order=order(), institution=HOSPITAL, folder=tmp_path, with_dose=kind in ("CT", "MG"), slices=12
    )
    ours = read(*files)
    assert ours == of_orthanc(orthanc, *files)
    assert ours[0].images
    assert len(ours[0].dose_reports) == (kind in ("CT", "MG"))


@pytest.mark.system
def test_every_dose_report_of_real_scanners_gives_the_same_facts(orthanc: BareOrthanc) -> None:
    differ, refused = [], []
    for file in sorted(CORPUS.glob("*.dcm")):
        orthanc.empty()
        if orthanc.rest(file.read_bytes()).ok:
            differ += [file.name] if read(file) != of_orthanc(orthanc, file) else []
        else:
            refused.append(file.name)
    assert differ == []
    assert refused == ["MG-Im-Hologic-PropProj.dcm"]  # Orthanc 1.10.1 does not read it


@pytest.mark.system
@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "rtplan.dcm", "test-SR.dcm"])
def test_files_of_other_makers_give_the_same_facts(orthanc: BareOrthanc, name: str) -> None:
    assert read(sample(name)) == of_orthanc(orthanc, sample(name))


@pytest.mark.system
@pytest.mark.parametrize(("charset", "name"), [("ISO_IR 192", "ŞAHİN^AYŞEGÜL"), ("ISO_IR 148", "ĞÜŞİÖÇ^IŞIL")])
def test_turkish_letters_and_both_places_of_other_ids_are_the_same(
    orthanc: BareOrthanc, tmp_path: Path, charset: str, name: str
) -> None:
    dataset = pydicom.dcmread(sample("CT_small.dcm"))
    dataset.SpecificCharacterSet, dataset.PatientName, dataset.OtherPatientIDs = charset, name, [TCKN, "X"]
    dataset.StudyInstanceUID = generate_uid()
    dataset.save_as(tmp_path / "a.dcm")
    ours = read(tmp_path / "a.dcm")
    assert ours == of_orthanc(orthanc, tmp_path / "a.dcm")
    assert ours[0].patient_name == name
    assert {TCKN, "X"} <= set(ours[0].other_patient_ids)


def test_a_file_twice_is_one_instance_and_files_of_two_studies_are_two(tmp_path: Path) -> None:
    ct, mr = sample("CT_small.dcm"), sample("MR_small.dcm")
    found = read(ct, mr, ct)
    assert [(one.modalities, one.images) for one in found] == [(("CT",), 1), (("MR",), 1)]


def test_a_file_without_preamble_is_dicom_and_text_is_none() -> None:
    bare = sample("CT_small.dcm").read_bytes()[132:]
    assert looks_like_dicom(bare)
    assert looks_like_dicom(sample("CT_small.dcm").read_bytes())
    assert not looks_like_dicom(b"MSH|^~\\&|" + b" " * 200)
    assert not looks_like_dicom(b"")


@pytest.mark.parametrize("size", [140, 200, 400])
def test_a_file_that_breaks_off_is_named_as_unreadable(tmp_path: Path, size: int) -> None:
    (tmp_path / "half.dcm").write_bytes(sample("CT_small.dcm").read_bytes()[:size])
    with pytest.raises(NotReadError):
        read_tags(tmp_path / "half.dcm")


def test_a_dicomdir_is_no_study() -> None:
    with pytest.raises(NotReadError, match="DICOMDIR"):
        read_tags(sample("DICOMDIR"))
