"""Numbers of series and image, or a SOP Instance UID -> a picture of the exam. Nothing of another exam is taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..core.consultation import MOST_IMAGES, ImageReference
from ..core.consulting import ConsultationRefused, Why
from ..core.exam import Exam
from ..core.orthanc_doors import is_uid
from ..core.worklist import may_find
from ..ports import Tags, Unavailable

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
        try:
            found = list(self._find(exam, "" if numbers else written, numbers.groups() if numbers else ("", "")))
        except Unavailable as fault:
            raise ConsultationRefused(Why.ARCHIVE) from fault
        if len(found) != 1:
            raise ConsultationRefused(Why.SEVERAL_IMAGES if found else Why.NO_IMAGE, written)
        return found[0]

    def _find(self, exam: Exam, uid: str, numbers: Iterable[str]) -> Iterator[ImageReference]:
        series_number, number = numbers
        own = (one.facts for one in exam.studies if may_find(one.facts, exam.key.institution))
        for facts in (one for one in own if one.key.node == self._node):
            for series_id, series in self._tags.series(facts.key.orthanc_id):
                if not uid and not _same(series.get("SeriesNumber", ""), series_number):
                    continue
                for _, tags in self._tags.instances(series_id):
                    if tags.get("SOPInstanceUID") == uid if uid else _same(tags.get("InstanceNumber", ""), number):
                        yield _reference(facts.study_instance_uid, series, tags)


def _reference(study: str, series: dict[str, str], tags: dict[str, str]) -> ImageReference:
    return ImageReference(
        study=study,
        series=series.get("SeriesInstanceUID", ""),
        instance=tags.get("SOPInstanceUID", ""),
        series_number=series.get("SeriesNumber", "").strip(),
        number=tags.get("InstanceNumber", "").strip(),
    )


def _same(one: str, other: str) -> bool:
    return one.strip().lstrip("0") == other.strip().lstrip("0")
