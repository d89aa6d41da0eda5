"""Tell subscribers that a verdict changed: planned in the judge's transaction, carried out from the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from ..core import webhooks
from ..core.events import Event
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.values import to_json
from ..core.verdict import Verdict
from ..ports import Clock, Delivery, Ledger, Poster, Refused, Transaction, Unavailable
from .breaker import Breaker, Circuit
from .deliver import Handler

DESTINATION = "webhook"
KIND, TRIAL_KIND = "verdict-changed", "trial"
GIVEN_UP = "given-up"
PAUSED = "subscription-paused"
RESTS = timedelta(seconds=30)


class Resting(Unavailable):
    """The address failed so often that it is left alone for `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("the address failed several times in a row and is left alone for a while")
        self.retry_after = retry_after


def plan(tx: Transaction, exam: Exam, before: Verdict | None, verdict: Verdict) -> int:
    """Queue a message for each subscriber whom the new verdict concerns; return how many."""
    told = [one for one in tx.webhooks() if webhooks.wants(one, exam.key, verdict.outcome)]
    if not told or not webhooks.changed(before, verdict):
        return 0
    body = to_json(webhooks.change_of(exam, before, verdict))
    at = verdict.judged_at
    keys = [f"{one.id}:{exam.key.institution}:{exam.key.accession}:{at.isoformat()}" for one in told]
    return sum(tx.queue(DESTINATION, KIND, key, exam.key, body, at) for key in keys)


def plan_trial(tx: Transaction, told: webhooks.Subscription, number: str, now: datetime) -> bool:
    """Queue a trial message, which goes the way of every other; `number` tells it from others."""
    body = to_json(webhooks.Trial(type=webhooks.TRIAL, timestamp=now, institution=told.institution))
    of_nobody = ExamKey(institution=told.institution, accession="")
    return tx.queue(DESTINATION, TRIAL_KIND, f"{told.id}:trial:{number}", of_nobody, body, now)


def subscription_of(key: str) -> str:
    """Return whose message a delivery is."""
    return key.partition(":")[0]


class Announcer:
    """Carries one outbox row to its subscriber; each address has a circuit breaker of its own.

    What was not taken within `give_up` is parked. A row whose subscription was removed is done without being sent.
    """

    def __init__(
        self,
        ledger: Ledger,
        poster: Poster,
        clock: Clock,
        breaker: Callable[[], Breaker] = Breaker,
        give_up: timedelta = timedelta(days=3),
    ) -> None:
        self._ledger, self._poster, self._clock = ledger, poster, clock
        self._breaker, self._give_up = breaker, give_up
        self._lock = threading.Lock()
        self._breakers: dict[str, Breaker] = {}
        self._probing: set[str] = set()

    def handlers(self) -> Mapping[str, Handler]:
        """Return what the courier of destination `webhook` calls, by kind."""
        return {KIND: self, TRIAL_KIND: self}

    def open_addresses(self) -> int:
        """How many addresses are being left alone."""
        now = self._clock.now()
        with self._lock:
            return sum(one.state(now) is not Circuit.CLOSED for one in self._breakers.values())

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        """Send; raises `Unavailable` (later) or `Refused` (a person must look)."""
        name = subscription_of(delivery.key)
        told = self._ledger.read(lambda tx: next((one for one in tx.webhooks() if one.id == name), None))
        if told is None:
            return ()
        if told.paused_at is not None:
            raise Refused(PAUSED, "it goes on when the subscription does")
        now = self._clock.now()
        if delivery.created_at is not None and now - delivery.created_at > self._give_up:
            raise Refused(GIVEN_UP, f"not taken within {self._give_up}")
        number = webhooks.message_id(delivery.key)
        signed = webhooks.headers(told.secret, number, now, delivery.payload)
        with self._probe(told.url):
            self._send(told.url, delivery.payload, signed)
        return ()

    def _send(self, url: str, body: bytes, signed: Mapping[str, str]) -> None:
        breaker = self._breaker_of(url)
        try:
            self._poster.post(url, body, signed)
        except Unavailable:
            breaker.failed(self._clock.now())
            raise
        except Refused:
            breaker.succeeded()
            raise
        breaker.succeeded()

    @contextmanager
    def _probe(self, url: str) -> Iterator[None]:
        """Let everything pass to an address that answers, one message at a time to one that may again."""
        state = self._breaker_of(url).state(self._clock.now())
        with self._lock:
            if state is Circuit.OPEN or (state is Circuit.HALF_OPEN and url in self._probing):
                raise Resting(RESTS.total_seconds())
            if state is Circuit.HALF_OPEN:
                self._probing.add(url)
        try:
            yield
        finally:
            with self._lock:
                self._probing.discard(url)

    def _breaker_of(self, url: str) -> Breaker:
        with self._lock:
            return self._breakers.setdefault(url, self._breaker())
