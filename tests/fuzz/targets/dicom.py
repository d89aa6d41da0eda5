"""DICOM: what Orthanc tells of a study, dose reports, and C-FIND identifiers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pydicom

from gecit.core.facts import DoseReport
from gecit.core.query import matches, too_many_patterns
from gecit.core.values import to_json
from gecit.edges.dicom_facts import SeriesRead, came_first, is_picture, is_structured_report, study_facts
from gecit.edges.dicom_query import as_file, dataset_of, read_query
from gecit.edges.dose_sr import Unreadable, read_dose_report
from tests.edges.test_dose_sr import container, nested, written

from ..draw import json_of
from ..places import ROOT
from ..target import Target, must

T = TypeVar("T")
LONGEST_DOSE = 6144
NAMES = (
    "series",
    "tags",
    "metadata",
    "classes",
    "each",
    "ID",
    "LastUpdate",
    "MainDicomTags",
    "PatientMainDicomTags",
    "Instances",
    "Modality",
    "NumberOfFrames",
    "OtherPatientIDs",
    "OtherPatientIDsSequence",
    "PatientID",
    "PatientName",
    "SharedFunctionalGroupsSequence",
    "PixelMeasuresSequence",
    "PixelSpacing",
    "ViewCodeSequence",
    "CodeMeaning",
    "ReceptionDate",
    "RemoteAET",
    "SOPClassUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "AccessionNumber",
)


def again(value: T) -> T:
    """What the ledger gives back of a value."""
    return msgspec.json.decode(to_json(value), type=type(value))


def facts(data: bytes) -> object:
    given = json_of(data, NAMES)
    study = given if isinstance(given, dict) else {}
    rows = (
        [one for one in study.get("series", ()) if isinstance(one, dict)]
        if isinstance(study.get("series"), list)
        else []
    )
    reads = [_read(one) for one in rows[:8]]
    found = study_facts("N1", study, reads, (), ())
    for one in found.series:
        must(0 <= one.images <= one.instances, "more pictures than instances")
        must(one.frames >= 1, "no frame")
    must(again(found) == found, "facts that the ledger cannot keep")
    return repr(found), came_first([one.metadata for one in reads]) is not None


def _read(row: dict[str, Any]) -> SeriesRead:
    def part(name: str) -> dict[str, Any]:
        return row[name] if isinstance(row.get(name), dict) else {}

    classes = row.get("classes")
    listed = tuple(one for one in classes if isinstance(one, str)) if isinstance(classes, list) else ()
    each = row.get("each")
    tags = tuple(one for one in each if isinstance(one, dict)) if isinstance(each, list) else ()
    for one in listed:
        must(not (is_picture(one) and is_structured_report(one)), "a picture that is a report")
    return SeriesRead(part("series"), part("tags"), part("metadata"), listed, tags)


def fact_seeds() -> list[bytes]:
    tags = {
        "Modality": "CT",
        "NumberOfFrames": "3",
        "OtherPatientIDs": "1\\2",
        "SpecificCharacterSet": "ISO_IR 148",
        "OtherPatientIDsSequence": [{"PatientID": "10000000146"}],
        "ViewCodeSequence": [{"CodeMeaning": "cc"}],
        "SharedFunctionalGroupsSequence": [{"PixelMeasuresSequence": [{"PixelSpacing": "0\\0"}]}],
    }
    series = {
        "series": {"Instances": ["a", "b"], "MainDicomTags": {"SeriesInstanceUID": "1.2", "Modality": "MG"}},
        "tags": tags,
        "metadata": {"ReceptionDate": "20260101T101010", "RemoteAET": "PACS"},
        "classes": ["1.2.840.10008.5.1.4.1.1.2"],
        "each": [tags, {}],
    }
    study = {
        "ID": "s1",
        "LastUpdate": "20260101T101010",
        "MainDicomTags": {"StudyInstanceUID": "1.2.3", "StudyDate": "2026"},
        "PatientMainDicomTags": {"PatientID": "10000000146", "PatientName": "ŞAHİN^ÇİĞDEM"},
        "series": [series, series],
    }
    return [json.dumps(study).encode(), json.dumps({**study, "series": []}).encode(), b"\x01\x05\x04\x03\x02" * 20]


def dose(data: bytes) -> object:
    found = read_dose_report(data)
    must(found is None or isinstance(found, DoseReport | Unreadable), "another answer")
    if isinstance(found, DoseReport):
        must(all(one.value == one.value and abs(one.value) != float("inf") for one in found.values), "no number")
        must(again(found) == found, "a dose that the ledger cannot keep")
    return repr(found)


def dose_files() -> list[bytes]:
    """Made ones, pydicom's own small files, and real dose reports where they were fetched."""
    made = [written(container("113701", [])), written(nested(5)), written(nested(40))]
    made.append(written(container("113701", []), "1.2.840.10008.1.2.1.99"))
    others = [Path(pydicom.__file__).parent / "data" / "test_files", ROOT / "build" / "testdata" / "openrem"]
    small = [one for folder in others for one in sorted(folder.glob("*.dcm")) if one.stat().st_size < LONGEST_DOSE]
    return made + [one.read_bytes() for one in small]


def find(data: bytes) -> object:
    """As the callback does it: what is no dataset is refused there by its boundary."""
    try:
        query = read_query(data)
    except Exception as fault:  # noqa: BLE001 -- documented: whatever pydicom raises
        return type(fault).__name__
    if too_many_patterns(query.keys):
        return "refused"
    values = {"PatientID": "10000000146", "PatientName": "ŞAHİN^ÇİĞDEM", "StudyDate": "20260101", "Modality": "CT"}
    return matches(query.keys, values), repr(query)


def find_seeds() -> list[bytes]:
    asked = {"PatientName": "ŞA*", "PatientID": "", "ScheduledProcedureStepSequence.Modality": "CT"}
    made = [
        as_file(dataset_of(asked, "ISO_IR 192")),
        as_file(dataset_of({"StudyDate": "2026-", "PatientName": "?*"}, "")),
    ]
    return made + [one[132:] for one in made]


TARGETS = (
    Target(
        name="facts",
        reads="DICOM facts, as Orthanc tells them",
        holds="never raises; what is read can be kept and read back; no more pictures than instances",
        one=facts,
        seeds=fact_seeds,
        tokens=tuple(f'"{one}"'.encode() for one in NAMES),
    ),
    Target(
        name="dose",
        reads="dose reports, DICOM files",
        holds="never raises; values are finite; what is read can be kept and read back",
        one=dose,
        seeds=dose_files,
        tokens=(
            b"DICM",
            b"SQ\0\0",
            b"\xfe\xff\x00\xe0",
            b"\xff\xff\xff\xff",
            b"113701",
            b"DCM",
            b"1.2.840.10008.1.2.1.99",
            b"1.2.840.10008.1.2.2",
            b"ISO 2022 IR 87",
            b"\xfe\xff\xdd\xe0\0\0\0\0",
        ),
        longest=LONGEST_DOSE,
    ),
    Target(
        name="find",
        reads="C-FIND identifiers",
        holds="what is no dataset is an error of the reader, which the door answers with a failure; matching ends",
        one=find,
        seeds=find_seeds,
        tokens=(b"*", b"?", b"\\", b"SQ\0\0", b"\xfe\xff\x00\xe0", b"\xff\xff\xff\xff", b"PN", b"ISO_IR 148"),
        longest=1024,
    ),
)
