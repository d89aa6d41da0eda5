"""How many series and images an exam holds, against the protocol of its kind."""

from __future__ import annotations

from collections.abc import Iterator

from .exam import Exam
from .hints_side import captured
from .matching import ACQUISITION_GROUP
from .quality import Hint, Mender
from .quality_data import QualityData, best


def of_protocol(exam: Exam, data: QualityData) -> Iterator[Hint]:
    """An exam of a kind that has a protocol holds at least what that asks for; captures do not count."""
    procedures = exam.order.procedures if exam.order else ()
    protocol = best(data.protocols, exam.modality, procedures)
    # Several exams that share one acquisition share its series: nobody can tell whose is missing.
    if protocol is None or any(one.path == ACQUISITION_GROUP for one in exam.studies):
        return
    series = [one for one in exam.series if one.images and not (one.details and captured(one.details))]
    counts = (("series-too-few", len(series), protocol.least_series),)
    images = (("images-too-few", sum(one.slices for one in series), protocol.least_images),)
    for code, found, least in counts + images:
        if found < least:
            yield Hint(
                code=code,
                where=protocol.id,
                mender=Mender.PACS,
                expected=f">= {least}",
                found=str(found),
                source=protocol.basis,
            )
