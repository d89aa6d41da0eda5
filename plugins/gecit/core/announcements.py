"""What the Ministry announced, read from the rulebook's own sources: every dated notice once, the newest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from .rulebook import Rulebook, Source
from .values import Text, Value


class Stretch(Value):
    """From when until when something holds; `last` is a closed minute of a window, None where there is no end."""

    title: Text  # of the rule or exemption
    of: str  # its id
    start: datetime | None
    last: datetime | None = None


class Announcement(Value):
    """One notice. `rules`: what it asks; `exemptions`: what it excuses."""

    id: str  # the same as long as day, kind and title are
    published: date
    kind: str  # of the source: notice, letter, circular ...
    title: str
    rules: tuple[Stretch, ...] = ()
    exemptions: tuple[Stretch, ...] = ()


def announcements(book: Rulebook) -> tuple[Announcement, ...]:
    """Return the dated sources of a rulebook, the newest first; what a site itself added is not the Ministry's."""
    found: dict[tuple[date, str, str], tuple[list[Stretch], list[Stretch]]] = {}
    for place, (day, source, stretch) in _sourced(book):
        found.setdefault((day, source.kind, source.title), ([], []))[place].append(stretch)
    made = [
        Announcement(
            id=_id(day, kind, title),
            published=day,
            kind=kind,
            title=title,
            rules=tuple(rules),
            exemptions=tuple(windows),
        )
        for (day, kind, title), (rules, windows) in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (-one.published.toordinal(), one.title)))


def _sourced(book: Rulebook) -> Iterator[tuple[int, tuple[date, Source, Stretch]]]:
    for rule in book.rules:
        for edition in rule.editions:
            day = edition.source.published or edition.published
            if day and rule.origin == "shipped" and edition.source.kind != "reading":
                stretch = Stretch(start=edition.start, last=edition.until, title=rule.title, of=rule.id)
                yield 0, (day, edition.source, stretch)
    for exemption in book.exemptions:
        for window in exemption.windows:
            if window.origin == "shipped":
                stretch = Stretch(start=window.start, last=window.last, title=exemption.title, of=exemption.id)
                yield 1, (window.source.published or window.published, window.source, stretch)


def _id(day: date, kind: str, title: str) -> str:
    return hashlib.sha256(f"{day}\0{kind}\0{title}".encode()).hexdigest()[:16]
