"""The report (rapor): what an HL7 ORU^R01 says of an exam."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .order import ExamKey, Patient, Person, Procedure
from .values import Value


class ReportStatus(StrEnum):
    """OBX-11, observation result status (HL7 table 0085), as far as the profile uses it."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"


class ReportPart(StrEnum):
    """The four numbered parts of OBX-5."""

    TECHNIQUE = "1"  # Teknik
    COMPARISON = "2"  # Karşılaştırma
    FINDINGS = "3"  # Bulgular
    CONCLUSION = "4"  # Sonuç ve Öneriler


class Report(Value):
    """One version of a report, decoded: `parts` are plain text or HTML as `format` says."""

    key: ExamKey
    patient: Patient
    status: ReportStatus
    parts: dict[ReportPart, str]
    format: str = "TXT"  # OBX-3: TXT or HTML
    radiologists: tuple[Person, ...] = ()  # OBX-16, the approving one first
    approved_at: datetime | None = None  # OBR-7
    message_at: datetime | None = None  # MSH-7
    procedures: tuple[Procedure, ...] = ()  # OBR-4
    modality: str = ""  # OBR-24
    request_reason_rating: int | None = None  # OBX-13.1, 1..5, 5 best
    image_quality_rating: int | None = None  # OBX-13.2
    contrast: str = ""  # OBX-17
