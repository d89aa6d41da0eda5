"""Deliver the outbox of one destination: at least once, with patience, and no message in another's way (design 3.5)."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from ..core.events import Event
from ..core.faults import described
from ..core.values import Value
from ..ports import AnswerUnknown, Clock, Delivery, Ledger, Refused, Unavailable
from .breaker import Breaker, Circuit

log = logging.getLogger("gecit.deliver")

Handler = Callable[[Delivery], Sequence[Event]]
"""Carries one delivery out and returns the events to record; raises `Refused`, `Unavailable` or `AnswerUnknown`."""


class RefusedWith(Refused):
    """A refusal that is itself worth recording: `events` are appended where the delivery is parked."""

    def __init__(self, code: str, message: str, events: Sequence[Event]) -> None:
        super().__init__(code, message)
        self.events = tuple(events)


class Policy(Value):
    """How deliveries are repeated.

    A row is leased only when a thread is free for it, so `lease` must outlast one delivery, not a batch: the adapter's
    time-out twice (ask, then send) and a little. A destination cannot make us wait longer than `patience`.
    """

    threads: int = 4
    lease: timedelta = timedelta(seconds=90)
    backoff: timedelta = timedelta(seconds=5)
    backoff_limit: timedelta = timedelta(minutes=15)
    patience: timedelta = timedelta(hours=1)  # the longest Retry-After that is honoured


def doubtful(delivery: Delivery) -> bool:
    """Whether an earlier try may have been carried out: its answer was lost, or whoever made it died."""
    return delivery.state in ("unknown", "leased")


def wait_before_retry(attempts: int, policy: Policy, retry_after: float = 0.0) -> timedelta:
    """How long to wait after `attempts` tries: exponential, full jitter, and never sooner than we were asked to."""
    ceiling = min(policy.backoff_limit, policy.backoff * float(2 ** min(max(attempts - 1, 0), 30)))
    jittered = random.uniform(0.1, 1.0) * ceiling  # noqa: S311 - spreads load, protects nothing
    return max(jittered, min(timedelta(seconds=retry_after), policy.patience))


class Courier:
    """Delivers the rows of one destination, `policy.threads` at a time; `handlers` maps a row's kind to what does it.

    Whatever a handler raises ends in a settled row: `Refused` parks it, `Unavailable` queues it for later,
    `AnswerUnknown` marks it so that the handler asks first, and any other error parks it, since a person must look.
    """

    def __init__(
        self,
        ledger: Ledger,
        destination: str,
        handlers: Mapping[str, Handler],
        clock: Clock,
        owner: str,
        policy: Policy | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._handlers = handlers
        self._clock = clock
        self._owner = owner
        self._policy = policy or Policy()
        self._breaker = breaker or Breaker()
        self._pool = ThreadPoolExecutor(self._policy.threads, thread_name_prefix=f"courier-{destination}")
        self._running: set[Future[None]] = set()

    def step(self) -> bool:
        """Lease what is due, deliver, and wait until one delivery ends; False where there was nothing to do."""
        leased = self._lease()
        self._running |= {self._pool.submit(self._deliver, one) for one in leased}
        if not self._running:
            return False
        ended, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        for one in ended:
            self._look_at(one)
        return True

    def close(self) -> None:
        """Wait for the deliveries under way; nothing new is leased."""
        self._pool.shutdown(wait=True)
        for one in self._running:
            self._look_at(one)
        self._running = set()

    def _lease(self) -> list[Delivery]:
        now = self._clock.now()
        free = self._allowed(now) - len(self._running)
        if free <= 0:
            return []
        return self._ledger.lease(self._destination, self._owner, now, now + self._policy.lease, free)

    def _allowed(self, now: datetime) -> int:
        """How many deliveries may be under way."""
        room = {Circuit.CLOSED: self._policy.threads, Circuit.HALF_OPEN: 1, Circuit.OPEN: 0}
        return room[self._breaker.state(now)]

    def _deliver(self, delivery: Delivery) -> None:
        try:
            events = self._handler(delivery)(delivery)
        except Refused as refusal:
            self._breaker.succeeded()
            answered = refusal.events if isinstance(refusal, RefusedWith) else ()
            doubt = doubtful(delivery) and not answered
            self._settle(delivery, "parked", error=str(refusal), events=answered, doubt=doubt)
        except Unavailable as failure:
            self._breaker.failed(self._clock.now())
            self._retry(delivery, failure)
        except Exception as fault:  # noqa: BLE001 - the outermost boundary of one delivery: parked, the others go on
            # The text of an unforeseen error may quote a patient, so only its kind and place are logged.
            log.error("%s %d (%s) parked: %s", self._destination, delivery.id, delivery.kind, described(fault))
            self._settle(delivery, "parked", error=described(fault), doubt=True)
        else:
            self._breaker.succeeded()
            self._settle(delivery, "done", events=events)

    def _handler(self, delivery: Delivery) -> Handler:
        handler = self._handlers.get(delivery.kind)
        if handler is None:
            raise Refused("no-handler", f"nothing here delivers {delivery.kind!r}")
        return handler

    def _retry(self, delivery: Delivery, failure: Unavailable) -> None:
        """Put a delivery back; doubt once raised is only ended by an answer."""
        unknown = isinstance(failure, AnswerUnknown) or doubtful(delivery)
        delay = wait_before_retry(delivery.attempts, self._policy, getattr(failure, "retry_after", 0.0))
        state = "unknown" if unknown else "queued"
        self._settle(delivery, state, next_at=self._clock.now() + delay, error=str(failure))

    def _settle(
        self,
        delivery: Delivery,
        state: str,
        *,
        next_at: datetime | None = None,
        error: str = "",
        events: Sequence[Event] = (),
        doubt: bool = False,
    ) -> None:
        kept = self._ledger.settle(
            delivery, self._owner, state, next_at=next_at, error=error[:500], events=events, doubt=doubt
        )
        if not kept:
            log.warning("%s %d: the lease ended before the delivery did", self._destination, delivery.id)

    def _look_at(self, ended: Future[None]) -> None:
        """Say that a delivery could not even be settled; its lease will end and another try be made."""
        fault = ended.exception()
        if fault is not None:
            log.error("%s: a delivery could not be recorded: %s", self._destination, described(fault))
