"""Turn-around times: from the first pictures to the first final report, against targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil

from .exam import Exam
from .reading_list import Urgency, urgency_of
from .report import FINAL
from .values import Value

TARGETS: dict[Urgency, timedelta] = {
    Urgency.AT_ONCE: timedelta(hours=1),
    Urgency.SOON: timedelta(hours=6),
    Urgency.INPATIENT: timedelta(hours=24),
    Urgency.ROUTINE: timedelta(hours=72),
}
"""No source names targets; these are ours until the site gives its own (`Gecit.Reading`)."""


class Turn(Value):
    """One exam from its first pictures to its first final report."""

    institution: str
    modality: str
    reader: str  # number of the approving radiologist (OBX-16)
    urgency: Urgency
    arrived_at: datetime
    reported_at: datetime

    @property
    def took(self) -> timedelta:
        """How long it took; a report that came before the pictures took no time."""
        return max(self.reported_at - self.arrived_at, timedelta(0))


class Summary(Value):
    """The turn-around of some exams."""

    name: str
    count: int
    median: timedelta
    ninetieth: timedelta  # 90th percentile
    within: int  # exams within their target


def turn_of(exam: Exam) -> Turn | None:
    """Return an exam's turn; None where its pictures or its final report have not come."""
    arrived = [one.linked_at for one in exam.studies if one.facts.images]
    final = [one for one in exam.reports if one.report.status in FINAL]
    if not arrived or not final:
        return None
    first = min(final, key=lambda one: one.received_at)
    signers = first.report.radiologists
    return Turn(
        institution=exam.key.institution,
        modality=exam.modality,
        reader=signers[0].identifier if signers else "",
        urgency=urgency_of(exam.order),
        arrived_at=min(arrived),
        reported_at=first.received_at,
    )


def summaries(
    turns: Iterable[Turn], by: Callable[[Turn], str], targets: dict[Urgency, timedelta] = TARGETS
) -> list[Summary]:
    """Return one summary for each name that `by` gives, sorted by name."""
    grouped: dict[str, list[Turn]] = {}
    for one in turns:
        grouped.setdefault(by(one), []).append(one)
    return [_summary(name, some, targets) for name, some in sorted(grouped.items())]


def _summary(name: str, turns: Sequence[Turn], targets: dict[Urgency, timedelta]) -> Summary:
    took = sorted(one.took for one in turns)
    return Summary(
        name=name,
        count=len(turns),
        median=percentile(took, 50),
        ninetieth=percentile(took, 90),
        within=sum(one.took <= targets[one.urgency] for one in turns),
    )


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """Return a percentile of sorted values by the nearest rank: a value that occurred, never one in between."""
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
