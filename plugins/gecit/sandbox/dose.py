"""Dose reports as a careful device would write them: PS3.16 TID 10011 (CT) and TID 10001 (mammography)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydicom.dataset import Dataset
from pydicom.uid import UID, XRayRadiationDoseSRStorage

Namer = Callable[..., UID]
CTDI_VOL, SCAN_LENGTH = 42.6, 162.0  # mGy, mm
GLANDULAR_DOSE = 1.42  # mGy
SECOND = timedelta(seconds=1)

EXTENSION = "125203 DCM Acquisition Protocol"
UNITS = {"mGy": "mGy", "mGy.cm": "mGy.cm", "mm": "mm", "s": "s", "kV": "kV", "mA": "mA", "{events}": "events"}
UNITS |= {"{ratio}": "ratio", "{X-Ray sources}": "X-Ray sources", "1": "no units"}


def build(dataset: Dataset, kind: str, at: datetime, uid: Namer) -> Dataset:
    """Turn the modules common to a study into its dose report; ValueError for a kind that sends none."""
    if kind not in ("CT", "MG"):
        raise ValueError(f"no dose report of {kind} in the demo")
    dataset.Modality = "SR"
    dataset.SeriesDescription = "Doz raporu"
    dataset.SOPClassUID = XRayRadiationDoseSRStorage
    dataset.SOPInstanceUID = uid("dose report")
    dataset.InstanceNumber = 1
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    root = _container("113701 DCM X-Ray Radiation Dose Report", *(_ct if kind == "CT" else _mg)(dataset, at, uid))
    root.ContentTemplateSequence = [_template("10011" if kind == "CT" else "10001")]
    del root.RelationshipType
    dataset.update(root)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a coded entry, PS3.3 8.8."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _ct(dataset: Dataset, at: datetime, uid: Namer) -> list[Dataset]:
    length_product = round(CTDI_VOL * SCAN_LENGTH / 10, 2)
    return [
        *_opening(dataset, at, uid, "77477000 SCT Computed Tomography X-Ray"),
        _container(
            "113811 DCM CT Accumulated Dose Data",
            _number("113812 DCM Total Number of Irradiation Events", 1, "{events}"),
            _number("113813 DCM CT Dose Length Product Total", length_product, "mGy.cm"),
        ),
        _container(
            "113819 DCM CT Acquisition",
            _text(EXTENSION, "Beyin, kontrastsız"),
            _coded("123014 DCM Target Region", "69536005 SCT Head"),
            _coded("113820 DCM CT Acquisition Type", "116152004 SCT Spiral Acquisition"),
            _uid("113769 DCM Irradiation Event UID", uid("irradiation", 1)),
            _ct_parameters(),
            _container(
                "113829 DCM CT Dose",
                _number("113830 DCM Mean CTDIvol", CTDI_VOL, "mGy"),
                _coded("113835 DCM CTDIw Phantom Type", "113690 DCM IEC Head Dosimetry Phantom"),
                _number("113838 DCM DLP", length_product, "mGy.cm"),
            ),
        ),
        _coded("113854 DCM Source of Dose Information", "113856 DCM Automated Data Collection"),
    ]


def _ct_parameters() -> Dataset:
    return _container(
        "113822 DCM CT Acquisition Parameters",
        _number("113824 DCM Exposure Time", 9.0, "s"),
        _number("113825 DCM Scanning Length", SCAN_LENGTH, "mm"),
        _number("113826 DCM Nominal Single Collimation Width", 0.75, "mm"),
        _number("113827 DCM Nominal Total Collimation Width", 12.0, "mm"),
        _number("113828 DCM Pitch Factor", 0.9, "{ratio}"),
        _number("113823 DCM Number of X-Ray Sources", 1, "{X-Ray sources}"),
        _container(
            "113831 DCM CT X-Ray Source Parameters",
            _text("113832 DCM Identification of the X-Ray Source", "1"),
            _number("113733 DCM KVP", 120, "kV"),
            _number("113833 DCM Maximum X-Ray Tube Current", 260, "mA"),
            _number("113734 DCM X-Ray Tube Current", 240, "mA"),
            _number("113834 DCM Exposure Time per Rotation", 1.0, "s"),
        ),
    )


def _mg(dataset: Dataset, at: datetime, uid: Namer) -> list[Dataset]:
    side = "73056007 SCT Right breast"
    laterality = "272741003 SCT Laterality"
    accumulated = _number("111637 DCM Accumulated Average Glandular Dose", GLANDULAR_DOSE, "mGy")
    accumulated.ContentSequence = [_coded(laterality, side, relation="HAS CONCEPT MOD")]
    plane = "113764 DCM Acquisition Plane"
    return [
        *_opening(dataset, at, uid, "71651007 SCT Mammography"),
        _container(
            "113702 DCM Accumulated X-Ray Dose Data",
            _coded(plane, "113622 DCM Single Plane", relation="HAS CONCEPT MOD"),
            accumulated,
        ),
        _container(
            "113706 DCM Irradiation Event X-Ray Data",
            _coded(plane, "113622 DCM Single Plane", relation="HAS CONCEPT MOD"),
            _uid("113769 DCM Irradiation Event UID", uid("irradiation", 1)),
            _moment("111526 DCM DateTime Started", at),
            _coded("113721 DCM Irradiation Event Type", "113611 DCM Stationary Acquisition"),
            _text(EXTENSION, "Sağ MLO"),
            _coded("123014 DCM Target Region", side),
            _number("111631 DCM Average Glandular Dose", GLANDULAR_DOSE, "mGy"),
            _number("113733 DCM KVP", 30, "kV"),
        ),
        _coded("113854 DCM Source of Dose Information", "113856 DCM Automated Data Collection"),
    ]


def _opening(dataset: Dataset, at: datetime, uid: Namer, procedure: str) -> list[Dataset]:
    """Rows that both templates begin with: procedure, observing device (TID 1002, 1004), scope."""
    reported = _coded("121058 DCM Procedure reported", procedure, relation="HAS CONCEPT MOD")
    reported.ContentSequence = [
        _coded("363703001 SCT Has Intent", "261004008 SCT Diagnostic Intent", relation="HAS CONCEPT MOD")
    ]
    scope = _coded("113705 DCM Scope of Accumulation", "113014 DCM Study", relation="HAS OBS CONTEXT")
    scope.ContentSequence = [
        _uid("110180 DCM Study Instance UID", dataset.StudyInstanceUID, relation="HAS PROPERTIES"),
    ]
    context = "HAS OBS CONTEXT"
    return [
        reported,
        _coded("121005 DCM Observer Type", "121007 DCM Device", relation=context),
        _uid("121012 DCM Device Observer UID", uid("device"), relation=context),
        _text("121013 DCM Device Observer Name", str(dataset.StationName), relation=context),
        _text("121014 DCM Device Observer Manufacturer", str(dataset.Manufacturer), relation=context),
        _text("121015 DCM Device Observer Model Name", str(dataset.ManufacturerModelName), relation=context),
        _text("121016 DCM Device Observer Serial Number", str(dataset.DeviceSerialNumber), relation=context),
        _moment("113809 DCM Start of X-Ray Irradiation", at, relation=context),
        _moment("113810 DCM End of X-Ray Irradiation", at + 9 * SECOND, relation=context),
        scope,
    ]


def _split(concept: str) -> Dataset:
    value, scheme, meaning = concept.split(" ", 2)
    return code(value, scheme, meaning)


def _item(value_type: str, concept: str, relation: str) -> Dataset:
    item = Dataset()
    item.RelationshipType = relation
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [_split(concept)]
    return item


def _container(concept: str, *children: Dataset) -> Dataset:
    item = _item("CONTAINER", concept, "CONTAINS")
    item.ContinuityOfContent = "SEPARATE"
    item.ContentSequence = list(children)
    return item


def _coded(concept: str, value: str, relation: str = "CONTAINS") -> Dataset:
    item = _item("CODE", concept, relation)
    item.ConceptCodeSequence = [_split(value)]
    return item


def _text(concept: str, value: str, relation: str = "CONTAINS") -> Dataset:
    item = _item("TEXT", concept, relation)
    item.TextValue = value
    return item


def _uid(concept: str, value: str, relation: str = "CONTAINS") -> Dataset:
    item = _item("UIDREF", concept, relation)
    item.UID = value
    return item


def _moment(concept: str, value: datetime, relation: str = "CONTAINS") -> Dataset:
    item = _item("DATETIME", concept, relation)
    item.DateTime = f"{value:%Y%m%d%H%M%S}"
    return item


def _number(concept: str, value: float, unit: str) -> Dataset:
    measured = Dataset()
    measured.NumericValue = str(value)
    measured.MeasurementUnitsCodeSequence = [code(unit, "UCUM", UNITS[unit])]
    item = _item("NUM", concept, "CONTAINS")
    item.MeasuredValueSequence = [measured]
    return item


def _template(identifier: str) -> Dataset:
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", identifier
    return item
