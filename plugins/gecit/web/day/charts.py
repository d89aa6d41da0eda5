"""The charts of a day: each is a table that a script draws beside itself, so that nobody needs the picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from gecit.core.exam import Billing
from gecit.core.search import UNJUDGED
from gecit.core.values import Text, Value
from gecit.core.verdict import Outcome
from gecit.edges.store.counts import DayCounts

from ..words import BILLING, OUTCOMES, PAGE

HOURS = range(24)
COLOURS = {Outcome.SUBMIT.value: "success", Outcome.HOLD.value: "danger", Outcome.PENDING.value: "warning"}


class Bar(Value):
    """A row; `address` is the list narrowed to it, empty = the list cannot be; `colour` as Bootstrap names it."""

    name: Text
    count: int
    address: str = ""
    colour: str = ""


class Chart(Value):
    """A chart; `kind` is `bar` (sideways) or `column` (upright)."""

    id: str
    title: Text
    head: Text
    bars: tuple[Bar, ...]
    kind: str = "bar"

    @property
    def total(self) -> int:
        """What the shares are shares of."""
        return sum(one.count for one in self.bars)


def charts_of(counts: DayCounts, titles: Mapping[str, Text], day: str) -> tuple[Chart, ...]:
    """Return the charts of a day (YYYY-MM-DD)."""

    def address(**fields: str) -> str:
        return "/gecit/?" + urlencode({"from": day, "to": day, **fields})

    states = [
        Bar(
            name=text,
            count=counts.outcome.get(one.value if one else "", 0),
            address=address(outcome=one.value if one else UNJUDGED),
            colour=COLOURS.get(one.value if one else "", "secondary"),
        )
        for one, text in OUTCOMES.items()
    ]
    billing = [
        Bar(name=BILLING[Billing(one)], count=count, address=address(billing=one))
        for one, count in _most(counts.billing)
    ]
    rules = [
        Bar(name=titles.get(one, _plain(one)), count=count, address=address(rule=one))
        for one, count in _most(counts.rule)
    ]
    modalities = [
        Bar(name=_plain(one or "–"), count=count, address=address(modality=one) if one else "")
        for one, count in _most(counts.modality)
    ]
    hours = [Bar(name=_plain(f"{hour:02}"), count=counts.hour.get(hour, 0)) for hour in HOURS]
    return (
        _chart("state", "by-state", "outcome", states),
        _chart("rule", "by-rule", "rule", rules),
        _chart("modality", "by-modality", "modality", modalities),
        _chart("hour", "by-hour", "hour", hours, "column"),
        _chart("billing", "by-billing", "medula-state", billing),
    )


def _chart(name: str, title: str, head: str, bars: Iterable[Bar], kind: str = "bar") -> Chart:
    return Chart(id=name, title=PAGE[title], head=PAGE[head], bars=tuple(bars), kind=kind)


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _plain(text: str) -> Text:
    return Text(tr=text, en=text)
