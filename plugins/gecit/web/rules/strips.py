"""The drawing beside the table: one strip of time for each track of a rule and for each exemption."""

from __future__ import annotations

from datetime import datetime, timedelta

from gecit.core.rulebook import Exemption, Rule, Rulebook
from gecit.core.values import ISTANBUL, Text, Value

WIDTH = 1000  # of a strip, in its own units
THINNEST = 3.0
AHEAD = timedelta(days=180)


class Bar(Value):
    """A stretch on a strip; `kind` is its class in the style sheet."""

    x: float
    width: float
    kind: str


class Strip(Value):
    """One row."""

    id: str
    of: str  # rule | exemption
    title: Text
    track: str
    bars: tuple[Bar, ...]


class Drawing(Value):
    """All rows on one axis; `grid` is where years begin, `today` where now is."""

    years: tuple[int, ...]
    grid: tuple[float, ...]
    today: float
    strips: tuple[Strip, ...]


class _Axis:
    def __init__(self, first: int, last: int) -> None:
        self.years = tuple(range(first, last + 1))
        self._start = datetime(first, 1, 1, tzinfo=ISTANBUL)
        self._end = datetime(last + 1, 1, 1, tzinfo=ISTANBUL)

    def at(self, moment: datetime | None, default: float = 0.0) -> float:
        if moment is None:
            return default
        share = (moment - self._start) / (self._end - self._start)
        return round(min(max(share, 0.0), 1.0) * WIDTH, 1)

    def bar(self, start: datetime | None, end: datetime | None, kind: str) -> Bar:
        left, right = self.at(start), self.at(end, WIDTH)
        return Bar(x=min(left, WIDTH - THINNEST), width=max(round(right - left, 1), THINNEST), kind=kind)


def drawing(book: Rulebook, now: datetime) -> Drawing:
    """Draw a rulebook, from its first dated beginning to half a year ahead or its last one."""
    begins = [one.start for rule in book.rules for one in rule.editions if one.start]
    begins += [one.start for exemption in book.exemptions for one in exemption.windows]
    first = min((one.year for one in begins), default=now.year)
    last = max([(now + AHEAD).year, *(one.year for one in begins)])
    axis = _Axis(first, last)
    strips = [strip for rule in book.rules for strip in _of_rule(rule, axis, now)]
    strips += [_of_exemption(one, axis) for one in book.exemptions]
    grid = tuple(axis.at(datetime(year, 1, 1, tzinfo=ISTANBUL)) for year in axis.years[1:])
    return Drawing(years=axis.years, grid=grid, today=axis.at(now), strips=tuple(strips))


def _of_rule(rule: Rule, axis: _Axis, now: datetime) -> list[Strip]:
    tracks = dict.fromkeys(one.track for one in rule.editions)
    return [
        Strip(
            id=rule.id,
            of="rule",
            title=rule.title,
            track=track,
            bars=tuple(
                axis.bar(one.start, one.until, "later" if one.start and one.start > now else rule.effect.value)
                for one in rule.editions
                if one.track == track
            ),
        )
        for track in tracks
    ]


def _of_exemption(exemption: Exemption, axis: _Axis) -> Strip:
    bars = tuple(axis.bar(one.start, one.end, "window") for one in exemption.windows)
    return Strip(id=exemption.id, of="exemption", title=exemption.title, track="", bars=bars)
