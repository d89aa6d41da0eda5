"""DICOM files -> facts of their studies, without an Orthanc: read with pydicom, translated by the same mapping."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ..core.facts import DoseReport, StudyFacts
from .dicom_details import FUNCTIONAL, GROUPS, wanted_of_each
from .dicom_facts import SeriesRead, is_structured_report, study_facts
from .dose_sr import MAX_BYTES, Unreadable, read_dose_report
from .orthanc_http import LOOK_AT_EACH, MAX_REPORTS

log = logging.getLogger("gecit.dicom_files")

PREAMBLE, PREFIX = 128, b"DICM"  # PS3.10 7.1
DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory: a DICOMDIR, which is of no study
BARE = (b"\x08\x00\x00\x00", b"\x08\x00\x01\x00", b"\x08\x00\x05\x00", b"\x08\x00\x08\x00", b"\x02\x00\x00\x00")
"""How a data set without preamble begins: group length, (0008,0001), (0008,0005), (0008,0008), or the file meta."""
TEXTS = (
    *("SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"),
    *("AccessionNumber", "PatientID", "PatientName", "OtherPatientIDs", "InstitutionName", "StudyDate", "StudyTime"),
    *("StudyDescription", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "StationName"),
    *("PatientBirthDate", "PatientSex", "ImageLaterality", "Laterality", "ViewPosition", "BodyPartExamined"),
    *("PixelSpacing", "ImagerPixelSpacing"),
)
SEQUENCES: dict[str, tuple[str, ...]] = {  # sequence -> what of its items is read
    "ViewCodeSequence": ("CodeMeaning",),
    "SharedFunctionalGroupsSequence": tuple(FUNCTIONAL.values()),
    "PerFrameFunctionalGroupsSequence": tuple(FUNCTIONAL.values()),
    **{macro: (name,) for name, macro in FUNCTIONAL.items()},
}
WITH_SEQUENCES = (*TEXTS, "OtherPatientIDsSequence", "ViewCodeSequence", *GROUPS)

Tags = dict[str, Any]


class NotReadError(Exception):
    """A file that looks like DICOM holds no instance of a study; the text says why, in both languages."""


@dataclass
class _Series:
    uid: str
    tags: dict[str, Tags] = field(default_factory=dict)  # Orthanc's id of the instance -> its tags

    def read(self) -> SeriesRead:
        """Return the series as Orthanc would be asked about it: of many instances, one speaks for all."""
        ids = sorted(self.tags)
        first, arrived = self.tags[ids[0]], next(iter(self.tags.values()))
        main = {name: arrived.get(name, "") for name in ("Modality", "Manufacturer", "StationName")}
        shown = {"Instances": ids, "MainDicomTags": {**main, "SeriesInstanceUID": self.uid}}
        asked = ids if len(ids) <= LOOK_AT_EACH else ids[:1]
        classes = tuple(self.tags[one].get("SOPClassUID", "") for one in asked)
        whole = len(asked) == len(ids) and wanted_of_each(main["Modality"])
        return SeriesRead(shown, first, {}, classes, tuple(self.tags[one] for one in ids) if whole else ())


@dataclass
class _Study:
    first: Tags
    series: dict[str, _Series] = field(default_factory=dict)
    doses: dict[str, DoseReport] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    reports: set[str] = field(default_factory=set)


class DicomFiles:
    """Collects files, each in any order, and gives the facts of their studies; keeps tags only, never pixels."""

    def __init__(self, node: str = "files") -> None:
        self._node = node
        self._studies: dict[tuple[str, str], _Study] = {}

    def add(self, path: Path) -> None:
        """Take in one file; `NotReadError` where it is no instance of a study, OSError where it cannot be opened."""
        tags = read_tags(path)
        key = (tags.get("PatientID", "").strip(), tags["StudyInstanceUID"].strip())
        study = self._studies.setdefault(key, _Study(tags))
        series_uid, instance_uid = (tags.get(one, "").strip() for one in ("SeriesInstanceUID", "SOPInstanceUID"))
        instance = orthanc_id(*key, series_uid, instance_uid)
        study.series.setdefault(series_uid, _Series(series_uid)).tags[instance] = tags
        if is_structured_report(tags.get("SOPClassUID", ""), tags.get("Modality", "")):
            _add_report(study, instance, path)

    def studies(self) -> Iterator[tuple[StudyFacts, int]]:
        """Yield each study with the number of its instances, in the order in which they were first met."""
        for (patient, uid), study in self._studies.items():
            shown = {"ID": orthanc_id(patient, uid), "MainDicomTags": study.first, "PatientMainDicomTags": study.first}
            reads = [one.read() for one in study.series.values()]
            facts = study_facts(self._node, shown, reads, list(study.doses.values()), sorted(study.unreadable))
            yield facts, sum(len(one.instances) for one in reads)


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file's first bytes (132 at least) are those of DICOM, with or without the preamble."""
    return head[PREAMBLE : PREAMBLE + 4] == PREFIX or head[:4] in BARE


