"""The files that are sent: CT studies of a stated size, each with its order. Everyone in them is made up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from gecit.core.order import Control, ExamKey, Order, Patient
from gecit.core.values import Value, local
from gecit.sandbox.day import INSTITUTION, PHYSICIAN, PROCEDURES
from gecit.sandbox.imaging import Shot, common


class Case(Value):
    """How much is sent. `edge`: rows and columns of a slice, 2 bytes a pixel."""

    name: str
    edge: int
    studies: int
    series: int  # in each study
    slices: int  # in each series

    @property
    def instances(self) -> int:
        """How many files."""
        return self.studies * self.per_study

    @property
    def bytes(self) -> int:
        """How many bytes of pixels, all files together."""
        return 2 * self.edge * self.edge * self.instances

    @property
    def per_study(self) -> int:
        """How many files of one study."""
        return self.series * self.slices


class Sent(Value):
    """One study on disk."""

    order: Order
    folder: Path
    instances: int


def write(case: Case, folder: Path, first: int = 1) -> list[Sent]:
    """Write the studies of a case, each into its own folder; `first` numbers them, so that two calls differ."""
    noise = random.Random(case.edge).randbytes(2 * case.edge * case.edge)  # noqa: S311 -- pixels, no secret
    return [_study(case, number, folder / f"{number:05d}", noise) for number in range(first, first + case.studies)]


def dealt(studies: Sequence[Sent], hands: int) -> list[Sequence[Sent]]:
    """Deal studies out as cards are."""
    return [studies[number::hands] for number in range(hands)]


def tckn(number: int) -> str:
    """Return a made-up number with a right checksum, as the first nine digits say."""
    digits = [int(one) for one in f"{number:09d}"]
    digits.append((7 * sum(digits[0:9:2]) - sum(digits[1:8:2])) % 10)
    digits.append(sum(digits) % 10)
    return "".join(map(str, digits))


def _study(case: Case, number: int, folder: Path, noise: bytes) -> Sent:
    order = _order(number)
    shot = Shot(
        kind="CT", order=order, institution=INSTITUTION, at=local(order.scheduled_at or datetime.now(UTC)), serial="B1"
    )
    folder.mkdir(parents=True)
    for count, dataset in enumerate(_slices(case, shot, noise)):
        _write(dataset, folder / f"{count:05d}.dcm")
    return Sent(order=order, folder=folder, instances=case.per_study)


def _order(number: int) -> Order:
    at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    accession = f"OLCUM{number:06d}"
    return Order(
        key=ExamKey(institution=INSTITUTION.skrs, accession=accession),
        control=Control.NEW,
        patient=Patient(
            tckn=tckn(100_100_000 + number),
            file_number=f"OLCUM-{number}",
            family="ÖLÇÜMCÜ",
            given="Işıl",
            birth_date="19800101",
            sex="F",
        ),
        procedures=(PROCEDURES["CT"],),
        ordered_at=at,
        message_at=at,
        scheduled_at=at,
        modality="CT",
        physician=PHYSICIAN,
        admission=f"BSV{accession}",
        tracking_number=f"SYS{accession}",
        reference=f"REF{accession}",
    )


def _slices(case: Case, shot: Shot, noise: bytes) -> Iterator[Dataset]:
    for series in range(1, case.series + 1):
        dataset = common(shot, series=series)
        _describe(dataset, case, shot, noise)
        for number in range(1, case.slices + 1):
            dataset.SOPInstanceUID = shot.uid("image", series, number)
            dataset.InstanceNumber = number
            dataset.ImagePositionPatient = [-125, -125, number]
            dataset.SliceLocation = number
            yield dataset


def _describe(dataset: Dataset, case: Case, shot: Shot, noise: bytes) -> None:
    """Image Plane, Frame of Reference and CT Image modules, PS3.3 C.7.6.2, C.7.4.1 and C.8.2.1."""
    dataset.SOPClassUID = CTImageStorage
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = shot.uid("frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.PixelSpacing = [0.5, 0.5]
    dataset.SliceThickness = 1
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = case.edge
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.KVP = 0, 1, 120
    dataset.PixelData = noise


def _write(dataset: Dataset, path: Path) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, dataset, enforce_file_format=True)
