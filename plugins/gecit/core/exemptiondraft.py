"""A row of `rules/exemptions/` drafted from outages; a person checks it against the Ministry's announcement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from types import MappingProxyType

from .background import Outage
from .rulebook import MINUTE, Exemption, Scope, Window
from .values import Value, local

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


class Leftover(Value):
    """What of a stretch is still to be drafted, and the windows that stand for the rest of it."""

    window: Stretch | None  # None = nothing
    standing: tuple[Window, ...] = ()
    id: str = ""  # of the window, where the usual one is taken


def left_over(stretch: Stretch, adds_to: Exemption) -> Leftover:
    """Say what of a stretch of minutes no window stands for.

    Windows may overlap, so a stretch is cut only at its beginning: a window is named by its first minute, and two of
    one name cannot stand side by side. One that is only for some exams cuts nothing; the new one gets another name.
    """
    first, last = stretch
    whole = sorted((one for one in adds_to.windows if one.applies == Scope()), key=lambda one: one.start)
    there: list[Window] = []
    for one in whole:
        if one.covers(first) and (one.start == stretch[0] or there or one.covers(last)):
            there.append(one)
            if one.end is None or one.end > last:
                return Leftover(window=None, standing=tuple(there))
            first = local(one.end)
    taken = {one.id for one in adds_to.windows}
    return Leftover(window=(first, last), standing=tuple(there), id=_free(adds_to.id, first, taken))


def _free(exemption: str, first: datetime, taken: Collection[str]) -> str:
    usual = f"{exemption}@{first:%Y-%m-%dT%H:%M}"
    names = (f"{usual}+{number}" for number in count(2))
    return "" if usual not in taken else next(one for one in names if one not in taken)


def draft(
    windows: Sequence[Stretch], adds_to: str, title: str, today: date, ids: Mapping[Stretch, str] = MappingProxyType({})
) -> str:
    """Write windows as a site's TOML file; `today` stands for the day of announcement, which is not known yet.

    `ids`: of windows that need one of their own.
    """
    head = (
        "# TASLAK: Bakanlık duyurana kadar yürürlüğe koymayın. Duyuruyla karşılaştırın: uçlar, `published`, `title`.\n"
        "# DRAFT: put it in force only when the Ministry has announced it. Compare: both ends, `published`, `title`.\n"
        f"adds_to = {_quoted(adds_to)}\n"
    )
    return head + "".join(_window(one, title, max(today, one[0].date()), ids.get(one, "")) for one in windows)


def write_draft(left: Sequence[Leftover], adds_to: str, title: str, today: date) -> str:
    """Write what is left over as a site's TOML file."""
    windows = [one.window for one in left if one.window]
    return draft(windows, adds_to, title, today, {one.window: one.id for one in left if one.window})


def _window(window: Stretch, title: str, published: date, name_of_row: str = "") -> str:
    first, last = window
    named = f"id        = {_quoted(name_of_row)}\n" if name_of_row else ""
    name = title or f"{first:%d.%m.%Y} Muafiyeti"
    return (
        f"\n[[window]]\n{named}from      = {first:%Y-%m-%dT%H:%M:%S}\nlast      = {last:%Y-%m-%dT%H:%M:%S}\n"
        f"published = {published.isoformat()}\n"
        f'source    = {{ kind = "notice", title = {_quoted(name)} }}\n'
    )


def _quoted(text: str) -> str:
    """Write a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one >= " " and one != "\x7f" else " " for one in escaped) + '"'
