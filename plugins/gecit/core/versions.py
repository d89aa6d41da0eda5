"""Versions of a report: what each does to the report in force when it comes. One table, folded in the order of sending.

No source settles what preliminary and added reports mean to the Ministry; decision 0016 says how we read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from .report import Report, ReportStatus
from .values import Value


class Effect(StrEnum):
    """What a version does when it comes."""

    STANDS = "stands"  # the first one: it is the report in force from now on
    SUPERSEDES = "supersedes"  # takes the place of the report in force and of its addenda
    ADDS = "adds"  # is read together with the report in force
    SET_ASIDE = "set aside"  # takes nobody's place: kept and shown, never in force
    WAITS = "waits"  # an addendum without a report: joins the report that comes next


_P, _F, _C, _B = ReportStatus.PRELIMINARY, ReportStatus.FINAL, ReportStatus.CORRECTED, ReportStatus.ADDENDUM
EFFECTS: dict[tuple[ReportStatus | None, ReportStatus], Effect] = {
    # (status of the report in force, status of what comes) -> what it does
    (None, _P): Effect.STANDS,
    (None, _F): Effect.STANDS,
    (None, _C): Effect.STANDS,
    (None, _B): Effect.WAITS,
    (_P, _P): Effect.SUPERSEDES,
    (_P, _F): Effect.SUPERSEDES,
    (_P, _C): Effect.SUPERSEDES,
    (_P, _B): Effect.ADDS,
    (_F, _P): Effect.SET_ASIDE,
    (_F, _F): Effect.SUPERSEDES,
    (_F, _C): Effect.SUPERSEDES,
    (_F, _B): Effect.ADDS,
    (_C, _P): Effect.SET_ASIDE,
    (_C, _F): Effect.SUPERSEDES,
    (_C, _C): Effect.SUPERSEDES,
    (_C, _B): Effect.ADDS,
}


class Standing(Value):
    """What is in force: numbers of versions, from 1, 0 = none; addenda in the order of sending."""

    report: int = 0
    addenda: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The versions that are read: the report, then its addenda."""
        return ((self.report,) if self.report else ()) + self.addenda

    @property
    def latest(self) -> int:
        """The version whose document shows all of it."""
        return self.addenda[-1] if self.addenda else self.report


class Version(Value):
    """One version, what it did when it was sent, and what was in force before and after."""

    number: int
    effect: Effect
    before: Standing
    after: Standing


def fold(
    sent: Iterable[tuple[int, ReportStatus]], said_before: Mapping[int, Collection[int]] | None = None
) -> tuple[Version, ...]:
    """Return each version with its effect; `sent`: numbers and statuses, in the order of sending.

    `said_before`: for a number those sent before it with the same content. What was superseded is set aside when it is
    sent again: a resend job of an HBYS knows of no correction.
    """
    found: list[Version] = []
    standing, status = Standing(), None
    for number, incoming in sent:
        same = said_before.get(number, ()) if said_before else ()
        effect = EFFECTS[status, incoming]
        if same and not set(same) & set(standing.numbers):
            effect = Effect.SET_ASIDE
        after = _after(standing, number, effect)
        found.append(Version(number=number, effect=effect, before=standing, after=after))
        standing = after
        status = incoming if effect in (Effect.STANDS, Effect.SUPERSEDES) else status
    return tuple(found)


class Sent(Protocol):
    """A report with the number of its message."""

    @property
    def report(self) -> Report:
        """What was sent."""

    @property
    def message(self) -> int:
        """The later sent, the higher."""


def versions_of(reports: Sequence[Sent]) -> tuple[Version, ...]:
    """Fold reports, numbered from 1 by their acceptance, in the order of sending: that of their messages."""
    sent = sorted(enumerate(reports, start=1), key=lambda pair: pair[1].message)
    said_before = {number: same_as(one, sent[:place]) for place, (number, one) in enumerate(sent)}
    return fold(((number, one.report.status) for number, one in sent), said_before)


def same_as(one: Sent, others: Iterable[tuple[int, Sent]]) -> tuple[int, ...]:
    """Return the numbers of those that say the very same; when the message was written (MSH-7) is none of it."""
    said = _undated(one.report)
    return tuple(number for number, other in others if _undated(other.report) == said)


def _undated(report: Report) -> Report:
    return msgspec.structs.replace(report, message_at=None)


def _after(before: Standing, number: int, effect: Effect) -> Standing:
    match effect:
        case Effect.STANDS:  # addenda that came before their report now belong to it
            return Standing(report=number, addenda=before.addenda)
        case Effect.SUPERSEDES:
            return Standing(report=number)
        case Effect.ADDS | Effect.WAITS:
            return Standing(report=before.report, addenda=(*before.addenda, number))
        case Effect.SET_ASIDE:
            return before
