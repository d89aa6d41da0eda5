"""Which exams a change of rulebook can touch, so that re-judging leaves the others alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from .checks import CHECKS
from .rulebook import Edition, Exemption, Param, Rulebook, Scope, Window
from .values import Value

ORDER_DATE = "order_date"
"""The date of `dates.DATED_BY` by which the ledger can narrow."""

Stretch = tuple[datetime | None, datetime | None]
"""From (inclusive) until (exclusive); None = without end on that side."""


class Reach(Value):
    """Exams whose marks can differ: `everything`, or those ordered in one of the stretches, oldest first, apart."""

    everything: bool = False
    ordered: tuple[Stretch, ...] = ()

    def meets(self, ordered: datetime | None) -> bool:
        """Whether an exam of that order date is touched; one without is touched by `everything` alone."""
        if self.everything or ordered is None:
            return self.everything
        return any(_inside(ordered, one) for one in self.ordered)


class Piece(NamedTuple):
    """An edition or a window: when it counts, by which date, and all of it that can change a mark."""

    start: datetime | None
    end: datetime | None
    dated_by: str
    essence: tuple[object, ...]

    @property
    def stretch(self) -> Stretch:
        """When it counts."""
        return self.start, self.end


def reach(before: Rulebook | None, after: Rulebook) -> Reach:
    """Say which exams the change from `before` (None = never judged) to `after` can touch.

    An exam outside has equal marks under both. What goes by another date than the order date touches everything.
    """
    if before is None:
        return Reach(everything=True)
    stretches: list[Stretch] = []
    for rule in sorted({one.id for one in (*before.rules, *after.rules)}):
        touched = _touched(_pieces(before, rule), _pieces(after, rule))
        if touched is None or _undated(before, rule) != _undated(after, rule):
            return Reach(everything=True)
        stretches.extend(touched)
    return Reach(ordered=_merged(stretches))


def _pieces(book: Rulebook, rule_id: str) -> list[Piece]:
    """Everything that decides a rule's mark: its editions, then the windows that excuse it, in the judge's order."""
    rules = [one for one in book.rules if one.id == rule_id]
    editions = [
        Piece(one.start, one.until, rule.dated_by, (rule.effect, *_asked(one)))
        for rule in rules
        for one in rule.editions
    ]
    exemptions = book.exemptions_of(rule_id) if rules else ()
    return editions + [
        Piece(window.start, window.end, one.dated_by, _excused(one, window))
        for one in exemptions
        for window in sorted(one.windows, key=lambda window: window.start)
    ]


def _asked(edition: Edition) -> tuple[object, ...]:
    return edition.check, _params(edition.check, edition.params), _scope(edition.applies)


def _excused(exemption: Exemption, window: Window) -> tuple[object, ...]:
    provided = exemption.provided, _params(exemption.provided, exemption.provided_params)
    return exemption.id, window.id, _scope(exemption.applies), _scope(window.applies), provided


def _params(check: str, params: dict[str, Param]) -> tuple[tuple[str, Param], ...]:
    defaults = CHECKS[check].params if check in CHECKS else {}
    return tuple(sorted({**defaults, **params}.items()))


def _scope(scope: Scope) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(getattr(scope, name)) for name in scope.__struct_fields__)


def _undated(book: Rulebook, rule_id: str) -> list[object]:
    """What a rule makes of an exam whose date is not known: timeless editions, and whom those that need a date mean.

    The first of these that means every exam ends the asking; one that means nobody new says nothing new.
    """
    said: list[object] = []
    for rule in (one for one in book.rules if one.id == rule_id):
        for one in rule.editions:
            asked = (rule.effect, *(_asked(one) if one.timeless else (_scope(one.applies),)))
            if asked not in said:
                said.append(asked)
            if not one.timeless and one.applies == Scope():
                break
    return said


def _touched(before: list[Piece], after: list[Piece]) -> list[Stretch] | None:
    """The stretches of order dates in which the pieces differ; None = not narrowed by order date."""
    if [one for one in before if one.dated_by != ORDER_DATE] != [one for one in after if one.dated_by != ORDER_DATE]:
        return None
    ends = sorted({end for one in (*before, *after) for end in one.stretch if end})
    stretches = zip((None, *ends), (*ends, None), strict=True)
    return [one for one in stretches if _at(before, one) != _at(after, one)]


def _at(pieces: Iterable[Piece], stretch: Stretch) -> list[tuple[object, ...]]:
    """What counts in a stretch that no piece begins or ends inside of, in the judge's order."""
    start, end = stretch
    return [
        one.essence
        for one in pieces
        if one.dated_by == ORDER_DATE
        and (one.start is None or (start is not None and one.start <= start))
        and (one.end is None or (end is not None and end <= one.end))
    ]


def _merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Stretches in order of time, those that touch or overlap made one."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches, key=_start):
        last = merged[-1] if merged else None
        if last and (last[1] is None or start is None or start <= last[1]):
            later = None if last[1] is None or end is None else max(last[1], end)
            merged[-1] = (last[0], later)
        else:
            merged.append((start, end))
    return tuple(merged)


def _start(stretch: Stretch) -> float:
    return stretch[0].timestamp() if stretch[0] else float("-inf")


def _inside(moment: datetime, stretch: Stretch) -> bool:
    start, end = stretch
    return (start is None or start <= moment) and (end is None or moment < end)
