"""A report as a DICOM object within its study: the Encapsulated PDF IOD (PS3.3 A.45.1)."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import datetime

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from .. import __version__
from ..core.exam import Exam, ReceivedReport
from ..core.facts import StudyFacts
from ..core.order import ExamKey
from ..core.values import local
from ..steps.attach_report import DocumentUids, Template, document_uids
from .report_pdf import STATUS, Issue, build_pdf

IMPLEMENTATION_UID = UID("2.25.102324746233092119212014700767845846930")
SERIES_NUMBER = 9000  # ours alone: far above what a modality counts to; the version is added

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


class Documents:
    """Makes the Encapsulated PDF of a report; `institution_name` says what to print for an SKRS code."""

    def __init__(self, institution_name: Callable[[str], str]) -> None:
        self._institution_name = institution_name

    def __call__(self, exam: Exam, version: int, study: StudyFacts, template: Template) -> bytes:
        """Return the DICOM file of one version (from 1) for one study; equal arguments give equal bytes."""
        received = exam.reports[version - 1]
        pdf = build_pdf(
            received.report,
            self._institution_name(exam.key.institution) or exam.key.institution,
            order=exam.order,
            issue=Issue(version=version),
        )
        return encapsulate(
            pdf, study, exam.key, version, template, written_at=written_at(received), title=title(received)
        )


def written_at(received: ReceivedReport) -> datetime:
    """When the report was approved, else sent, else received."""
    return received.report.approved_at or received.report.message_at or received.received_at


def title(received: ReceivedReport) -> str:
    """What a viewer's list shows."""
    return f"Radyoloji raporu ({STATUS[received.report.status].lower()})"


def encapsulate(
    pdf: bytes,
    study: StudyFacts,
    key: ExamKey,
    version: int,
    template: Template,
    *,
    written_at: datetime,
    title: str = "Radyoloji raporu",
) -> bytes:
    """Return a DICOM file that holds `pdf` in the study; patient and study attributes are the study's own.

    `template` holds them by keyword as Orthanc gives them (UTF-8); what it lacks is taken from the facts.
    """
    uids = document_uids(key, version, study.study_instance_uid)
    dataset = _patient_and_study(study, template)
    _document(dataset, uids, version, local(written_at), title)
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)  # OB is of even length, PS3.5 6.2
    dataset.file_meta = _file_meta(uids)
    out = io.BytesIO()
    dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


def _file_meta(uids: DocumentUids) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    meta.MediaStorageSOPInstanceUID = UID(uids.instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = f"GECIT_{__version__}"[:16]
    return meta


def _patient_and_study(study: StudyFacts, template: Template) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.StudyInstanceUID = study.study_instance_uid
    for keyword, attribute in COPIED:
        value = str(template.get(keyword) or (getattr(study, attribute) if attribute else "") or "").strip()
        if value or keyword not in OPTIONAL:
            setattr(dataset, keyword, value)
    return dataset


def _document(dataset: Dataset, uids: DocumentUids, version: int, moment: datetime, title: str) -> None:
    dataset.SOPClassUID = EncapsulatedPDFStorage
    dataset.SOPInstanceUID = uids.instance
    dataset.SeriesInstanceUID = uids.series
    dataset.Modality = "DOC"
    dataset.SeriesNumber = SERIES_NUMBER + version
    dataset.SeriesDescription = title
    dataset.InstanceNumber = 1
    dataset.Manufacturer = "Geçit"
    dataset.SoftwareVersions = __version__
    dataset.ConversionType = "WSD"
    dataset.ContentDate = f"{moment:%Y%m%d}"
    dataset.ContentTime = f"{moment:%H%M%S}"
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"  # the text names the patient
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = [_code("18748-4", "LN", "Diagnostic imaging study")]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = scheme
    code.CodeMeaning = meaning
    return code
