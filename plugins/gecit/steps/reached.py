"""Two rulebooks -> the exams that the difference can touch, and the question that is asked of each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ..core.checks import Context
from ..core.exam import Exam
from ..core.judge import Compiled, marks_of
from ..core.reach import Reach, reach
from ..core.rulebook import Rulebook
from ..core.values import Value
from ..ports import Records, Snapshot

Stretch = tuple[datetime | None, datetime | None]
"""Order dates from (inclusive) until (exclusive); None = without end."""

EVERYTHING: tuple[Stretch, ...] = ((None, None),)


class Reached(Value):
    """Where verdicts that stand can differ from those of another rulebook."""

    stretches: tuple[Stretch, ...] = EVERYTHING
    rules: frozenset[str] | None = None  # only what these say can differ; None = any rule


class Plan(Value):
    """What is to be gone through because of the revision in force."""

    before: str  # the revision that all exams stood judged by; empty = none that is known
    activated_at: datetime  # of the revision in force
    reached: Reached


def plan(records: Records, after: Rulebook) -> Plan | None:
    """Say what has to be judged anew for `after`; None where that was done, or where it is not in force any more."""
    done, done_at, activations = records.rejudged_by(), records.rejudged_at(), records.activations()
    if not activations or activations[-1].revision != after.revision:
        return None
    since = _since(activations, done, done_at)
    if done == after.revision and since is not None and len(since) == 1:
        return None
    earlier = None if since is None else _books(since[:-1])
    return Plan(
        before=since[0].revision if since else done,
        activated_at=activations[-1].recorded_at,
        reached=_reached(earlier, after),
    )


def reached(records: Records, supposed: Rulebook) -> Reached:
    """Say where a rulebook that is not in force could change a verdict that stands."""
    since = _since(records.activations(), records.rejudged_by(), records.rejudged_at())
    return _reached(None if since is None else _books(since), supposed)


def _books(activations: Sequence[Snapshot]) -> list[Rulebook]:
    contents = {one.revision: one.content for one in activations}
    return [Rulebook.from_json(content) for content in contents.values()]


def _reached(earlier: Sequence[Rulebook] | None, after: Rulebook) -> Reached:
    """What `after` and any of these can differ in: exams were judged by whatever was in force; None = unknown."""
    if earlier is None:
        return Reached()
    return Reached(stretches=stretches_of(reach(one, after) for one in earlier), rules=_changed(earlier, after))


def _changed(earlier: Sequence[Rulebook], after: Rulebook) -> frozenset[str] | None:
    """The rules whose marks can differ; None where any can, or where equal marks could make another outcome."""
    changed: set[str] = set()
    for before in earlier:
        effects = [{one.id: one.effect for one in book.rules} for book in (before, after)]
        if any(effects[0][rule] is not effects[1][rule] for rule in effects[0].keys() & effects[1].keys()):
            return None
        ids = effects[0].keys() | effects[1].keys()
        changed |= {rule for rule in ids if reach(_only({rule}, before), _only({rule}, after)) != Reach()}
    return frozenset(changed)


def _only(ids: Collection[str], book: Rulebook) -> Rulebook:
    return Rulebook.of(tuple(one for one in book.rules if one.id in ids), book.exemptions)


def _since(activations: Sequence[Snapshot], done: str, done_at: datetime | None) -> Sequence[Snapshot] | None:
    """The activations from `done` on, itself included: exams stand judged by these alone. None where it is unknown."""
    if not done:
        return activations
    numbers = [
        number
        for number, one in enumerate(activations)
        if one.revision == done and (done_at is None or one.recorded_at <= done_at)
    ]
    return activations[numbers[-1] :] if numbers else None


def stretches_of(reaches: Iterable[Reach]) -> tuple[Stretch, ...]:
    """Put the stretches of several reaches together, so that no exam is looked at twice."""
    known = list(reaches)
    if any(one.everything for one in known):
        return EVERYTHING
    ordered = sorted(
        {stretch for one in known for stretch in one.ordered},
        key=lambda one: (_begins(one[0]), _ends(one[1])),
    )
    merged: list[Stretch] = []
    for start, end in ordered:
        if merged and _begins(start) <= _ends(merged[-1][1]):
            last = merged.pop()
            merged.append((last[0], max(last[1], end, key=_ends)))
        else:
            merged.append((start, end))
    return tuple(merged)


def _begins(start: datetime | None) -> float:
    return float("-inf") if start is None else start.timestamp()


def _ends(end: datetime | None) -> float:
    return float("inf") if end is None else end.timestamp()


class Question:
    """Asks of an exam whether the rulebook would say something else than its verdict does.

    What no changed rule says cannot differ, and most often one rule of many has changed: only the changed are asked.
    """

    def __init__(self, rulebook: Rulebook, context: Context, rules: frozenset[str] | None) -> None:
        self._rules = rules
        self._compiled = Compiled(rulebook if rules is None else _only(rules, rulebook), context)

    def differs(self, exam: Exam, now: datetime) -> bool:
        """Whether it would; never for an exam without a verdict."""
        if exam.verdict is None:
            return False
        would, says = self._compiled.marks(exam, now), marks_of(exam.verdict)
        if self._rules is None:
            return would != says
        return would.findings != tuple([one for one in says.findings if one[0] in self._rules])