def read_tags(path: Path) -> Tags:
    """Return the tags of one file under Orthanc's names, empty ones left out."""
    try:
        dataset = dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(WITH_SEQUENCES))
        tags: Tags = {name: value for name in TEXTS if (value := _text(dataset, name))}
    except OSError:
        raise
    except Exception as fault:  # pydicom raises nearly anything on broken files; a boundary
        log.info("a DICOM file cannot be read: %s", type(fault).__name__)
        raise NotReadError(f"DICOM okunamadı / the DICOM cannot be read ({type(fault).__name__})") from fault
    if str(dataset.file_meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY:
        raise NotReadError("DICOMDIR, çalışma değil / a DICOMDIR, no study")
    if not tags.get("StudyInstanceUID"):
        raise NotReadError("DICOM'da (0020,000D) yok / the DICOM has no Study Instance UID (0020,000D)")
    tags["OtherPatientIDsSequence"] = _other_ids(dataset)
    return tags | {name: found for name in ("ViewCodeSequence", *GROUPS) if (found := _items(dataset, name))}


def orthanc_id(*parts: str) -> str:
    """Return the id that Orthanc gives: SHA-1 over the identifiers from the patient down, in groups of eight."""
    digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def _text(dataset: Dataset, keyword: str) -> str:
    """Return one element's value, several joined by a backslash (PS3.5 6.2); an unreadable one counts as absent."""
    try:
        value = dataset.get(keyword)
        values = value if isinstance(value, MultiValue) else [value]
        return "\\".join("" if one is None else str(one) for one in values)
    except Exception as fault:  # noqa: BLE001 -- one odd element is no reason to lose the file
        log.info("%s cannot be read: %s", keyword, type(fault).__name__)
        return ""


def _other_ids(dataset: Dataset) -> list[dict[str, str]]:
    items = dataset.get("OtherPatientIDsSequence") or []
    return [{"PatientID": _text(one, "PatientID")} for one in items if isinstance(one, Dataset)]


def _items(dataset: Dataset, keyword: str) -> list[Tags]:
    """Return what is wanted of a sequence's items, in the form of Orthanc's JSON; of frames, the first."""
    try:
        items = list(dataset.get(keyword) or ())[:1]
    except Exception as fault:  # noqa: BLE001 -- as above
        log.info("%s cannot be read: %s", keyword, type(fault).__name__)
        return []
    wanted = SEQUENCES[keyword]
    return [{name: _items(one, name) if name in SEQUENCES else _text(one, name) for name in wanted} for one in items]


def _add_report(study: _Study, instance: str, path: Path) -> None:
    """Read a structured report, of one study only as many as Geçit reads."""
    study.reports.add(instance)
    if len(study.reports) > MAX_REPORTS:
        return
    small = path.stat().st_size <= MAX_BYTES
    found = read_dose_report(path.read_bytes()) if small else Unreadable(reason="too large")
    if isinstance(found, DoseReport):
        study.doses[instance] = found
    elif isinstance(found, Unreadable):
        study.unreadable.add(instance)
