"""What would become of an exam at another date: today, and on each day on which an edition of a rule starts later."""

from __future__ import annotations

from datetime import datetime

from gecit.core.exam import Exam
from gecit.core.judge import Compiled
from gecit.core.rulebook import Rulebook
from gecit.core.values import Value
from gecit.core.verdict import Outcome, Status, Verdict

from ..shown import OPEN, ShownFinding, show_finding

MOST = 5  # days shown


class Later(Value):
    """The exam as judged by the rules of another date; `differs` are the rules that say something else then."""

    at: datetime
    today: bool
    outcome: Outcome
    changed: bool  # the outcome is another one
    differs: tuple[ShownFinding, ...]


def later_of(exam: Exam, compiled: Compiled | None, now: datetime) -> tuple[Later, ...]:
    """Judge the exam by the rules in force today and from each later start on; nothing where it was never judged."""
    if compiled is None or exam.verdict is None:
        return ()
    starts = later_starts(compiled.rulebook, now)[:MOST]
    return tuple(_judged(exam, exam.verdict, compiled, now, at) for at in (now, *starts))


def later_starts(book: Rulebook, now: datetime) -> list[datetime]:
    """Return the instants after now at which an edition starts or ends, soonest first."""
    ends = {
        moment
        for rule in book.rules
        for edition in rule.editions
        for moment in (edition.start, edition.until)
        if moment is not None and moment > now
    }
    return sorted(ends)


def _judged(exam: Exam, before: Verdict, compiled: Compiled, now: datetime, at: datetime) -> Later:
    verdict = compiled.judge(exam, judged_at=now, known_at=now, valid_at=at)
    was = {one.rule: one.status for one in before.findings}
    said = [one for one in verdict.findings if was.get(one.rule, Status.NOT_IN_FORCE) is not one.status]
    first = {status: number for number, status in enumerate((*OPEN, Status.EXCUSED, Status.PASSED))}
    ordered = sorted(said, key=lambda one: first.get(one.status, len(first)))
    return Later(
        at=at,
        today=at == now,
        outcome=verdict.outcome,
        changed=verdict.outcome is not before.outcome,
        differs=tuple(show_finding(one) for one in ordered),
    )
