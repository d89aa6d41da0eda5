"""Exemptions as judging asks them: which windows excuse an exam from one rule."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from msgspec.structs import replace

from .checks import CHECKS, Context
from .rulebook import Exemption, Origin, Rulebook, Scope, Window
from .scopes import Part, Subject, prepare_scope
from .verdict import Status


class Hit(NamedTuple):
    """A window that excuses, as far as devices do not decide."""

    exemption: Exemption
    window: Window
    devices: frozenset[str] | None  # it excuses only pictures of these; None = of any device

    @property
    def origins(self) -> tuple[Origin, Origin]:
        """Whose files these are."""
        return self.exemption.origin, self.window.origin


class PreparedWindow(NamedTuple):
    """A window with its ends in seconds since 1970, and its own scope apart from devices."""

    start: float
    end: float
    scope: Part | None
    hit: Hit


class PreparedExemption:
    """An exemption with its windows sorted by their start, so that most of them are never looked at."""

    def __init__(self, exemption: Exemption, context: Context) -> None:
        windows = sorted((_window(exemption, one) for one in exemption.windows), key=lambda one: one.start)
        self._windows = tuple(windows)
        self._starts = [one.start for one in windows]
        self._ends = list(accumulate((one.end for one in windows), max))  # the latest end up to each window
        self._dated_by = exemption.dated_by
        self._scope = prepare_scope(replace(exemption.applies, device_serial=()))
        self._context = context
        self._provided = CHECKS[exemption.provided] if exemption.provided else None
        self._params = {**self._provided.params, **exemption.provided_params} if self._provided else {}

    def hits(self, subject: Subject) -> list[Hit]:
        """Return the windows that cover the exam's date and mean the exam, oldest first."""
        moment = subject.moments[self._dated_by]
        if moment is None:
            return []
        found = self._covering(moment, subject)
        if not found or (self._scope and not self._scope(subject)) or not self._provision_met(subject):
            return []
        return found

    def _covering(self, moment: float, subject: Subject) -> list[Hit]:
        found: list[Hit] = []
        at = bisect_right(self._starts, moment) - 1
        while at >= 0 and self._ends[at] > moment:
            window = self._windows[at]
            if window.end > moment and (window.scope is None or window.scope(subject)):
                found.append(window.hit)
            at -= 1
        return found[::-1]

    def _provision_met(self, subject: Subject) -> bool:
        if self._provided is None:
            return True
        return self._provided.run(subject.exam, self._context, self._params).status is Status.PASSED


def prepare(rulebook: Rulebook, context: Context) -> dict[str, tuple[PreparedExemption, ...]]:
    """Return the exemptions of every rule that has any, by rule id."""
    prepared = [(one.excuses, PreparedExemption(one, context)) for one in rulebook.exemptions]
    rules = {rule for excuses, _ in prepared for rule in excuses}
    return {rule: tuple(one for excuses, one in prepared if rule in excuses) for rule in rules}


def excusing(exemptions: Iterable[PreparedExemption], subject: Subject) -> tuple[Hit, ...]:
    """Return every window that excuses the exam from a rule.

    Windows of devices excuse together: their devices must be all that made pictures of the exam.
    """
    hits = [hit for one in exemptions for hit in one.hits(subject)]
    if not hits:
        return ()
    waived = frozenset[str]().union(*[one.devices for one in hits if one.devices is not None])
    used = subject.devices if waived else frozenset[str]()
    together = bool(used) and used <= waived
    return tuple(one for one in hits if one.devices is None or (together and not one.devices.isdisjoint(used)))


def _window(exemption: Exemption, window: Window) -> PreparedWindow:
    return PreparedWindow(
        start=window.start.timestamp(),
        end=window.end.timestamp() if window.end else float("inf"),
        scope=prepare_scope(replace(window.applies, device_serial=())),
        hit=Hit(exemption, window, _devices(exemption.applies, window.applies)),
    )


def _devices(exemption: Scope, window: Scope) -> frozenset[str] | None:
    named = [frozenset(one.device_serial) for one in (exemption, window) if one.device_serial]
    return frozenset.intersection(*named) if named else None
