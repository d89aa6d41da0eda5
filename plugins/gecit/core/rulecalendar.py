"""A rulebook seen from one instant: what counts, what starts later, what changes soon, month by month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from .boundaries import Boundary, boundaries
from .rulebook import Edition, Rulebook, Window
from .values import Value, local

SOON = timedelta(days=90)


class Standing(StrEnum):
    """How an edition or a window stands to an instant."""

    ENDED = "ended"
    IN_FORCE = "in force"
    LATER = "later"


class Month(Value):
    """What begins and ends in one month, in order of time."""

    year: int
    month: int
    changes: tuple[Boundary, ...]


def standing(one: Edition | Window, now: datetime) -> Standing:
    """Say how it stands to an instant."""
    if one.covers(now):
        return Standing.IN_FORCE
    return Standing.LATER if one.start is not None and now < one.start else Standing.ENDED


def soon(book: Rulebook, now: datetime, stretch: timedelta = SOON) -> tuple[Boundary, ...]:
    """Return what begins or ends after an instant, within a stretch of time."""
    return tuple(one for one in boundaries(book) if one.at is not None and now < one.at <= now + stretch)


def months(found: Iterable[Boundary]) -> tuple[Month, ...]:
    """Put boundaries into their months, the newest month first; what has no instant is in none."""
    dated = sorted((one for one in found if one.at is not None), key=lambda one: one.at)  # type: ignore[arg-type, return-value]
    grouped = groupby(dated, key=_month)
    return tuple(Month(year=key[0], month=key[1], changes=tuple(some)) for key, some in grouped)[::-1]


def _month(one: Boundary) -> tuple[int, int]:
    assert one.at is not None  # noqa: S101 -- sorted out before
    return local(one.at).year, local(one.at).month
