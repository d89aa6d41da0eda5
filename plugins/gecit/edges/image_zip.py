"""Images as a zip with a DICOMDIR (PS3.10 8, PS3.11 D), made while it is read: never whole in memory or on a disk.

Each file is passed on as it comes. Of each the first part is looked at for the DICOMDIR, which stands at the end of the
zip, since it can be written only when all files are known. What stands on a disk meanwhile are files with the few
attributes that its records hold; DCMTK's `dcmmkdir` reads those. (pydicom's `FileSet` takes 27 ms for the thousandth
file, and more for each further one; with `dcmmkdir` each costs the same.) Names of files are numbers: they say nothing
of the patient.
"""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pydicom
from pydicom import config
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from gecit.ports import Unavailable

config.settings.reading_validation_mode = config.IGNORE  # its warnings quote values, and those name patients

HEADER = 256 * 1024
"""Bytes of a file that are looked at; what the records need stands before the pictures."""

IMAGES, OTHER = "IMAGES", "OTHER"  # folders; the second one is of what no DICOMDIR can name
MAKE_SECONDS = 300.0
# What a file lacks of what a record must have is invented (+I), and nothing of its pixels is asked.
MAKE = ("dcmmkdir", "-q", "+F", "GECIT", "+I", "-W", "+Nrs", "-Nxc", "-Nec", "-Nrc", "+r")
LEVEL = 1  # of deflate: half of an uncompressed CT goes for a third of the time that level 6 takes
EARLIEST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier one, and the time of the download says nothing

# PS3.3 F.5: what records hold, and what a kind of them is told by.
_NAMES = (
    *("SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "PatientName", "PatientID"),
    *("StudyDate", "StudyTime", "AccessionNumber", "StudyDescription", "StudyInstanceUID", "StudyID"),
    *("Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "InstanceNumber"),
    *("CompletionFlag", "VerificationFlag", "ContentDate", "ContentTime", "VerifyingObserverSequence"),
    *("VerificationDateTime", "ConceptNameCodeSequence", "ContentLabel", "ContentDescription", "ContentCreatorName"),
    *("PresentationCreationDate", "PresentationCreationTime", "ReferencedSeriesSequence", "BlendingSequence"),
    *("DocumentTitle", "HL7InstanceIdentifier", "MIMETypeOfEncapsulatedDocument", "DoseSummationType"),
    *("StructureSetLabel", "StructureSetDate", "StructureSetTime", "RTPlanLabel", "RTPlanDate", "RTPlanTime"),
)
TAGS: list[BaseTag | int] = [Tag(one) for one in _NAMES]
# Where reading stops: before the pictures, before what each frame has of its own, before the contours of regions,
# before what vendors keep in group 0029; each is long enough to reach beyond what is looked at.
STOPS = (0x7FE00008, 0x52009229, 0x30060010, 0x00290000)
UNREADABLE = (
    InvalidDicomError,
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)

Pieces = Callable[[str], Iterator[bytes]]


class _Pipe:
    """What the zip is written to: a place that is emptied again and again, and knows of no going back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Directory:
    """The DICOMDIR as it grows: a folder with the beginnings of the files, under their names in the zip."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images = self._others = 0
        (folder / IMAGES).mkdir()

    def place(self, header: bytes) -> str:
        """Return the name of a file within the zip, by the beginning of it."""
        name = f"{IMAGES}/IM{self._images + 1:06d}"
        if not self._kept(header, self._folder / name):
            self._others += 1
            return f"{OTHER}/{self._others:06d}.dcm"
        self._images += 1
        return name

    def written(self) -> bytes:
        """Return the DICOMDIR; empty where nothing can be named in it."""
        if not self._images:
            return b""
        made = self._folder / "DICOMDIR"
        command = [*MAKE, "+id", str(self._folder), "+D", str(made), IMAGES]
        try:
            done = subprocess.run(command, capture_output=True, timeout=MAKE_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise Unavailable(f"dcmmkdir: {type(fault).__name__}") from fault
        if done.returncode or not made.is_file():  # what it says may name the patient
            raise Unavailable(f"dcmmkdir ends with {done.returncode}")
        return made.read_bytes()

    def _kept(self, header: bytes, path: Path) -> bool:
        """Keep what the records need; False where it cannot be read as DICOM."""
        dataset = _read(header)
        if dataset is None:
            return False
        try:
            content = io.BytesIO()
            dataset.save_as(content, enforce_file_format=True)
        except UNREADABLE:
            return False
        path.write_bytes(content.getvalue())
        return True


def _read(header: bytes) -> pydicom.FileDataset | None:
    """Read as far as the first part of a file goes, which may end within a sequence."""
    for stop in STOPS:
        try:
            found = read_partial(io.BytesIO(header), _reaches(stop), specific_tags=TAGS)
            return found if found.SOPClassUID and found.SOPInstanceUID and found.SeriesInstanceUID else None
        except UNREADABLE:
            continue
    return None


def _reaches(stop: int) -> Callable[[BaseTag, str | None, int], bool]:
    def reached(tag: BaseTag, vr: str | None, length: int) -> bool:
        return int(tag) >= stop

    return reached


def image_zip(
    files: Iterable[str],
    pieces: Pieces,
    documents: Iterable[tuple[str, bytes]] = (),
    tell: Callable[[int], object] = lambda _: None,
) -> Iterator[bytes]:
    """Yield a zip with `files` (ids that `pieces` reads), a DICOMDIR and `documents` by name.

    `tell` is told of each piece how many bytes of a file it held. What `pieces` raises ends the zip unfinished.
    """
    pipe = _Pipe()
    with (
        tempfile.TemporaryDirectory(prefix="gecit-dicomdir-") as folder,
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as made,  # type: ignore[call-overload]
    ):
        directory = Directory(Path(folder))
        for name, content in documents:
            made.writestr(_entry(name), content, zipfile.ZIP_DEFLATED, LEVEL)
            yield pipe.taken()
        for one in files:
            coming = pieces(one)
            header, rest = _beginning(coming)
            with made.open(_entry(directory.place(header)), "w", force_zip64=True) as entry:
                for piece in _all(header, rest, coming):
                    entry.write(piece)
                    tell(len(piece))
                    if ready := pipe.taken():
                        yield ready
        if named := directory.written():
            made.writestr(_entry("DICOMDIR"), named, zipfile.ZIP_DEFLATED, LEVEL)
    yield pipe.taken()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = LEVEL  # type: ignore[attr-defined]
    entry.external_attr = 0o644 << 16
    return entry


def _beginning(coming: Iterator[bytes]) -> tuple[bytes, bytes]:
    """Return the part that is looked at, and what came with it beyond that."""
    parts: list[bytes] = []
    for piece in coming:
        parts.append(piece)
        if sum(map(len, parts)) >= HEADER:
            break
    whole = b"".join(parts)
    return whole[:HEADER], whole[HEADER:]


def _all(header: bytes, rest: bytes, coming: Iterator[bytes]) -> Iterator[bytes]:
    yield from filter(None, (header, rest))
    yield from coming
