"""The patient of the images against the patient of the order. What differs is said, never what it was."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from .exam import Exam
from .facts import StudyFacts
from .identifiers import is_tckn
from .matching import identifiers
from .order import Patient
from .quality import Hint, Mender
from .quality_data import QualityData

SOURCE = "DICOM PS3.3 C.7.1.1; PS3.4 K.6.1.2.2"
_ASCII = str.maketrans({"ı": "i", "İ": "i"})


def of_patient(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """Compare what both sides say; where either says nothing there is nothing to compare."""
    order = exam.order
    if order is None:
        return
    for study in (one.facts for one in exam.studies if one.facts.images):
        if _other_number(study, order.patient):
            yield _hint("patient-identifier-differs", "(0010,0020), (0010,1000), (0010,1002)", "PID-3, PID-4")
        if not same_name(order.patient, study.patient_name):
            yield _hint("patient-name-differs", "(0010,0010)", "PID-5")
        if _differ(_date(order.patient.birth_date), _date(study.patient_birth_date)):
            yield _hint("patient-birth-date-differs", "(0010,0030)", "PID-7")
        if _differ(SEXES.get(order.patient.sex.upper(), ""), SEXES.get(study.patient_sex, "")):
            yield _hint("patient-sex-differs", "(0010,0040)", "PID-8")


# PID-8 (HL7 v2.3.1 table 0001) and (0010,0040): what is not here says nothing. E and K are what some HBYSs write.
SEXES = {"M": "M", "F": "F", "E": "M", "K": "F"}


def _hint(code: str, where: str, against: str) -> Hint:
    return Hint(code=code, where=where, mender=Mender.PACS, expected=against, source=SOURCE)


def _differ(ordered: str, found: str) -> bool:
    return bool(ordered and found) and ordered != found


def _date(written: str) -> str:
    digits = "".join(one for one in written if one.isdigit())[:8]
    return digits if len(digits) == 8 and digits[4:] != "0000" else ""


def _other_number(study: StudyFacts, patient: Patient) -> bool:
    """Whether the images name another citizen: whoever has no TCKN in the order is not compared."""
    said = identifiers(study)
    if not said or not patient.tckn or patient.tckn in said:
        return False
    return any(is_tckn(one) for one in said)


def same_name(patient: Patient, written: str) -> bool:
    """Whether a PN can be the patient's: letters without marks, in any order, a middle name more or less."""
    ours = _words(f"{patient.family} {patient.given}")
    groups = [found for group in written.split("=") if (found := _words(group.replace("^", " ")))]  # PS3.5 6.2
    return not ours or not groups or any(ours <= theirs or theirs <= ours for theirs in groups)


def _words(name: str) -> set[str]:
    """Words of a name in ASCII: devices that have no Turkish letters leave their marks out."""
    plain = unicodedata.normalize("NFKD", name.translate(_ASCII)).lower()
    letters = "".join(one if one.isalnum() else " " for one in plain if not unicodedata.combining(one))
    return set(letters.split())
