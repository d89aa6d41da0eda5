"""A PDF as a DICOM object within the study: the Encapsulated PDF IOD (PS3.3 A.45.1)."""

from __future__ import annotations

from ..core.exam import Exam
from ..core.facts import StudyFacts
from ..core.issue import Issue
from ..core.report import Document
from ..steps.attach_report import Template
from .report_header import as_file, code, header
from .report_words import title


def encapsulate(pdf: bytes, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> bytes:
    """Return a DICOM file that holds `pdf` in the study."""
    dataset = header(Document.PDF, exam, version, study, template)
    dataset.Modality = "DOC"
    dataset.ConversionType = "WSD"
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"  # the text names the patient
    dataset.DocumentTitle = title(version)
    dataset.VerificationFlag = "VERIFIED" if version.final else "UNVERIFIED"
    dataset.ConceptNameCodeSequence = [code("18748-4", "LN", "Diagnostic imaging study")]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)  # OB is of even length, PS3.5 6.2
    return as_file(dataset)
