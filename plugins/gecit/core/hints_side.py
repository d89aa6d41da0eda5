"""The side: of the order against the images, and where it must be said at all."""

from __future__ import annotations

from collections.abc import Iterator

from .exam import Exam
from .exam_kinds import folded
from .facts import SeriesDetails, SeriesFacts
from .order import Procedure
from .quality import Hint, Mender
from .quality_data import QualityData, Side, Sides

SOURCE = "DICOM PS3.3 C.7.3.1, C.7.6.1"
MAMMOGRAPHY = "DICOM PS3.3 C.8.11.7"
WHERE = "(0020,0062), (0020,0060)"
VIEW = "(0018,5101), (0054,0220)"
_NAMED = frozenset(Side)


def ordered_side(procedures: tuple[Procedure, ...], sides: Sides) -> Side | None:
    """Return the side that the order's names say; both where it says both; None where it says none."""
    words = {word for one in procedures for word in _words(one)}
    said = {side for side, known in sides.words.items() if words & set(known)}
    if Side.BOTH in said or {Side.RIGHT, Side.LEFT} <= said:
        return Side.BOTH
    return next(iter(said), None)


def _words(procedure: Procedure) -> list[str]:
    name = folded(f"{procedure.sut_name} {procedure.loinc_name}")
    return "".join(one if one.isalnum() else " " for one in name).split()


def of_side(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """The ordered side is among the images, and a paired body part names one."""
    procedures = exam.order.procedures if exam.order else ()
    said, looked = ordered_side(procedures, data.sides), list(_looked_at(exam))
    found = {side for _, details in looked for side in details.lateralities}
    known = found & _NAMED
    # One picture without a side may be of any: then nobody can tell.
    if said and known and "" not in found and Side.BOTH not in known and not _holds(known, said):
        yield Hint(
            code="laterality-differs",
            where=WHERE,
            mender=Mender.MODALITY,
            expected=said.value,
            found=", ".join(sorted(known)),
            source=SOURCE,
        )
    ordered_pair = any(_is_paired(one, data.sides) for one in procedures)
    for series, details in looked:
        asked = series.modality in data.sides.modalities
        paired = ordered_pair or details.body_part in data.sides.paired_parts
        if asked and paired and said is not Side.BOTH and "" in details.lateralities:
            yield _missing("laterality-missing", WHERE, series, SOURCE, "R | L")


def _holds(known: set[str], said: Side) -> bool:
    return {Side.RIGHT, Side.LEFT} <= known if said is Side.BOTH else said in known


def _is_paired(procedure: Procedure, sides: Sides) -> bool:
    return any(word.startswith(one) for word in _words(procedure) for one in sides.paired_words)


def of_mammography(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """Every mammogram says its side and its view."""
    for series, details in _looked_at(exam):
        if series.modality != "MG":
            continue
        if not set(details.lateralities) <= _NAMED:
            yield _missing("mammography-side-missing", "(0020,0062)", series, MAMMOGRAPHY, "R | L")
        if "" in details.views:
            yield _missing("mammography-view-missing", VIEW, series, MAMMOGRAPHY, "CC | MLO | ...")


def _looked_at(exam: Exam) -> Iterator[tuple[SeriesFacts, SeriesDetails]]:
    for study in exam.studies:
        for series in study.facts.series:
            if series.images and series.details is not None and not captured(series.details):
                yield series, series.details


def captured(details: SeriesDetails) -> bool:
    """Whether it is a screen capture: it says nothing of side, view or spacing (PS3.3 A.8)."""
    return details.sop_class.startswith("1.2.840.10008.5.1.4.1.1.7")


def _missing(code: str, where: str, series: SeriesFacts, source: str, expected: str) -> Hint:
    uid = series.series_instance_uid
    return Hint(code=code, where=where, mender=Mender.MODALITY, expected=expected, source=source, series=uid)
