"""Conformance cards: all senders that a person reaches, and one sender with its trend, over a stretch of days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request

from gecit.core.access import Action, Reach, reach
from gecit.core.values import Text, Value, local
from gecit.edges.store import SqlLedger, sender_counts
from gecit.edges.store.sender_counts import Stretch
from gecit.ports import Clock

from ..access import needs, person
from ..audit import about
from ..tracking.asked import day_of
from .cards import cards_of

USUAL = 30  # days
LONGEST = 366
WEEKLY_FROM = 63  # days from which on the trend is by week
DAY, WEEK = timedelta(days=1), timedelta(days=7)
Titles = Callable[[], Mapping[str, Text]]


class Days(Value):
    """The stretch that a card is about: from the beginning of a day to the end of another, Europe/Istanbul."""

    since: datetime
    until: datetime  # exclusive

    @classmethod
    def asked(cls, given: Mapping[str, str], now: datetime) -> Days:
        """Read the stretch of an address; what cannot be read, or is too long, is the usual one before its end."""
        today = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        until = (day_of(given.get("to", "")) or today) + DAY
        since = day_of(given.get("from", "")) or until - USUAL * DAY
        right = timedelta() < until - since <= LONGEST * DAY
        return cls(since=since if right else until - USUAL * DAY, until=until)

    @property
    def length(self) -> int:
        """How many days."""
        return round((self.until - self.since) / DAY)

    @property
    def weekly(self) -> bool:
        """Whether the trend is shown by week."""
        return self.length >= WEEKLY_FROM

    def fields(self) -> dict[str, str]:
        """Return it as an address has it."""
        return {"from": f"{self.since:%Y-%m-%d}", "to": f"{self.until - DAY:%Y-%m-%d}"}

    def ends(self) -> list[datetime]:
        """Return the instants between which the trend is counted; the last stretch may be shorter."""
        step = WEEK if self.weekly else DAY
        count = -(-self.length // step.days)
        return [*(self.since + number * step for number in range(count)), self.until]

    def query(self, **further: str) -> str:
        """Return the query string of the list narrowed to the stretch."""
        return urlencode({**further, **self.fields()})


def sender_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock, titles: Titles) -> None:
    """Add the routes."""

    def names() -> dict[str, str]:
        return {one.skrs: one.name for one in ledger.read(lambda tx: tx.institutions())}

    @pages.get("/senders")
    @needs(Action.LIST_EXAMS)
    def senders() -> str:
        now, mine = clock.now(), reach(person(), Action.LIST_EXAMS)
        days = Days.asked(request.args, now)
        cards = cards_of(ledger, mine, days.since, days.until, titles())
        return render_template("senders.html", cards=cards, names=names(), now=now, days=days)

    @pages.get("/senders/<skrs>")
    @needs(Action.LIST_EXAMS)
    def sender(skrs: str) -> str:
        mine, known = reach(person(), Action.LIST_EXAMS), names()
        reached = bool(skrs) and (mine.everything or skrs == mine.institution)
        about(skrs, refused=not reached)
        if not reached or (skrs not in known and mine.everything):
            abort(404)
        now = clock.now()
        days = Days.asked(request.args, now)
        cards = cards_of(ledger, Reach(institution=skrs), days.since, days.until, titles())
        trend = sender_counts.by_stretch(ledger, skrs, days.ends())
        return render_template(
            "sender.html",
            card=cards[0] if cards else None,
            last_good=ledger.last_accepted(skrs),
            skrs=skrs,
            name=known.get(skrs, ""),
            now=now,
            days=days,
            trend=sent(trend),
            total=_total(trend),
        )


def sent(trend: list[Stretch]) -> list[Stretch]:
    """Leave out the stretches before the first message and after the last one."""
    busy = [number for number, one in enumerate(trend) if one.messages]
    return trend[busy[0] : busy[-1] + 1] if busy else []


def _total(trend: list[Stretch]) -> int:
    return sum(one.messages for one in trend)
