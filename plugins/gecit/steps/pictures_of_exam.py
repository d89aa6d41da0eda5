"""The pictures of an exam on one node, by UIDs or by the numbers that people call them by. None of another exam."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..core.exam import Exam
from ..core.values import Value
from ..core.worklist import may_find
from ..ports import Tags


class Wanted(Value):
    """Which pictures are meant; what is "" is not asked for."""

    study: str = ""  # StudyInstanceUID
    series: str = ""  # SeriesInstanceUID
    instance: str = ""  # SOPInstanceUID; where it is given, numbers do not matter
    series_number: str = ""
    number: str = ""


class Found(NamedTuple):
    """An object of the archive that was meant."""

    study: str  # StudyInstanceUID
    series: dict[str, str]  # tags by keyword
    orthanc_id: str
    tags: dict[str, str]


def pictures_of(exam: Exam, node: str, tags: Tags, wanted: Wanted) -> Iterator[Found]:
    """Return what is meant among the exam's studies on this node; raises `Unavailable`."""
    # A study that only an order of another hospital names is that hospital's patient's, not this exam's.
    for facts in (one.facts for one in exam.studies if may_find(one.facts, exam.key.institution)):
        study = facts.study_instance_uid
        if facts.key.node != node or (wanted.study and study != wanted.study):
            continue
        for series_id, series in tags.series(facts.key.orthanc_id):
            if _meant(wanted, wanted.series, series, "SeriesInstanceUID", "SeriesNumber", wanted.series_number):
                for instance_id, instance in tags.instances(series_id):
                    if _meant(wanted, wanted.instance, instance, "SOPInstanceUID", "InstanceNumber", wanted.number):
                        yield Found(study, series, instance_id, instance)


def _meant(wanted: Wanted, uid: str, tags: dict[str, str], by_uid: str, by_number: str, number: str) -> bool:
    if wanted.instance:
        return not uid or tags.get(by_uid) == uid
    return _same_number(tags.get(by_number, ""), number)


def _same_number(one: str, other: str) -> bool:
    """Compare two Integer Strings (PS3.5 6.2): `2` is `002`; no number is like nothing."""
    try:
        return int(one) == int(other)
    except ValueError:
        return False
