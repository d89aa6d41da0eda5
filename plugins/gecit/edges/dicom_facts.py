"""Orthanc's JSON -> facts of a study. Tolerant: what is missing or odd becomes empty, never an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from ..core.facts import DoseReport, SeriesFacts, StudyFacts, StudyKey
from .dicom_details import series_details, text

Json = Mapping[str, Any]

MOST_FRAMES = 100_000  # of one instance; more is a mistake
_STORAGE = "1.2.840.10008.5.1.4.1.1."

NO_PICTURES = (  # PS3.4 B.5 standard SOP classes without Pixel Data to look at; a trailing dot names a whole branch
    _STORAGE + "9.",  # waveforms
    _STORAGE + "11.",  # presentation states
    _STORAGE + "66",  # raw data
    _STORAGE + "66.",  # registration, fiducials, segmentation, tractography
    _STORAGE + "67",  # real world value mapping
    _STORAGE + "68.",  # surface scan
    _STORAGE + "77.1.5.3",  # stereometric relationship
    _STORAGE + "78.",  # ophthalmic measurements
    _STORAGE + "79.",
    _STORAGE + "80.",
    _STORAGE + "88.",  # structured reports, key objects, dose reports
    _STORAGE + "104.",  # encapsulated documents
    _STORAGE + "481.2",  # RT dose, structures, treatment records, plans; 481.1 is RT Image, a picture
    _STORAGE + "481.3",
    _STORAGE + "481.4",
    _STORAGE + "481.5",
    _STORAGE + "481.6",
    _STORAGE + "481.7",
    _STORAGE + "481.8",
    _STORAGE + "481.9",
    "1.2.840.10008.5.1.4.34.",  # RT delivery instructions
    "1.2.840.10008.5.1.4.38.",  # hanging protocols
    "1.2.840.10008.5.1.4.39.",  # colour palettes
    "1.2.840.10008.5.1.4.43.",  # implants
    "1.2.840.10008.5.1.4.44.",
    "1.2.840.10008.5.1.4.45.",
)
MODALITIES_WITHOUT_PICTURES = frozenset(  # PS3.3 C.7.3.1.1.1, asked only where the SOP class is unknown
    {"SR", "KO", "PR", "DOC", "PLAN", "RTSTRUCT", "RTPLAN", "RTDOSE", "RTRECORD", "REG", "FID", "RWV", "SEG", "SMR"}
    | {"AU", "ECG", "EPS", "HD", "RESP", "TEXTUREMAP"}
)
LATE = "99991231T235959"  # after every moment that Orthanc writes
SR_CLASSES = _STORAGE + "88."


@dataclass(frozen=True)
class SeriesRead:
    """What was asked of one series: its own JSON, and tags, metadata and SOP classes of some of its instances."""

    series: Json
    tags: Json = field(default_factory=dict)  # /instances/{id}/simplified-tags of one instance
    metadata: Json = field(default_factory=dict)  # /instances/{id}/metadata?expand of the first that came
    sop_classes: tuple[str, ...] = ()  # of each instance where asked, else of one; the last holds for the rest
    each: tuple[Json, ...] = ()  # tags of every instance where they were asked for, `tags` of the first among them

    @cached_property
    def instances(self) -> tuple[str, ...]:
        """Orthanc ids of the instances, sorted: the same whatever the order of arrival was."""
        return tuple(sorted(one for one in _list(self.series.get("Instances")) if isinstance(one, str)))


def study_facts(
    node: str,
    study: Json,
    series: Iterable[SeriesRead],
    dose_reports: Sequence[DoseReport] = (),
    unreadable: Sequence[str] = (),
    aside: str = "",
) -> StudyFacts:
    """Translate what Orthanc says of a study; `institution` and `settled` are left to the step."""
    main, patient = _dict(study.get("MainDicomTags")), _dict(study.get("PatientMainDicomTags"))
    reads = sorted(series, key=lambda one: text(_dict(one.series.get("MainDicomTags")), "SeriesInstanceUID"))
    first = text(came_first(one.metadata for one in reads), "RemoteAET")
    return StudyFacts(
        key=StudyKey(node=node, orthanc_id=text(study, "ID")),
        study_instance_uid=text(main, "StudyInstanceUID"),
        accession=text(main, "AccessionNumber"),
        patient_id=text(patient, "PatientID"),
        other_patient_ids=_other_patient_ids(reads),
        patient_name=text(patient, "PatientName"),
        patient_birth_date=text(patient, "PatientBirthDate"),
        patient_sex=text(patient, "PatientSex").upper(),
        institution_name=text(main, "InstitutionName") or _first(_of_sender(reads, first), "InstitutionName"),
        study_date=text(main, "StudyDate"),
        study_time=text(main, "StudyTime"),
        description=text(main, "StudyDescription"),
        character_set=_first(reads, "SpecificCharacterSet"),
        calling_aet=first,
        series=tuple(series_facts(one) for one in reads),
        dose_reports=tuple(sorted(dose_reports, key=lambda one: one.sop_instance_uid)),
        unreadable=tuple(sorted(unreadable)),
        aside=aside,
        last_instance_at=instant(study.get("LastUpdate")),
    )


def came_first(metadata: Iterable[Json]) -> Json:
    """Return the metadata of the instance that came first, of those that were looked at.

    Orthanc's `ReceptionDate` is to the second; within one, whoever has a calling AE title goes first.
    """
    return min(metadata, key=lambda one: (text(one, "ReceptionDate") or LATE, not text(one, "RemoteAET")), default={})


def _of_sender(reads: Iterable[SeriesRead], aet: str) -> Iterable[SeriesRead]:
    return (one for one in reads if text(one.metadata, "RemoteAET") == aet)


def series_facts(read: SeriesRead) -> SeriesFacts:
    """Translate one series."""
    main = _dict(read.series.get("MainDicomTags"))
    modality = text(main, "Modality") or text(read.tags, "Modality")
    images = _pictures(read, modality)
    return SeriesFacts(
        series_instance_uid=text(main, "SeriesInstanceUID"),
        modality=modality.upper(),
        instances=len(read.instances),
        images=images,
        manufacturer=text(main, "Manufacturer") or text(read.tags, "Manufacturer"),
        model=text(read.tags, "ManufacturerModelName"),
        device_serial=text(read.tags, "DeviceSerialNumber"),
        station=text(main, "StationName") or text(read.tags, "StationName"),
        frames=_frames(text(read.tags, "NumberOfFrames")),
        details=series_details(read.each or ((read.tags,) if read.tags else ())) if images else None,
    )


def _frames(written: str) -> int:
    """Frames of the series' first instance (IS); one that cannot be read counts as one."""
    return int(written) if written.isdecimal() and 0 < int(written) <= MOST_FRAMES else 1


