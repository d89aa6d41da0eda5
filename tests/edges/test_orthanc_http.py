"""A real Orthanc: every way in gives the same facts, and what is broken is answered and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from msgspec.structs import replace
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from gecit.core.facts import StudyFacts
from gecit.edges.dose_sr import MAX_BYTES
from gecit.edges.orthanc_http import OrthancArchive
from gecit.ports import Refused, Unavailable
from tests.support.bare import BareOrthanc
from tests.support.node import free_ports

pytestmark = pytest.mark.system

TCKN = "10000000146"
CORPUS = Path(__file__).parents[2] / "build/testdata/openrem"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareOrthanc]:
    """One Orthanc for this file."""
    running = BareOrthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture
def archive(orthanc: BareOrthanc) -> OrthancArchive:
    """An empty archive."""
    orthanc.empty()
    return OrthancArchive(orthanc.url, timeout=20)


def sample(name: str) -> Dataset:
    found = get_testdata_file(name)
    assert found
    return pydicom.dcmread(str(found))


def ct(**tags: str) -> Dataset:
    """A CT slice of a synthetic patient; every call is another instance of the same series."""
    dataset = sample("CT_small.dcm")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID, dataset.OtherPatientIDs = "ŞAHİN^AYŞEGÜL", "D-7", [TCKN, "X"]
    del dataset.OtherPatientIDsSequence
    dataset.AccessionNumber, dataset.InstitutionName = "A1", "Deneme^^^SKRS910001^^^FK7"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name, value in tags.items():
        setattr(dataset, name, value)
    return dataset


def encoded(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def only_study(archive: OrthancArchive) -> StudyFacts:
    [study] = archive.study_ids()
    read = archive.read_study(study)
    assert read
    return read.facts


def test_all_ways_in_give_the_same_facts(orthanc: BareOrthanc, archive: OrthancArchive, tmp_path: Path) -> None:
    dicom = encoded(ct())
    file = tmp_path / "ct.dcm"
    file.write_bytes(dicom)
    found = []
    for way in (lambda: orthanc.store(file) == 0, lambda: orthanc.rest(dicom).ok, lambda: orthanc.stow(dicom).ok):
        orthanc.empty()
        assert way()
        found.append(only_study(archive))
    assert [one.calling_aet for one in found] == ["CT1", "", ""]  # only C-STORE has a calling title
    same = [replace(one, calling_aet="", last_instance_at=None) for one in found]
    assert same[0] == same[1] == same[2]
    assert same[0].patient_name == "ŞAHİN^AYŞEGÜL"
    assert same[0].other_patient_ids == (TCKN, "X")
    assert (same[0].accession, same[0].patient_id, same[0].images) == ("A1", "D-7", 1)
    assert same[0].institution_name == "Deneme^^^SKRS910001^^^FK7"


def test_every_dose_report_of_the_corpus_survives_the_way_through_orthanc(
    orthanc: BareOrthanc, archive: OrthancArchive
) -> None:
    names = ["CT-ESR-GE_VCT.dcm", "CT-RDSR-Siemens-Multi-3.dcm", "MG-RDSR-Hologic_mix.dcm", "ESR_non-dose.dcm"]
    expected = [27, 3, 7, 0]
    for name, events in zip(names, expected, strict=True):
        orthanc.empty()
        orthanc.rest((CORPUS / name).read_bytes()).raise_for_status()
        facts = only_study(archive)
        assert sum(len(one.irradiation_events) for one in facts.dose_reports) == events, name
        assert facts.images == 0


def test_slices_and_reports_of_one_study_stand_in_their_series(orthanc: BareOrthanc, archive: OrthancArchive) -> None:
    slices = [ct() for _ in range(12)]
    report = pydicom.dcmread(CORPUS / "CT-RDSR-Siemens-Multi-1.dcm")
    report.StudyInstanceUID, report.PatientID = slices[0].StudyInstanceUID, "D-7"
    for one in (*slices, report):
        orthanc.rest(encoded(one)).raise_for_status()
    facts = only_study(archive)
    assert sorted((one.modality, one.instances, one.images) for one in facts.series) == [("CT", 12, 12), ("SR", 1, 0)]
    assert (facts.images, facts.modalities, len(facts.dose_reports)) == (12, ("CT",), 1)


@pytest.mark.parametrize("tag", ["PatientID", "AccessionNumber", "PatientName", "StudyDate", "Modality"])
def test_an_instance_without_an_identifier_is_kept_and_said_to_have_none(
    orthanc: BareOrthanc, archive: OrthancArchive, tag: str
) -> None:
    dataset = ct()
    delattr(dataset, tag)
    orthanc.rest(encoded(dataset)).raise_for_status()
    facts = only_study(archive)
    missing = {
        "PatientID": facts.patient_id,
        "AccessionNumber": facts.accession,
        "PatientName": facts.patient_name,
        "StudyDate": facts.study_date,
        "Modality": facts.series[0].modality,
    }
    assert [name for name, value in missing.items() if not value] == [tag]


def test_an_undeclared_character_set_is_recorded_as_such(orthanc: BareOrthanc, archive: OrthancArchive) -> None:
    dataset = ct(PatientName="SAHIN^AYSEGUL")
    del dataset.SpecificCharacterSet
    raw = encoded(dataset).replace(b"SAHIN^AYSEGUL", "ŞAHİN^AYŞEGÜL".encode("cp1254"))
    orthanc.rest(raw).raise_for_status()
    facts = only_study(archive)
    assert facts.character_set == ""
    assert facts.patient_name.endswith("^AYÞEGÜL")  # Latin-1 is read where nothing is declared; never an error


SAMPLES = [
    *("CT_small.dcm", "ExplVR_BigEnd.dcm", "MR_small_implicit.dcm", "MR_small_RLE.dcm", "image_dfl.dcm"),
    *(
        "JPEG2000.dcm",
        "JPEG-lossy.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "JPGExtended.dcm",
    ),
    *("SC_rgb_jpeg_gdcm.dcm", "SC_rgb_rle_2frame.dcm", "liver_1frame.dcm", "693_J2KI.dcm"),
    *("rtplan.dcm", "rtdose_1frame.dcm", "test-SR.dcm", "waveform_ecg.dcm", "reportsi.dcm"),
]
NO_PICTURES = {"liver_1frame.dcm", "rtplan.dcm", "rtdose_1frame.dcm", "test-SR.dcm", "waveform_ecg.dcm", "reportsi.dcm"}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_transfer_syntax_gives_facts(orthanc: BareOrthanc, archive: OrthancArchive, name: str) -> None:
    found = get_testdata_file(name)
    assert found
    answer = orthanc.rest(Path(str(found)).read_bytes())
    assert answer.ok, answer.text
    facts = only_study(archive)
    assert facts.study_instance_uid
    assert facts.images == (0 if name in NO_PICTURES else 1)
    assert facts.dose_reports == facts.unreadable == ()


BROKEN = ["MR_truncated.dcm", "rtplan_truncated.dcm", "no_meta.dcm", "ExplVR_LitEndNoMeta.dcm", "badVR.dcm"]
BROKEN += ["UN_sequence.dcm", "JPEGLSNearLossless_08.dcm"]  # no UIDs of study or instance


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_aloud_or_gives_facts(
    orthanc: BareOrthanc, archive: OrthancArchive, name: str
) -> None:
    found = get_testdata_file(name)
    assert found
    answer = orthanc.rest(Path(str(found)).read_bytes())
    assert answer.ok == bool(archive.study_ids())
    if answer.ok:
        assert only_study(archive).study_instance_uid


def test_a_structured_report_that_nobody_can_read_is_named(orthanc: BareOrthanc, archive: OrthancArchive) -> None:
    report = pydicom.dcmread(CORPUS / "CT-RDSR-Siemens-Multi-3.dcm")
    report.add_new(0x00091010, "OB", b"\0" * MAX_BYTES)
    instance = orthanc.rest(encoded(report)).json()["ID"]
    facts = only_study(archive)
    assert (facts.unreadable, facts.dose_reports) == ((instance,), ())


def test_changes_are_paged_and_numbered(orthanc: BareOrthanc, archive: OrthancArchive) -> None:
    start = archive.last_change()
    for _ in range(3):
        orthanc.rest(encoded(ct()))
    first = archive.changes(start, 2)
    assert (len(first.rows), first.done, first.last) == (2, False, start + 2)
    rest = archive.changes(first.last, 100)
    kinds = [row.kind for row in (*first.rows, *rest.rows) if row.kind in ("NewInstance", "NewStudy")]
    assert kinds == ["NewInstance", "NewStudy", "NewInstance", "NewInstance"]
    assert rest.done


def test_deleting_the_newest_study_does_not_turn_the_numbers_back(
    orthanc: BareOrthanc, archive: OrthancArchive
) -> None:
    orthanc.rest(encoded(ct()))
    before = archive.last_change()
    orthanc.empty()
    assert archive.last_change() == before


def test_one_look_up_answers_for_a_whole_series(orthanc: BareOrthanc, archive: OrthancArchive) -> None:
    ids = {orthanc.rest(encoded(ct())).json()["ID"] for _ in range(3)}
    [study] = archive.study_ids()
    assert archive.series_of_instance(next(iter(ids))) == (study, frozenset(ids))
    read = archive.read_study(study)
    assert read
    assert read.instances == ids
    assert archive.last_instance_at(study) == read.facts.last_instance_at


def test_what_is_gone_is_none(archive: OrthancArchive) -> None:
    nobody = "11111111-11111111-11111111-11111111-11111111"
    assert archive.read_study(nobody) is archive.last_instance_at(nobody) is archive.series_of_instance(nobody) is None
    assert archive.read_study("../system") is None


def test_storing_again_changes_nothing_and_no_dicom_is_refused(archive: OrthancArchive) -> None:
    dicom = encoded(ct())
    assert archive.store(dicom) == archive.store(dicom)
    assert only_study(archive).images == 1
    with pytest.raises(Refused):
        archive.store(b"MSH|")


def test_the_node_is_named_after_orthanc_unless_told_otherwise(orthanc: BareOrthanc) -> None:
    assert OrthancArchive(orthanc.url).node() == OrthancArchive(orthanc.url).identity() == "N"
    assert OrthancArchive(orthanc.url, node="other").identity() == "other"


def test_an_orthanc_that_is_not_there_is_unavailable() -> None:
    [port] = free_ports(1)
    nobody = OrthancArchive(f"http://127.0.0.1:{port}", timeout=1)
    for ask in (nobody.identity, nobody.last_change, nobody.study_ids, lambda: nobody.store(b"x")):
        with pytest.raises(Unavailable):
            ask()
