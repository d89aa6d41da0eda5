"""Duplicate (mükerrer) arithmetic: how far back an earlier exam counts, and which earlier exam counts at all.

The notices say "son 6 ay" and no more. Reading, shared by the query that HBYS asks and by the check of the judge: six
calendar months before the day of the order, that day six months ago included, counted in days of Europe/Istanbul.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from .background import EarlierExam
from .values import local

MONTHS = 6
LEDGER = "ledger"  # `EarlierExam.source` of what we know ourselves
MOST_FOUND = 100  # of one answer, the newest
ORDERED, PERFORMED = "ordered", "performed"  # which of an earlier exam's dates counts


def months_before(day: date, months: int) -> date:
    """Return the same day of an earlier month; a month that is too short ends there: 31 August - 6 = 28/29 February."""
    number = day.year * 12 + day.month - 1 - months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def first_day(order_day: date, months: int = MONTHS, days: int = 0) -> date:
    """Return the first day that is still within reach; `days` above 0 replace the calendar months."""
    return order_day - timedelta(days=days) if days else months_before(order_day, months)


def reaches_back(order_day: date, earlier_day: date, months: int = MONTHS, days: int = 0) -> bool:
    """Whether an order looks back to an earlier day; the first day of the stretch and the order's own day count."""
    return first_day(order_day, months, days) <= earlier_day <= order_day


def dated_at(earlier: EarlierExam, dated: str = ORDERED) -> datetime | None:
    """Return the date by which an earlier exam counts; an upstream service names no order date, so others stand in."""
    if dated == PERFORMED:
        return earlier.performed_at or earlier.scheduled_at or earlier.ordered_at
    return earlier.ordered_at or earlier.scheduled_at or earlier.performed_at


def was_performed(earlier: EarlierExam) -> bool:
    """Whether there is any sign that the exam took place: images, a report or a study date."""
    return earlier.images or earlier.report or earlier.performed_at is not None


def counts(
    earlier: EarlierExam,
    ordered_at: datetime,
    *,
    months: int = MONTHS,
    days: int = 0,
    dated: str = ORDERED,
    performed_only: bool = True,
) -> bool:
    """Whether an earlier exam makes an order of that instant a duplicate; patient, SUT and cancelling are not asked.

    One without any date counts where an upstream service names it, since that service applies its own stretch.
    """
    if performed_only and not was_performed(earlier):
        return False
    moment = dated_at(earlier, dated)
    if moment is None:
        return earlier.source != LEDGER
    return moment <= ordered_at and reaches_back(local(ordered_at).date(), local(moment).date(), months, days)


def merged(own: Sequence[EarlierExam], above: Sequence[EarlierExam]) -> tuple[EarlierExam, ...]:
    """Return both, newest first, an exam that both know once: ours, with what the service above has beyond it."""
    found = {(one.institution, one.accession, one.sut): one for one in own}
    for one in above:
        key = (one.institution, one.accession, one.sut)
        mine = found.get(key)
        found[key] = one if mine is None else _with(mine, one)
    dated = sorted(found.values(), key=lambda one: _stamp(dated_at(one)), reverse=True)
    return tuple(dated[:MOST_FOUND])


def _with(mine: EarlierExam, above: EarlierExam) -> EarlierExam:
    return msgspec.structs.replace(
        mine,
        images=mine.images or above.images,
        report=mine.report or above.report,
        performed_at=mine.performed_at or above.performed_at,
        reference=above.reference,
    )


def _stamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
