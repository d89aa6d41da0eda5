"""One hospital's day: what happens, and what must come of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from ..core.order import Order
from ..core.report import Report
from ..core.values import Text, Value
from ..core.verdict import Outcome
from ..ports import Institution


class Act(StrEnum):
    """One thing that happens to an exam."""

    ORDER = "order"
    IMAGES = "images"
    REPORT = "report"
    CANCEL = "cancel"


class ExamStory(Value):
    """One exam of the day: its messages and images in the order they are sent, and the verdict expected."""

    id: str  # clean-ct
    name: Text
    order: Order
    report: Report | None
    images: str  # a kind of `imaging.KINDS`
    with_dose: bool
    slices: int
    acts: tuple[Act, ...]
    outcome: Outcome
    failing: tuple[str, ...] = ()  # ids of the rules whose findings fail


def exams_of_the_day(day: datetime, institution: Institution) -> list[ExamStory]:
    """Return the day's stories; accession numbers hold the minute of `day`, so that a later run makes new exams."""
    raise NotImplementedError
