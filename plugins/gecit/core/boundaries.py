"""The calendar of a rulebook: every instant at which a rule or an exemption begins or ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from .rulebook import MINUTE, Edition, Exemption, Rule, Rulebook, Window
from .values import Text, Value, local


class Boundary(Value):
    """One instant; `at` is the first at which it is otherwise, None where no source gives a first day."""

    at: datetime | None
    change: Literal["begins", "ends"]
    kind: Literal["rule", "exemption"]
    id: str
    part: str  # track of the edition, or id of the window
    text: Text
    origin: str


WORDS: dict[tuple[str, str], Text] = {
    ("rule", "begins"): Text(tr="kural başlar", en="the rule begins"),
    ("rule", "ends"): Text(tr="kural biter", en="the rule ends"),
    ("exemption", "begins"): Text(tr="muafiyet başlar", en="the exemption begins"),
    ("exemption", "ends"): Text(tr="muafiyet biter; {last} dahildir", en="the exemption ends; {last} is inside"),
}


def boundaries(book: Rulebook, rule_id: str = "") -> tuple[Boundary, ...]:
    """Return all in order of time, ends before beginnings; `rule_id` = of that rule or exemption, and what excuses it.

    What has no first day comes first; what has no end has no second boundary.
    """
    found = [*_of_rules(book, rule_id), *_of_exemptions(book, rule_id)]
    return tuple(sorted(found, key=lambda one: (one.at is not None, one.at, one.change == "begins", one.id, one.part)))


def _of_rules(book: Rulebook, rule_id: str) -> Iterator[Boundary]:
    for rule in book.rules:
        for edition in rule.editions if rule_id in ("", rule.id) else ():
            yield _edition(rule, edition, "begins", edition.start)
            if edition.until:
                yield _edition(rule, edition, "ends", edition.until)


def _of_exemptions(book: Rulebook, rule_id: str) -> Iterator[Boundary]:
    for exemption in book.exemptions:
        for window in exemption.windows if rule_id in ("", exemption.id, *exemption.excuses) else ():
            yield _window(exemption, window, "begins", window.start)
            if window.end:
                yield _window(exemption, window, "ends", window.end)


def _edition(rule: Rule, edition: Edition, change: Literal["begins", "ends"], at: datetime | None) -> Boundary:
    track = f" [{edition.track}]" if edition.track else ""
    words = WORDS["rule", change]
    text = Text(tr=f"{words.tr}: {rule.title.tr}{track}", en=f"{words.en}: {rule.title.en}{track}")
    return Boundary(at=at, change=change, kind="rule", id=rule.id, part=edition.track, text=text, origin=rule.origin)


def _window(exemption: Exemption, window: Window, change: Literal["begins", "ends"], at: datetime) -> Boundary:
    last = f"{local(at - MINUTE):%d.%m.%Y %H:%M}"
    words, title = WORDS["exemption", change], exemption.title
    text = Text(tr=f"{words.tr.format(last=last)}: {title.tr}", en=f"{words.en.format(last=last)}: {title.en}")
    origin = window.origin
    return Boundary(at=at, change=change, kind="exemption", id=exemption.id, part=window.id, text=text, origin=origin)
