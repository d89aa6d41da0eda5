"""Numbers, sizes and the kind of an exam as people read them in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from gecit.core.exam import Exam

from .language import language

SIZES = ("kB", "MB", "GB", "TB")
"""Powers of 1000, as disks are sold."""
UNITS = {"tr": ("gün", "sa", "dk"), "en": ("d", "h", "min")}
KINDS: dict[str, tuple[str, ...]] = {
    "CT": ("BT",),
    "MR": ("MRG", "MRI", "MANYETİK"),
    "US": ("USG", "ULTRASON", "ULTRASONOGRAFİ", "ULTRASOUND", "DOPPLER"),
    "MG": ("MAMOGRAFİ", "MAMMOGRAPHY", "MAMMOGRAM"),
    "DX": ("XR", "RÖNTGEN", "GRAFİ"),
    "CR": ("XR", "RÖNTGEN", "GRAFİ"),
    "ES": ("ENDOSKOPİ", "ENDOSCOPY"),
}
"""Modality (DICOM) -> other words that a procedure's name may begin with and that say the same."""


def amount(value: float) -> str:
    """Write a number: 1.234,5 in Turkish, 1,234.5 in English; a whole one without decimals, others with two at most."""
    whole = isinstance(value, int) or value.is_integer()
    written = f"{value:,.0f}" if whole else f"{value:,.2f}".rstrip("0").rstrip(".")
    return written if language() == "en" else written.translate(str.maketrans(",.", ".,"))


def bytesize(value: float) -> str:
    """Write a size in bytes: 53,6 GB in Turkish, 53.6 GB in English."""
    if value < 1000:
        return f"{amount(value)} {'bytes' if language() == 'en' else 'bayt'}"
    unit = ""
    for unit in SIZES:
        value /= 1000
        if value < 999.95 or unit == SIZES[-1]:
            break
    return f"{amount(round(value, 1))} {unit}"


def kind_and_name(modality: str, names: Iterable[str]) -> str:
    """Return modality and procedures; the modality alone where no name follows, and not twice where one begins so."""
    listed = list(names)
    name = ", ".join(listed)
    said = {modality.upper(), *KINDS.get(modality.upper(), ())}
    words = listed[0].replace(",", " ").split() if listed else []
    twice = words and said & {words[0].upper(), words[0].replace("i", "İ").upper()}  # MRI has no dot, Mamografi has one
    return name if twice else f"{modality} {name}".strip()


def waited(since: datetime, now: datetime) -> str:
    """Write how long something waits, by the two largest units: 5 dk, 2 sa 5 dk, 3 gün 4 sa."""
    minutes = max(int((now - since) / timedelta(minutes=1)), 0)
    parts = zip((minutes // 1440, minutes // 60 % 24, minutes % 60), UNITS[language()], strict=True)
    said = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or f"0 {UNITS[language()][-1]}"


def procedure_names(exam: Exam) -> tuple[str, ...]:
    """Return what was ordered, each procedure by the best name that it has."""
    return tuple(one.sut_name or one.loinc_name or one.sut for one in (exam.order.procedures if exam.order else ()))
