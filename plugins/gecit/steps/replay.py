"""What if? A rulebook that is not in force -> the exams that it would change. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from ..core.billing import DECIDES, Action, cause_of
from ..core.dates import order_date
from ..core.exam import Exam
from ..core.judge import Compiled, Marks, marks_of
from ..core.order import ExamKey
from ..core.values import Value
from ..core.verdict import Outcome, Status
from ..ports import Records
from .reached import EVERYTHING, Question, Stretch

PAGE = 200


class Turn(Value):
    """What one rule would say instead; None where it has no power over the exam."""

    rule: str
    before: Status | None
    after: Status | None
    exemptions: tuple[str, ...] = ()  # ids of the windows that would excuse

    def __str__(self) -> str:
        excusing = f" ({', '.join(self.exemptions)})" if self.exemptions else ""
        return f"{self.rule}: {_word(self.before)} -> {_word(self.after)}{excusing}"


class Change(Value):
    """One exam whose verdict would change."""

    exam: ExamKey
    before: Outcome
    after: Outcome
    turns: tuple[Turn, ...]
    action: Action  # what MEDULA would be told
    ordered_at: datetime | None = None


class Replayed(Value):
    """Numbers of exams, and those that would change."""

    looked_at: int = 0
    changes: tuple[Change, ...] = ()


def replay(
    records: Records,
    compiled: Compiled,
    question: Question,
    now: datetime,
    *,
    role: str = "Node",
    stretch: Stretch = EVERYTHING[0],
    after: ExamKey | None = None,
    until: ExamKey | None = None,
) -> Iterator[Replayed]:
    """Go by pages through judged exams: of a stretch of order dates, or `after` (exclusive) to `until` (inclusive)."""
    while True:
        page = records.scan(after, PAGE, ordered_from=stretch[0], ordered_until=stretch[1], until=until)
        yield Replayed(looked_at=len(page.exams), changes=tuple(changes(page.exams, compiled, question, now, role)))
        if page.after is None:
            return
        after = page.after


def changes(
    exams: Iterable[Exam], compiled: Compiled, question: Question, now: datetime, role: str
) -> Iterator[Change]:
    """Yield the exams whose standing verdict is not what the rulebook would say now."""
    for exam in exams:
        if exam.verdict is not None and question.differs(exam, now):
            yield _change(exam, marks_of(exam.verdict), compiled.marks(exam, now), role)


def _change(exam: Exam, before: Marks, after: Marks, role: str) -> Change:
    told = DECIDES.get((exam.billing, after.outcome, cause_of(exam)), Action.NONE)
    return Change(
        exam=exam.key,
        before=before.outcome,
        after=after.outcome,
        turns=turns(before, after),
        action=Action.NONE if role == "Preflight" else told,
        ordered_at=order_date(exam),
    )


def turns(before: Marks, after: Marks) -> tuple[Turn, ...]:
    """Return what differs, rule by rule."""
    was = {rule: (status, windows) for rule, status, windows in before.findings}
    would = {rule: (status, windows) for rule, status, windows in after.findings}
    found = []
    for rule in sorted(was.keys() | would.keys()):
        old, new = was.get(rule, (None, ())), would.get(rule, (None, ()))
        if old != new:
            found.append(Turn(rule=rule, before=old[0], after=new[0], exemptions=new[1]))
    return tuple(found)


def _word(status: Status | None) -> str:
    return (status or Status.NOT_IN_FORCE).value
