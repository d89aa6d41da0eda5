"""A row of `rules/exemptions/` drafted from outages; a person checks it against the Ministry's announcement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from .background import Outage
from .rulebook import MINUTE, Exemption, Scope, Window
from .values import local

Stretch = tuple[datetime, datetime]
"""First and last minute, both inside."""


def stretches(outages: Sequence[Outage], since: datetime, until: datetime) -> list[Stretch]:
    """Return the windows of outages within a stretch of time: whole minutes, those that touch or overlap as one.

    A window begins with the minute in which the outage began, and its last minute is the last that has any of it.
    """
    cut = [(max(one.began_at, since), min(one.ended_at or until, until)) for one in outages]
    minutes = sorted((_minute(began), _last(began, ended)) for began, ended in cut if began < until and ended >= since)
    merged: list[Stretch] = []
    for first, last in minutes:
        if merged and first <= merged[-1][1] + MINUTE:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _minute(moment: datetime) -> datetime:
    return local(moment).replace(second=0, microsecond=0)


def _last(began: datetime, ended: datetime) -> datetime:
    """The instant at which a service answers again is no longer of the outage."""
    return max(_minute(began), _minute(ended - timedelta(microseconds=1)))


def standing(window: Stretch, adds_to: Exemption) -> Window | None:
    """Return the window that leaves nothing to draft: it has the same beginning, or covers all of it."""
    first, last = window
    whole = (one for one in adds_to.windows if one.applies == Scope() and one.covers(first) and one.covers(last))
    return next((one for one in adds_to.windows if one.start == first), None) or next(whole, None)


def draft(windows: Sequence[Stretch], adds_to: str, title: str, today: date) -> str:
    """Write windows as a site's TOML file; `today` stands for the day of announcement, which is not known yet."""
    head = (
        "# TASLAK: Bakanlık duyurana kadar yürürlüğe koymayın. Duyuruyla karşılaştırın: uçlar, `published`, `title`.\n"
        "# DRAFT: put it in force only when the Ministry has announced it. Compare: both ends, `published`, `title`.\n"
        f"adds_to = {_quoted(adds_to)}\n"
    )
    return head + "".join(_window(one, title, max(today, one[0].date())) for one in windows)


def _window(window: Stretch, title: str, published: date) -> str:
    first, last = window
    name = title or f"{first:%d.%m.%Y} Muafiyeti"
    return (
        f"\n[[window]]\nfrom      = {first:%Y-%m-%dT%H:%M:%S}\nlast      = {last:%Y-%m-%dT%H:%M:%S}\n"
        f"published = {published.isoformat()}\n"
        f'source    = {{ kind = "notice", title = {_quoted(name)} }}\n'
    )


def _quoted(text: str) -> str:
    """Write a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one >= " " and one != "\x7f" else " " for one in escaped) + '"'
