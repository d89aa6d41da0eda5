"""Dose against the reference level of the exam kind. A level is for the median of many patients: a hint, no limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .dose import combine
from .exam import Exam
from .exam_kinds import folded
from .matching import ACQUISITION_GROUP
from .quality import Hint, Mender
from .quality_data import Level, QualityData, best

WITH_CONTRAST = ("kontrastlı", "with contrast", "w contrast", "w and wo", "wo and w")
"""How names of procedures say it, in lower case as Turkish has it."""


def of_dose(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """The exam's total dose is not above the level; said only of an adult, and where the dose is this exam's alone."""
    procedures = exam.order.procedures if exam.order else ()
    level = best(data.levels, exam.modality, procedures)
    if level is None or len(procedures) > 1 or not _adult(exam, level) or (level.without_contrast and _contrast(exam)):
        return
    if any(one.path == ACQUISITION_GROUP for one in exam.studies):
        return
    for value in combine(exam.dose_reports):
        if value.name == level.quantity and value.unit == level.unit and value.value > level.value:
            yield Hint(
                code="dose-high",
                where=f"{value.name} ({value.code}^DCM)",
                mender=Mender.PHYSICIST,
                expected=f"<= {level.value:g} {level.unit}",
                found=f"{value.value:g} {value.unit}",
                source=f"{level.source.title} ({level.source.year}), {level.source.place}",
            )


def _adult(exam: Exam, level: Level) -> bool:
    """Whether the patient was of age on the day of the images; one whose age nobody knows is not compared."""
    born = _day(exam.patient.birth_date)
    days = [found for one in exam.studies if (found := _day(one.facts.study_date))]
    if born is None or not days:
        return False
    taken = min(days)
    years = taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))
    return years >= level.adults_from


def _day(written: str) -> date | None:
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:8]))
    except ValueError:
        return None


def _contrast(exam: Exam) -> bool:
    """Whether order or report say that contrast was given."""
    if exam.report and exam.report.report.contrast.strip("^~ "):
        return True
    procedures = exam.order.procedures if exam.order else ()
    names = [folded(f"{one.sut_name} {one.loinc_name}") for one in procedures]
    return any(word in name for name in names for word in WITH_CONTRAST)