@lru_cache(maxsize=256)  # asked for every instance of a study, and a hospital sends few classes
def is_picture(sop_class: str, modality: str = "") -> bool:
    """Whether an instance of the SOP class is something to look at; by modality where the class is unknown."""
    if not sop_class:
        return modality.strip().upper() not in MODALITIES_WITHOUT_PICTURES
    return not any(sop_class.startswith(one) if one.endswith(".") else sop_class == one for one in NO_PICTURES)


def is_structured_report(sop_class: str, modality: str = "") -> bool:
    """Whether the instance may be a dose report: any structured report may be."""
    return sop_class.startswith(SR_CLASSES) or (not sop_class and modality.strip().upper() == "SR")


def instant(value: object) -> datetime | None:
    """Return one of Orthanc's own instants (`20261122T193739`), which are UTC whatever the host's time zone is."""
    try:
        return datetime.strptime(str(value), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _pictures(read: SeriesRead, modality: str) -> int:
    classes = read.sop_classes or (text(read.tags, "SOPClassUID"),)
    whole = classes + classes[-1:] * (len(read.instances) - len(classes))
    return sum(is_picture(one, modality) for one in whole[: len(read.instances)])


def _other_patient_ids(reads: Iterable[SeriesRead]) -> tuple[str, ...]:
    """Collect (0010,1000), retired but in use, and (0010,1002); Orthanc may name the former either way."""
    found: set[str] = set()
    for tags in (one.tags for one in reads):
        for name in ("OtherPatientIDs", "RETIRED_OtherPatientIDs"):
            found |= {one.strip() for one in text(tags, name).split("\\")}
        found |= {text(_dict(one), "PatientID") for one in _list(tags.get("OtherPatientIDsSequence"))}
    return tuple(sorted(found - {""}))


def _first(reads: Iterable[SeriesRead], name: str) -> str:
    return next((found for one in reads if (found := text(one.tags, name))), "")


def _dict(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
