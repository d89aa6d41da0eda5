"""Numbers of series and image, or a SOP Instance UID -> a picture of the exam. Nothing of another exam is taken."""

from __future__ import annotations

import re
from collections.abc import Container

from ..core.consultation import MOST_IMAGES, ImageReference
from ..core.consulting import ConsultationRefused, Why
from ..core.draft import Draft
from ..core.exam import Exam
from ..core.orthanc_doors import is_uid
from ..ports import Tags, Unavailable
from .pictures_of_exam import Found, Wanted, pictures_of

_NUMBERS = re.compile(r"(\d{1,9})\s*[/:]\s*(\d{1,9})")
LONGEST_LINE = 80


class Pointer:
    """Finds pictures of exams on one node; `tags`: what the archive says of its studies."""

    def __init__(self, tags: Tags, node: str) -> None:
        self._tags, self._node = tags, node

    def all_of(self, exam: Exam, text: str) -> tuple[ImageReference, ...]:
        """Return the pictures of some lines, each once; raises `ConsultationRefused`, naming the line."""
        lines = [one.strip()[:LONGEST_LINE] for one in re.split(r"[\n,;]", text) if one.strip()]
        if len(lines) > MOST_IMAGES:
            raise ConsultationRefused(Why.MANY_IMAGES)
        return tuple(dict.fromkeys(self.one_of(exam, line) for line in lines))

    def one_of(self, exam: Exam, line: str) -> ImageReference:
        """Return the picture that a line names."""
        written = line.strip()
        numbers = _NUMBERS.fullmatch(written)
        if not numbers and not is_uid(written):
            raise ConsultationRefused(Why.NO_IMAGE, written)
        series_number, number = numbers.groups() if numbers else ("", "")
        wanted = Wanted(instance="" if numbers else written, series_number=series_number, number=number)
        try:
            found = list(pictures_of(exam, self._node, self._tags, wanted))
        except Unavailable as fault:
            raise ConsultationRefused(Why.ARCHIVE) from fault
        if len(found) != 1:
            raise ConsultationRefused(Why.SEVERAL_IMAGES if found else Why.NO_IMAGE, written)
        return _reference(found[0])


def _reference(found: Found) -> ImageReference:
    return ImageReference(
        study=found.study,
        series=found.series.get("SeriesInstanceUID", ""),
        instance=found.tags.get("SOPInstanceUID", ""),
        series_number=found.series.get("SeriesNumber", "").strip(),
        number=found.tags.get("InstanceNumber", "").strip(),
    )


def marked(draft: Draft | None, chosen: Container[str]) -> tuple[ImageReference, ...]:
    """Return the chosen (SOP Instance UIDs) of the key images that an author has marked, each picture once."""
    images = {one.instance: one for one in (draft.key_images if draft else ()) if one.instance in chosen}
    return tuple(
        ImageReference(
            study=one.study,
            series=one.series,
            instance=one.instance,
            series_number=one.series_number,
            number=one.number,
        )
        for one in images.values()
    )


def together(*parts: tuple[ImageReference, ...]) -> tuple[ImageReference, ...]:
    """Return all, each picture once; raises `ConsultationRefused` where they are too many."""
    images = {image.instance: image for part in parts for image in part}
    if len(images) > MOST_IMAGES:
        raise ConsultationRefused(Why.MANY_IMAGES)
    return tuple(images.values())
