"""Trial exams (deneme tetkiki): those that the self-test sends under a trial institution, and that are removed again.

Three marks have to be there together before anything is removed: the institution is recorded as one for trials, the
accession number is one that a self-test gave, and, for images, so is the patient's number.
"""

from __future__ import annotations

import re

from .identifiers import tckn_of
from .order import ExamKey
from .values import Value

PREFIX = "GST-"
"""Of accession numbers; the Ministry's and the hospitals' have none like it that is known."""

RUN = re.compile(r"[0-9A-F]{6}", re.ASCII)
_ACCESSION = re.compile(r"GST-[0-9A-F]{6}-[0-9]{2}", re.ASCII)  # 13 characters of the 16 that SH has, PS3.5 6.2
_PATIENTS = "100007"  # the first six digits of every trial patient's number; nobody is known to have one
EVERY_PATIENT = range(1000)


class Left(Value):
    """What is left of trial exams."""

    exams: int = 0
    studies: int = 0  # in the ledger
    images: int = 0  # studies in Orthanc
    queries: int = 0  # duplicate queries
    deliveries: int = 0  # rows of the outbox
    held_by: str = ""  # the nodes of those studies, with commas

    def __bool__(self) -> bool:
        """Whether anything is."""
        return self != Left()


class Removal(Value):
    """What is to be removed of a run, or what was; `busy` = some of it is being delivered at this moment."""

    exams: tuple[ExamKey, ...] = ()
    studies: int = 0
    queries: int = 0
    busy: int = 0


def accession_of(run: str, number: int) -> str:
    """Return the accession number of a run's exam; ValueError where the run is none."""
    if not RUN.fullmatch(run) or not 0 <= number < 100:
        raise ValueError("no run of a self-test")
    return f"{PREFIX}{run}-{number:02d}"


def is_trial_accession(accession: str, run: str = "") -> bool:
    """Whether a self-test gave the number; `run`: whether just that one did."""
    return bool(_ACCESSION.fullmatch(accession)) and accession.startswith(f"{PREFIX}{run}")


def patient_of(number: int) -> str:
    """Return the number (TCKN) of a trial patient, 0 to 999; it passes the checksum and is nobody's."""
    if number not in EVERY_PATIENT:
        raise ValueError("there are a thousand trial patients")
    return tckn_of(f"{_PATIENTS}{number:03d}")


def is_trial_patient(tckn: str) -> bool:
    """Whether the number is a trial patient's."""
    return len(tckn) == 11 and tckn.startswith(_PATIENTS) and tckn[6:9].isdecimal() and tckn == tckn_of(tckn[:9])
