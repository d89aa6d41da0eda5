"""A rulebook as it would be if an edition began at another instant: for what-if questions, never for judging."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from .rulebook import Edition, Rule, Rulebook
from .values import Text


class SupposedError(ValueError):
    """The supposed beginning cannot be; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


NO_EDITION = Text(tr="böyle bir sürüm yok", en="there is no such edition")
AFTER_END = Text(tr="sürüm o ana kadar bitmiş olurdu", en="the edition would have ended by then")
BEFORE_FORMER = Text(
    tr="önceki sürüm o anda henüz başlamamış olurdu", en="the edition before it would not have begun by then"
)


def supposed(book: Rulebook, rule_id: str, place: int, start: datetime) -> Rulebook:
    """Return the rulebook with one edition (by its place from 0) beginning at `start`; SupposedError.

    The edition before it in its track goes on until then, where it ended with this one's beginning.
    """
    rule = next((one for one in book.rules if one.id == rule_id), None)
    if rule is None or not 0 <= place < len(rule.editions):
        raise SupposedError(NO_EDITION)
    changed = replace(rule, editions=_moved(rule, place, start))
    return Rulebook.of(tuple(changed if one.id == rule_id else one for one in book.rules), book.exemptions)


def _moved(rule: Rule, place: int, start: datetime) -> tuple[Edition, ...]:
    editions = list(rule.editions)
    old = editions[place]
    if old.until and start >= old.until:
        raise SupposedError(AFTER_END)
    former = place - 1 if place and editions[place - 1].track == old.track else None
    if former is not None:
        before = editions[former]
        if before.start and start <= before.start:
            raise SupposedError(BEFORE_FORMER)
        adjoining = before.until == old.start
        if adjoining or (before.until and before.until > start):
            editions[former] = replace(before, until=start)
    editions[place] = replace(old, start=start)
    return tuple(editions)
