"""What both documents of a report share as DICOM objects: patient and study, references, the file around them."""

from __future__ import annotations

import io
from collections.abc import Mapping

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    KeyObjectSelectionDocumentStorage,
)

from .. import __version__
from ..core.exam import Exam
from ..core.facts import MAKER, StudyFacts
from ..core.issue import Issue
from ..core.report import Document
from ..core.values import local
from ..steps.attach_report import DocumentUids, Template, document_uids
from .report_words import title, written_at

IMPLEMENTATION_UID = UID("2.25.102324746233092119212014700767845846930")
SOP_CLASSES = {
    Document.PDF: EncapsulatedPDFStorage,
    Document.SR: BasicTextSRStorage,
    Document.KEY_OBJECTS: KeyObjectSelectionDocumentStorage,
}
# Far above what a modality counts to; the version is added.
SERIES_NUMBERS = {Document.PDF: 9000, Document.SR: 9500, Document.KEY_OBJECTS: 9700}
# (keyword, StudyFacts attribute or "" where the facts lack it): patient and study modules, all type 2 or 1
COPIED: tuple[tuple[str, str], ...] = (
    ("PatientName", "patient_name"),
    ("PatientID", "patient_id"),
    ("PatientBirthDate", ""),
    ("PatientSex", ""),
    ("StudyDate", "study_date"),
    ("StudyTime", "study_time"),
    ("StudyID", ""),
    ("ReferringPhysicianName", ""),
    ("AccessionNumber", "accession"),
    ("InstitutionName", "institution_name"),
    ("StudyDescription", "description"),
)
OPTIONAL = frozenset(("InstitutionName", "StudyDescription"))  # left out where empty


def template_of(study: Mapping[str, object]) -> Template:
    """Flatten what Orthanc answers at `/studies/{id}` into one mapping by keyword."""
    found: dict[str, object] = {}
    for group in ("PatientMainDicomTags", "MainDicomTags"):
        tags = study.get(group)
        found.update(tags if isinstance(tags, Mapping) else {})
    return found


def header(document: Document, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> Dataset:
    """Return patient, study, series and SOP common modules; the patient is the study's own, as Orthanc has it (UTF-8).

    What `template` lacks is taken from the facts.
    """
    uids = document_uids(exam.key, version.number, study.study_instance_uid, document)
    moment = local(written_at(version.own))
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyInstanceUID = study.study_instance_uid
    for keyword, attribute in COPIED:
        value = str(template.get(keyword) or (getattr(study, attribute) if attribute else "") or "").strip()
        if value or keyword not in OPTIONAL:
            setattr(dataset, keyword, value)
    dataset.SOPClassUID = SOP_CLASSES[document]
    dataset.SOPInstanceUID = uids.instance
    dataset.SeriesInstanceUID = uids.series
    dataset.SeriesNumber = SERIES_NUMBERS[document] + version.number
    dataset.SeriesDescription = title(version)
    dataset.InstanceNumber = 1
    dataset.Manufacturer = MAKER
    dataset.SoftwareVersions = __version__
    dataset.ContentDate = f"{moment:%Y%m%d}"
    dataset.ContentTime = f"{moment:%H%M%S}"
    if document is not Document.KEY_OBJECTS:
        _references(dataset, document, exam, version, study)
    return dataset


def _references(dataset: Dataset, document: Document, exam: Exam, version: Issue, study: StudyFacts) -> None:
    """PS3.3 C.17.2 and C.24.2: what this document continues, and the same document in the exam's other studies."""
    here = study.study_instance_uid
    if version.predecessor:
        before = document_uids(exam.key, version.predecessor, here, document)
        dataset.PredecessorDocumentsSequence = [_reference(here, before, document)]
    others = {one.facts.study_instance_uid for one in exam.studies if one.facts.images} - {here}
    if others:
        dataset.IdenticalDocumentsSequence = [
            _reference(uid, document_uids(exam.key, version.number, uid, document), document) for uid in sorted(others)
        ]


def _reference(study_instance_uid: str, uids: DocumentUids, document: Document) -> Dataset:
    """Hierarchical SOP Instance Reference Macro, PS3.3 C.17.2.1."""
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID = SOP_CLASSES[document]
    instance.ReferencedSOPInstanceUID = uids.instance
    series.SeriesInstanceUID = uids.series
    series.ReferencedSOPSequence = [instance]
    study.StudyInstanceUID = study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return a coded entry, PS3.3 8.8; SH and LO are cut to what they may hold."""
    found = Dataset()
    found.CodeValue = value[:16]
    found.CodingSchemeDesignator = scheme
    found.CodeMeaning = meaning[:64].strip() or value[:16]
    return found


def as_file(dataset: Dataset) -> bytes:
    """Return the data set as a DICOM file; equal ones are equal bytes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = f"GECIT_{__version__}"[:16]
    dataset.file_meta = meta
    out = io.BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()
