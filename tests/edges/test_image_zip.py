"""Images as a zip: read back by zipfile, pydicom and DCMTK; and out of a real Orthanc, piece by piece."""

from __future__ import annotations

import io
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file, get_testdata_files
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.fileset import FileSet

from gecit.core.facts import MAKER
from gecit.edges.image_zip import HEADER, image_zip
from gecit.edges.orthanc_images import PIECE, OrthancImages
from gecit.ports import Unavailable
from tests.support.bare import BareOrthanc
from tests.support.nested import CLOSED, OPENED, file_of


def encoded(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def slice_of(number: int, **tags: object) -> Dataset:
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 148", "ŞAHİN^ÇİĞDEM"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{number}"
    dataset.InstanceNumber = number
    for name, value in tags.items():
        setattr(dataset, name, value)
    return dataset


def zipped(files: dict[str, bytes], folder: Path, size: int = PIECE) -> zipfile.ZipFile:
    """Make a zip of files that come in pieces, and unpack it."""

    def pieces(name: str) -> Iterator[bytes]:
        content = files[name]
        yield from (content[start : start + size] for start in range(0, len(content), size))

    (folder / "a.zip").write_bytes(b"".join(image_zip(files, pieces)))
    made = zipfile.ZipFile(folder / "a.zip")
    assert made.testzip() is None
    made.extractall(folder / "cd")
    return made


def directory(folder: Path) -> FileSet:
    return FileSet(folder / "cd" / "DICOMDIR")


@pytest.mark.parametrize("size", [1000, PIECE, 10 * PIECE])
def test_each_file_is_in_it_to_the_byte_and_named_by_the_dicomdir(tmp_path: Path, size: int) -> None:
    files = {str(number): encoded(slice_of(number)) for number in range(1, 6)}
    made = zipped(files, tmp_path, size)
    assert sorted(made.namelist()) == ["DICOMDIR", *(f"IMAGES/IM{one:06d}" for one in range(1, 6))]
    named = {one.SOPInstanceUID: Path(one.path).read_bytes() for one in directory(tmp_path)}
    assert named == {f"1.2.3.4.{number}": files[str(number)] for number in range(1, 6)}


def test_no_name_in_it_says_anything_of_the_patient_and_the_dicomdir_keeps_turkish_letters(tmp_path: Path) -> None:
    made = zipped({"1": encoded(slice_of(1))}, tmp_path)
    assert not any(part in "".join(made.namelist()).upper() for part in ("SAHIN", "ŞAHİN", "1CT1"))
    assert {one.date_time[0] for one in made.infolist()} == {1980}
    record = next(one for one in pydicom.dcmread(tmp_path / "cd/DICOMDIR").DirectoryRecordSequence)
    assert record.DirectoryRecordType == "PATIENT" and record.PatientName == "ŞAHİN^ÇİĞDEM"
    dumped = subprocess.run(["dcmdump", str(tmp_path / "cd/DICOMDIR")], capture_output=True, check=True).stdout
    assert b"IMAGES\\IM000001" in dumped and b"[GECIT]" in dumped


def test_dicom3tools_finds_no_fault_in_the_dicomdir(tmp_path: Path) -> None:
    zipped({str(number): encoded(slice_of(number)) for number in (1, 2)}, tmp_path)
    said = subprocess.run(["dciodvfy", str(tmp_path / "cd/DICOMDIR")], capture_output=True, text=True, check=False)
    assert "Error" not in said.stderr + said.stdout, said.stderr


def test_what_lacks_what_a_record_must_have_is_named_all_the_same(tmp_path: Path) -> None:
    bare = slice_of(1)
    for name in ("StudyID", "SeriesNumber", "InstanceNumber", "StudyDate", "StudyTime", "PatientID"):
        delattr(bare, name)
    zipped({"1": encoded(bare), "2": encoded(slice_of(2))}, tmp_path)
    assert {one.SOPInstanceUID for one in directory(tmp_path)} == {"1.2.3.4.1", "1.2.3.4.2"}


def test_what_is_no_dicom_is_in_it_beside_the_file_set(tmp_path: Path) -> None:
    made = zipped({"1": b"no DICOM at all", "2": encoded(slice_of(2)), "3": b""}, tmp_path)
    assert sorted(made.namelist()) == ["DICOMDIR", "IMAGES/IM000001", "OTHER/000001.dcm", "OTHER/000002.dcm"]
    assert made.read("OTHER/000001.dcm") == b"no DICOM at all"
    assert zipped({"1": b"x"}, tmp_path).namelist() == ["OTHER/000001.dcm"]


def test_what_stands_too_deep_to_be_read_is_in_it_beside_the_file_set(tmp_path: Path) -> None:
    whole = encoded(slice_of(1))
    concept = OPENED.replace(b"\x40\x00\x30\xa7", b"\x40\x00\x43\xa0")  # one that is looked at
    deep = file_of(Dataset()) + concept * 2000 + CLOSED * 2000
    made = zipped({"a": whole, "b": deep}, tmp_path)
    assert {made.read(one) for one in made.namelist()} >= {whole, deep}
    assert len(directory(tmp_path)) == 1


def test_a_header_longer_than_what_is_looked_at_is_named_by_what_came_before(tmp_path: Path) -> None:
    long = slice_of(1)
    long.add_new(0x00291010, "OB", b"\0" * (2 * HEADER))
    made = zipped({"1": encoded(long)}, tmp_path)
    assert made.read("IMAGES/IM000001") == encoded(long)
    assert [one.SOPInstanceUID for one in directory(tmp_path)] == ["1.2.3.4.1"]


def test_an_enhanced_image_whose_frames_say_more_than_is_looked_at_is_named(tmp_path: Path) -> None:
    frame = Dataset()
    frame.ImageComments = "x" * 10_000
    enhanced = slice_of(1, PerFrameFunctionalGroupsSequence=[frame] * 60)
    enhanced["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    content = encoded(enhanced)
    assert len(content) > 2 * HEADER
    zipped({"1": content}, tmp_path)
    assert [one.SOPInstanceUID for one in directory(tmp_path)] == ["1.2.3.4.1"]


def test_every_kind_of_file_that_pydicom_has_goes_in_and_comes_out(tmp_path: Path) -> None:
    files, known = {}, set()
    for path in map(Path, get_testdata_files("*.dcm")):
        content = path.read_bytes()
        if len(content) < 2_000_000:
            files[str(path)] = content
        try:
            known.add(str(pydicom.dcmread(path, stop_before_pixels=True).SOPClassUID))
        except (AttributeError, InvalidDicomError, NotImplementedError, ValueError, EOFError, KeyError):
            continue
    made = zipped(files, tmp_path)
    back = [made.read(name) for name in made.namelist() if name != "DICOMDIR"]
    assert sorted(back) == sorted(files.values()) and len(files) > 60
    named = [
        one for one in pydicom.dcmread(tmp_path / "cd/DICOMDIR").DirectoryRecordSequence if "ReferencedFileID" in one
    ]
    assert len(named) > 30  # several share a SOP Instance UID
    assert all((tmp_path / "cd" / "/".join(one.ReferencedFileID)).is_file() for one in named)


def test_only_a_few_pieces_are_in_memory_at_once() -> None:
    content, count = encoded(slice_of(1)) + b"\0" * 4_000_000, 30

    def pieces(name: str) -> Iterator[bytes]:
        yield from (content[start : start + PIECE] for start in range(0, len(content), PIECE))

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    told: list[int] = []
    for _ in image_zip(map(str, range(count)), pieces, tell=told.append):
        pass
    most = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert sum(told) == count * len(content)
    assert most < 4 * len(content) < count * len(content) / 5


def test_what_breaks_off_raises_and_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def pieces(name: str) -> Iterator[bytes]:
        yield encoded(slice_of(1))[:2000]
        raise Unavailable("gone")

    with pytest.raises(Unavailable):
        list(image_zip(["1"], pieces))
    stream = image_zip(["1"], lambda _: iter([encoded(slice_of(1))]), [("OKU.txt", b"x")])
    next(stream)
    stream.close()
    assert list(tmp_path.iterdir()) == []


# A real Orthanc


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BareOrthanc]:
    running = BareOrthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.mark.system
def test_a_study_comes_out_of_orthanc_in_order_and_without_our_own_reports(
    orthanc: BareOrthanc, tmp_path: Path
) -> None:
    sent = {}
    for number in (3, 1, 2):
        one = slice_of(number, SeriesInstanceUID="1.2.3.4.10", SeriesNumber=2)
        sent[number] = encoded(one)
        assert orthanc.rest(sent[number]).ok
    ours = slice_of(9, SeriesInstanceUID="1.2.3.4.11", SeriesNumber=1, Modality="SR", Manufacturer=MAKER)
    theirs = slice_of(8, SeriesInstanceUID="1.2.3.4.12", SeriesNumber=1, Modality="SR", Manufacturer="Someone")
    assert orthanc.rest(encoded(ours)).ok
    study = orthanc.rest(encoded(theirs)).json()["ParentStudy"]
    images = OrthancImages(orthanc.url, "none")
    files = images.of_study(study)
    assert [one.size for one in files] == [len(encoded(theirs)), *(len(sent[number]) for number in (1, 2, 3))]
    (tmp_path / "a.zip").write_bytes(b"".join(image_zip([one.orthanc_id for one in files], images.pieces)))
    with zipfile.ZipFile(tmp_path / "a.zip") as made:
        assert [made.read(f"IMAGES/IM{one:06d}") for one in (2, 3, 4)] == [sent[1], sent[2], sent[3]]
        assert "IMAGES/IM000005" not in made.namelist()
        made.extractall(tmp_path / "cd")
    assert {one.SOPInstanceUID for one in directory(tmp_path)} == {f"1.2.3.4.{one}" for one in (1, 2, 3, 8)}
    assert images.of_study("gone") == []
    with pytest.raises(Unavailable):
        list(images.pieces("gone"))
    with pytest.raises(Unavailable):
        list(OrthancImages("http://127.0.0.1:9", "none").pieces("x"))
