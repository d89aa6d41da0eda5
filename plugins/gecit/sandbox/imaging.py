"""Pictures and dose reports for the demo's day: written anew, so that no attribute of a sample's patient is left."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
    UltrasoundImageStorage,
    VLEndoscopicImageStorage,
)

from ..core.order import Order
from ..core.values import ISTANBUL, Value, local
from ..ports import Institution
from . import dose, pictures
from .pictures import Picture

AFTER = timedelta(minutes=1)  # the acceptance of the patient
EPOCH = datetime(2024, 1, 1, tzinfo=ISTANBUL)  # for an order without any time
FIRM = "DENEME"  # a KTS firm code in (0008,0080); made up
MANUFACTURER = "Deneme Cihazları"
NUMBERED_BY_FILE = frozenset(("MR",))  # PatientID = file number, TCKN in OtherPatientIDs: matching's second path
LATIN5 = frozenset(("US",))  # an old device: ISO_IR 148; the others write UTF-8

SOP_CLASSES: Mapping[str, UID] = {
    "CT": CTImageStorage,
    "MR": MRImageStorage,
    "US": UltrasoundImageStorage,
    "MG": DigitalMammographyXRayImageStorageForPresentation,
    "DX": DigitalXRayImageStorageForPresentation,
    "ES": VLEndoscopicImageStorage,
}
KINDS = tuple(SOP_CLASSES)


class Shot(Value):
    """What all instances of one study share."""

    kind: str
    order: Order
    institution: Institution
    at: datetime  # local
    serial: str  # of the device

    def uid(self, *parts: object) -> UID:
        """Name a part of the study, PS3.5 B.2: the same parts give the same UID."""
        name = "/".join(map(str, ("gecit demo", self.order.key, *parts)))
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}")


def build_study(
    kind: str,
    *,
    order: Order,
    institution: Institution,
    folder: Path,
    with_dose: bool = False,
    slices: int = 1,
    serial: str = "",
) -> list[Path]:
    """Write one study of `kind` (of `KINDS`) into `folder` and return its files, the dose report last.

    `serial` is the device's, where it is not the usual one. The same order gives the same identifiers. `slices` counts
    for CT (108 at the most) and MR. ValueError where
    `with_dose` is asked of a kind that sends none.
    """
    at = local(order.scheduled_at or order.ordered_at or EPOCH) + AFTER
    shot = Shot(kind=kind, order=order, institution=institution, at=at, serial=serial or f"DNM-{kind}-01")
    datasets = [_image(shot, picture, number) for number, picture in enumerate(_pictures(kind, slices), start=1)]
    if with_dose:
        datasets.append(dose.build(common(shot, series=2), kind, shot.at, shot.uid))
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(dataset, folder / f"{number:04d}.dcm") for number, dataset in enumerate(datasets, start=1)]


def common(shot: Shot, *, series: int) -> Dataset:
    """Return the patient, study, series and equipment modules of one instance."""
    order, patient = shot.order, shot.order.patient
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 148" if shot.kind in LATIN5 else "ISO_IR 192"
    dataset.PatientName = f"{patient.family}^{patient.given}"
    dataset.PatientID = patient.file_number if shot.kind in NUMBERED_BY_FILE else patient.tckn
    if shot.kind in NUMBERED_BY_FILE:
        dataset.OtherPatientIDs = patient.tckn  # retired, but the attribute that the guide matches by
    dataset.PatientBirthDate = patient.birth_date
    dataset.PatientSex = patient.sex
    dataset.StudyInstanceUID = shot.uid("study")
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = f"{shot.at:%Y%m%d}"
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = f"{shot.at:%H%M%S}"
    dataset.StudyID = order.key.accession
    dataset.StudyDescription = order.procedures[0].sut_name
    dataset.AccessionNumber = order.key.accession
    dataset.ReferringPhysicianName = f"{order.physician.family}^{order.physician.given}"
    dataset.InstitutionName = f"{shot.institution.name}^^^SKRS{shot.institution.skrs}^^^FK{FIRM}"
    dataset.Modality = shot.kind
    dataset.SeriesInstanceUID = shot.uid("series", series)
    dataset.SeriesNumber = series
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = f"Deneme {shot.kind}"
    dataset.DeviceSerialNumber = shot.serial
    dataset.StationName = f"DENEME{shot.kind}"
    dataset.SoftwareVersions = "1.0"
    return dataset


def _pictures(kind: str, slices: int) -> list[Picture]:
    match kind:
        case "CT":
            return pictures.ct(slices)
        case "MR":
            return pictures.mr(slices)
        case "US":
            return [pictures.us()]
        case "MG":
            return [pictures.mg()]
        case "ES":
            return [pictures.es()]
    return [pictures.dx()]


def _image(shot: Shot, picture: Picture, number: int) -> Dataset:
    dataset = common(shot, series=1)
    dataset.SOPClassUID = SOP_CLASSES[shot.kind]
    dataset.SOPInstanceUID = shot.uid("image", number)
    dataset.InstanceNumber = number
    dataset.PatientOrientation = ""
    dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.ContentDate, dataset.ContentTime
    _pixels(dataset, picture)
    MODULES[shot.kind](dataset, picture, shot)
    return dataset


def _pixels(dataset: Dataset, picture: Picture) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = picture.rows, picture.columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 1
    dataset.WindowCenter = (picture.highest + picture.lowest) // 2
    dataset.WindowWidth = max(picture.highest - picture.lowest, 1)
    dataset.BurnedInAnnotation = "NO"
    dataset.PixelData = picture.pixels + b"\0" * (len(picture.pixels) % 2)


def _slice(dataset: Dataset, picture: Picture, shot: Shot, thickness: float) -> None:
    """Image Plane and Frame of Reference modules, PS3.3 C.7.6.2 and C.7.4.1."""
    half_width, half_height = picture.columns * picture.pixel_size / 2, picture.rows * picture.pixel_size / 2
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = shot.uid("frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.PixelSpacing = [picture.pixel_size, picture.pixel_size]
    dataset.SliceThickness = thickness
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [round(-half_width, 3), round(-half_height, 3), round(picture.position, 3)]
    dataset.SliceLocation = round(picture.position, 3)
    del dataset.PatientOrientation
    dataset.AcquisitionNumber = 1


def _ct(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    _slice(dataset, picture, shot, pictures.THICKNESS)
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "HU"
    dataset.KVP = 120
    dataset.BodyPartExamined = "HEAD"


def _mr(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    _slice(dataset, picture, shot, 4.0)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "GR", "SP", "FS"
    dataset.MRAcquisitionType = "3D"
    dataset.RepetitionTime, dataset.EchoTime, dataset.EchoTrainLength = 4.2, 2.0, 1
    dataset.BodyPartExamined = "ABDOMEN"


def _us(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    _colour(dataset)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "SMALL PARTS"]
    dataset.Laterality = "R"


def _es(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    """VL Image and Acquisition Context modules, PS3.3 C.8.12.1 and C.7.6.14."""
    _colour(dataset)
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.AcquisitionContextSequence = []
    dataset.AnatomicRegionSequence = [dose.code("69695003", "SCT", "Stomach")]
    dataset.BodyPartExamined = "STOMACH"


def _colour(dataset: Dataset) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.LossyImageCompression = "00"
    del dataset.WindowCenter, dataset.WindowWidth


def _projection(dataset: Dataset, picture: Picture, peak_kilovoltage: int) -> None:
    """DX General Image and Detector modules, PS3.3 C.8.11.1-3: shared by DX and MG."""
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 12, 11
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.LossyImageCompression = "00"
    dataset.ImagerPixelSpacing = [picture.pixel_size, picture.pixel_size]
    dataset.DetectorType = "DIRECT"
    dataset.KVP = peak_kilovoltage
    dataset.AcquisitionContextSequence = []


def _dx(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    _projection(dataset, picture, 70)
    dataset.PositionerType = "NONE"
    dataset.ViewPosition = "LL"
    dataset.ViewCodeSequence = [dose.code("399173006", "SCT", "left lateral")]
    dataset.PatientOrientation = ["A", "F"]
    dataset.ImageLaterality = "U"
    dataset.BodyPartExamined = "SKULL"
    dataset.AnatomicRegionSequence = [dose.code("89546000", "SCT", "Skull")]


def _mg(dataset: Dataset, picture: Picture, shot: Shot) -> None:
    """Mammography Image module, PS3.3 C.8.11.7."""
    _projection(dataset, picture, 30)
    view = dose.code("399368009", "SCT", "medio-lateral oblique")
    view.ViewModifierCodeSequence = []
    dataset.PatientOrientation = ["P", "F"]
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.ImageLaterality = "R"
    dataset.OrganExposed = "BREAST"
    dataset.BodyPartExamined = "BREAST"
    dataset.BreastImplantPresent = "NO"
    dataset.AnatomicRegionSequence = [dose.code("76752008", "SCT", "Breast")]
    dataset.ViewCodeSequence = [view]


MODULES: Mapping[str, Callable[[Dataset, Picture, Shot], None]] = {
    "CT": _ct,
    "MR": _mr,
    "US": _us,
    "DX": _dx,
    "MG": _mg,
    "ES": _es,
}


def _write(dataset: Dataset, path: Path) -> Path:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, dataset, enforce_file_format=True)
    return path
