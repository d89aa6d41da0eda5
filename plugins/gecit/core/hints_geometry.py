"""Pixel spacing: without it nothing can be measured on the images."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .exam import Exam
from .facts import SeriesDetails
from .hints_side import captured
from .quality import Hint, Mender
from .quality_data import QualityData

PIXEL, IMAGER = "(0028,0030)", "(0018,1164)"
# Modality -> elements of which one must say it, and the standard: type 1 in all but CR, where PS3.3 leaves it open.
NEEDED: dict[str, tuple[tuple[str, ...], str]] = {
    "CT": ((PIXEL,), "DICOM PS3.3 C.7.6.2"),
    "MR": ((PIXEL,), "DICOM PS3.3 C.7.6.2"),
    "DX": ((IMAGER,), "DICOM PS3.3 C.8.11.4"),
    "MG": ((IMAGER,), "DICOM PS3.3 C.8.11.4"),
    "CR": ((IMAGER, PIXEL), "DICOM PS3.3 C.8.1.1"),
}
MOST = 100.0  # mm; more is no pixel


def of_pixel_spacing(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """Every series of pictures of a modality that is measured on has two spacings above zero."""
    for study in exam.studies:
        for series in study.facts.series:
            if not series.images or series.details is None or series.modality not in NEEDED:
                continue
            elements, source = NEEDED[series.modality]
            written = [value for one in elements if (value := _value(series.details, one))]
            if captured(series.details) or any(_readable(one) for one in written):
                continue
            yield Hint(
                code="pixel-spacing-zero" if written else "pixel-spacing-missing",
                where=", ".join(elements),
                mender=Mender.MODALITY,
                expected="> 0 mm",
                found=written[0][:40] if written else "",
                source=source,
                series=series.series_instance_uid,
            )


def _value(details: SeriesDetails, element: str) -> str:
    return details.pixel_spacing if element == PIXEL else details.imager_pixel_spacing


def _readable(written: str) -> bool:
    """Whether it is row and column spacing in mm, both above zero (PS3.3 10.7.1.3)."""
    try:
        numbers = [float(one) for one in written.split("\\")]
    except ValueError:
        return False
    return len(numbers) == 2 and all(math.isfinite(one) and 0 < one <= MOST for one in numbers)
