"""The billing-readiness clock: what cannot be told yet, for which missing piece, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from gecit.core.access import Reach
from gecit.core.values import Text, Value
from gecit.edges.store import SqlLedger
from gecit.edges.store.counts import Waiting

from ..words import PAGE

CLOCK_DAYS = 90
MOST = 20  # rows of a table
HOUR = timedelta(hours=1)


class Row(Value):
    """What waits for one missing piece: `of` is the device or the sender, empty = all together."""

    rule: str
    title: Text
    of: str
    count: int
    longest: Text
    mean: Text


class Readiness(Value):
    """The clock, all together, per device and per sender."""

    all: tuple[Row, ...]
    devices: tuple[Row, ...]
    senders: tuple[Row, ...]


def readiness_of(ledger: SqlLedger, reach: Reach, now: datetime, titles: Mapping[str, Text]) -> Readiness:
    """Read the clock of what a person reaches."""

    def rows(by: str) -> tuple[Row, ...]:
        found = ledger.waiting(reach, now - timedelta(days=CLOCK_DAYS), by)
        return tuple(_row(one, now, titles) for one in found[:MOST])

    return Readiness(all=rows(""), devices=rows("device"), senders=rows("institution"))


def _row(one: Waiting, now: datetime, titles: Mapping[str, Text]) -> Row:
    return Row(
        rule=one.rule,
        title=titles.get(one.rule) or Text(tr=one.rule, en=one.rule),
        of=one.of,
        count=one.count,
        longest=duration(now - one.oldest),
        mean=duration(now - one.mean),
    )


def duration(length: timedelta) -> Text:
    """Return a length of time in days and hours; one that lies ahead counts as none."""
    hours = max(int(length / HOUR), 0)
    days, rest = divmod(hours, 24)
    form = PAGE["hours-days" if days else "only-hours"]
    return Text(tr=form.tr.format(days=days, hours=rest), en=form.en.format(days=days, hours=rest))
