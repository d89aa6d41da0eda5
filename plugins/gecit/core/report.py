"""The report (rapor): what an HL7 ORU^R01 says of an exam."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from .key_images import KeyImage
from .order import ExamKey, Patient, Person, Procedure
from .values import Text, Value


class ReportStatus(StrEnum):
    """OBX-11, observation result status (HL7 table 0085), as far as a profile maps to it."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"
    ADDENDUM = "B"  # "appended report", in table 0085 since v2.8; v2.3.1 has no value for it


FINAL = frozenset({ReportStatus.FINAL, ReportStatus.CORRECTED})
"""What a physician answers for as final; a preliminary one may still change, and an addendum stands beside one."""


class Document(StrEnum):
    """What is made of a version and attached to its studies."""

    PDF = "pdf"  # Encapsulated PDF
    SR = "sr"  # Basic Text SR
    KEY_OBJECTS = "ko"  # Key Object Selection, where the version has key images in the study


class ReportPart(StrEnum):
    """The four numbered parts of OBX-5."""

    TECHNIQUE = "1"  # Teknik
    COMPARISON = "2"  # Karşılaştırma
    FINDINGS = "3"  # Bulgular
    CONCLUSION = "4"  # Sonuç ve Öneriler


class RatingKind(StrEnum):
    """What is rated 1 to 5, 5 best (OBX-13)."""

    REQUEST = "request"  # the reason of the request, OBX-13.1
    IMAGE = "image"  # the quality of the images, OBX-13.2


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
    contrast: str = ""  # OBX-17 as sent; `contrasts` reads it
    critical: str = ""  # the critical finding that was marked when this version was signed here
    key_images: tuple[KeyImage, ...] = ()  # of a report that was written here
    request_reason_reasons: tuple[str, ...] = ()  # OBX-13.3, why it is not rated better: codes of core.quality.Reason
    image_quality_reasons: tuple[str, ...] = ()  # OBX-13.4


class Contrast(Value):
    """One contrast medium: how it was given, what it was, how concentrated."""

    route: str = ""  # IV, O, IA, IT, ID or R
    agent: str = ""  # the agent; a trade name cannot be told from it without a list, and there is none
    concentration: str = ""


ROUTES: dict[str, Text] = {  # OBX-17.1; the letters are the Ministry's, the words those of HL7 table 0162
    "IV": Text(tr="intravenöz", en="intravenous"),
    "O": Text(tr="oral", en="oral"),
    "IA": Text(tr="intraarteriyel", en="intra-arterial"),
    "IT": Text(tr="intratekal", en="intrathecal"),
    "ID": Text(tr="intradermal", en="intradermal"),
    "R": Text(tr="rektal", en="rectal"),
}


def contrasts(written: str) -> tuple[Contrast, ...]:
    """Read OBX-17 `route^agent^concentration`, repeated by `~`; what is written otherwise is kept as the agent."""
    return tuple(_contrast([part.strip() for part in one.split("^")]) for one in written.split("~") if one.strip("^ "))


def _contrast(parts: list[str]) -> Contrast:
    route, agent, *rest = [*parts, ""]
    if route.upper() in ROUTES:
        return Contrast(route=route.upper(), agent=agent, concentration=" ".join(filter(None, rest)))
    return Contrast(agent=" ".join(filter(None, parts)))
