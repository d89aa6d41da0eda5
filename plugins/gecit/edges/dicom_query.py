"""C-FIND identifiers between DICOM bytes and text: queries read, answers built. No Orthanc here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRLittleEndian

from gecit.core.character_sets import written
from gecit.core.values import Value
from gecit.core.worklist import STEP, Asking, Codes, Entry, attributes, protocol_codes, requested_code

from .pydicom_words import quieten

quieten()
UNDECLARED = "iso8859_9"  # what Turkish devices mean; the same as Orthanc's `DefaultEncoding` here
WORKLIST_FIND = UID("1.2.840.10008.5.1.4.31")
NOBODY = UID("2.25.0")
EMPTY = (  # type 2 of PS3.4 table K.6-1: there, without a value, since no order message carries it
    "CurrentPatientLocation", "PatientWeight", "MedicalAlerts", "Allergies", "PregnancyStatus", "SpecialNeeds",
    "PatientState", "ConfidentialityConstraintOnPatientDataDescription", "RequestedProcedurePriority",
    "PatientTransportArrangements",
)  # fmt: skip
EMPTY_SEQUENCES = ("ReferencedStudySequence", "ReferencedPatientSequence")
EMPTY_IN_STEP = ("ScheduledStationName", "ScheduledProcedureStepLocation", "PreMedication", "RequestedContrastAgent")


class Query(Value):
    """A query as it came: its keys as text, and the character set that it declares."""

    keys: dict[str, str]
    character_set: str = ""


def read_query(data: bytes) -> Query:
    """Read an identifier; private tags are left out. Raises what pydicom raises for what is no dataset."""
    dataset = dcmread(io.BytesIO(data), force=True)
    if not dataset.get("SpecificCharacterSet"):
        dataset.set_original_encoding(False, True, UNDECLARED)
    keys = dict(_keys(dataset, ""))
    return Query(keys=keys, character_set=keys.pop("SpecificCharacterSet", ""))


def _keys(dataset: Dataset, before: str) -> Iterable[tuple[str, str]]:
    for element in dataset:
        name = keyword_for_tag(element.tag)
        if not name:
            continue
        if element.VR == "SQ":
            yield before + name, ""
            for item in list(element.value or ())[:1]:  # one item at the most (PS3.4 C.2.2.2.6)
                yield from _keys(item, f"{before}{name}.")
        else:
            yield before + name, as_text(element.value)


def as_text(value: object) -> str:
    """Return a value as text, several joined by a backslash."""
    if value is None:
        return ""
    if isinstance(value, (MultiValue, list, tuple)):
        return "\\".join(str(one) for one in value)
    return str(value)


@lru_cache(maxsize=4096)
def worklist_item(entry: Entry, asking: Asking, letters: str) -> bytes:
    """Build the whole answer for an entry; Orthanc cuts it to what was asked for. The same entry is built once."""
    dataset = dataset_of(attributes(entry, asking), letters)
    for name in EMPTY:
        setattr(dataset, name, None)
    for name in EMPTY_SEQUENCES:
        setattr(dataset, name, [])
    dataset.RequestedProcedureCodeSequence = _codes(requested_code(entry.order), letters)
    step = getattr(dataset, STEP)[0]
    step.ScheduledProtocolCodeSequence = _codes(protocol_codes(entry.order), letters)
    for name in EMPTY_IN_STEP:
        setattr(step, name, None)
    others = attributes(entry, asking)["OtherPatientIDs"]
    dataset.OtherPatientIDsSequence = [_other(others)] if others else []
    return as_file(dataset)


def _other(identifier: str) -> Dataset:
    item = Dataset()
    item.PatientID, item.TypeOfPatientID = identifier, "TEXT"
    return item


def _codes(codes: Codes, letters: str) -> list[Dataset]:
    found = []
    for value, scheme, meaning in codes:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = value, scheme
        item.CodeMeaning = written(meaning, letters)
        found.append(item)
    return found


def dataset_of(values: Mapping[str, str], letters: str) -> Dataset:
    """Build a dataset of text attributes; `Sequence.Keyword` goes into the sequence's only item."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        sequence, _, keyword = name.rpartition(".")
        if sequence and sequence not in dataset:
            setattr(dataset, sequence, [Dataset()])
        target = getattr(dataset, sequence)[0] if sequence else dataset
        text = written_as(dictionary_VR(keyword), value, letters)
        setattr(target, keyword, text.split("\\") if "\\" in text else text or None)
    return dataset


ASCII = {  # value representations without letters of a character set (PS3.5 6.2): what is none of theirs, and how long
    "CS": (re.compile(r"[^A-Z0-9_ ]"), 16),
    "AE": (re.compile(r"[^ -~]"), 16),
    "DA": (re.compile(r"[^0-9]"), 8),
    "TM": (re.compile(r"[^0-9.]"), 14),
}


def written_as(vr: str, value: str, letters: str) -> str:
    """Write a value, or several, by its representation; raises ValueError for a UID that is none in ASCII.

    What a sender wrote into a modality or a time is told to him elsewhere; here one letter too many would cost his
    whole institution its worklist, since pydicom writes none of it. A UID is never mended: it would name another.
    """
    if vr == "UI" and not value.isascii():
        raise ValueError("a UID with other letters than ASCII")
    if vr not in ASCII:
        return written(value, letters)
    odd, longest = ASCII[vr]
    plain = written(value, "ascii")
    parts = (plain.upper() if vr == "CS" else plain).split("\\")
    return "\\".join(odd.sub("", one).strip()[:longest] for one in parts)


def as_file(dataset: Dataset) -> bytes:
    """Write a dataset as Orthanc takes it: a DICOM file, Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = WORKLIST_FIND  # taken off again by Orthanc
    meta.MediaStorageSOPInstanceUID = NOBODY
    dataset.file_meta = meta
    written_to = io.BytesIO()
    dataset.save_as(written_to, enforce_file_format=True)
    return written_to.getvalue()
