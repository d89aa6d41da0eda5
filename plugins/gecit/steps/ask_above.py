"""Duplicate query -> the service above: what it says, or why it says nothing, without ever failing the query."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from ..core.background import EarlierExam
from ..core.duplicate_question import QuestionRefused, Wrong
from ..core.values import Value
from ..ports import DuplicateService, Refused, Unavailable
from .breaker import Breaker, Circuit

log = logging.getLogger("gecit.duplicates")

T = TypeVar("T")
UPSTREAM_DOWN = "upstream-unavailable"  # reasons, as they stand in `Gecit-Reason` and in the evidence
UPSTREAM_REFUSED = "upstream-refused"


class UpstreamUnavailable(Unavailable):
    """What a link leads to stands with the service above, which does not answer."""


class Told(Value):
    """What came of asking; `up` None = nothing was learnt of whether the service is there."""

    found: tuple[EarlierExam, ...] = ()
    reason: str = ""
    up: bool | None = None


class ServiceAbove:
    """A service above and its breaker: one that failed again and again is left alone, so that nobody waits for it."""

    def __init__(self, service: DuplicateService, breaker: Breaker | None = None) -> None:
        self._service = service
        self._breaker = breaker or Breaker(failures=3, rest=timedelta(seconds=15))

    @property
    def name(self) -> str:
        """Its name, as in `EarlierExam.source`."""
        return self._service.name

    def ask(self, medula_code: str, tckn: str, suts: Sequence[str], physician: str, now: datetime) -> Told:
        """Ask for earlier exams; never raises."""
        try:
            found = self._call(lambda: self._service.previous_studies(medula_code, tckn, suts, physician), now)
        except Refused as refusal:
            log.warning("the service above refuses a query: %s", refusal.code)
            return Told(reason=UPSTREAM_REFUSED)
        except Unavailable as fault:
            log.warning("the service above does not answer: %s", fault)
            return Told(reason=UPSTREAM_DOWN, up=False)
        return Told(found=tuple(found), up=True)

    def opened(self, medula_code: str, tckn: str, suts: Sequence[str], now: datetime) -> dict[str, bool]:
        """Say for each SUT code whether something was opened there; nothing where it does not answer."""
        try:
            return self._call(lambda: self._service.opened(medula_code, tckn, suts), now)
        except (Refused, Unavailable) as fault:
            log.warning("the service above does not say what was opened: %s", type(fault).__name__)
            return {}

    def report(self, reference: str, now: datetime) -> str:
        """Return a report; raises `QuestionRefused` or `UpstreamUnavailable`."""
        return self._fetch(lambda: self._service.report(reference), now)

    def image_link(self, reference: str, now: datetime) -> str:
        """Return where images are seen; raises `QuestionRefused` or `UpstreamUnavailable`."""
        return self._fetch(lambda: self._service.image_link(reference), now)

    def _fetch(self, fetch: Callable[[], str], now: datetime) -> str:
        try:
            return self._call(fetch, now)
        except Refused as refusal:
            raise QuestionRefused(Wrong.NOTHING) from refusal
        except Unavailable as fault:
            raise UpstreamUnavailable(str(fault)) from fault

    def _call(self, ask: Callable[[], T], now: datetime) -> T:
        if self._breaker.state(now) is Circuit.OPEN:
            raise Unavailable("left alone after failures")
        try:
            answer = ask()
        except Refused:
            self._breaker.succeeded()
            raise
        except Unavailable:
            self._breaker.failed(now)
            raise
        self._breaker.succeeded()
        return answer
