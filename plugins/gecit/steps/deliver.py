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
from ..ports import AnswerUnknown, Clock, Delivery, Ledger, Refused, Settled, Unavailable
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

    `lease` must outlast one delivery twice: what is leased and not begun by half of it is put back. So it is twice the
    adapter's time-out twice (ask, then send), and a little. A destination cannot make us wait longer than `patience`.
    """

    threads: int = 4
    most: int = 128  # rows leased at once, where the destination is quick
    lease: timedelta = timedelta(seconds=180)
    backoff: timedelta = timedelta(seconds=5)
    backoff_limit: timedelta = timedelta(minutes=15)
    patience: timedelta = timedelta(hours=1)  # the longest Retry-After that is honoured


QUICK = timedelta(milliseconds=100)
"""A destination that takes no longer for a delivery is given more rows at once: they share two transactions."""


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
    `node`: of the rows that one node alone can carry out, whose it takes; without a name it takes none of them.
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
        node: str = "",
    ) -> None:
        self._ledger = ledger
        self._destination = destination
        self._handlers = handlers
        self._clock = clock
        self._owner, self._node = owner, node
        self._policy = policy or Policy()
        self._breaker = breaker or Breaker()
        self._pool = ThreadPoolExecutor(self._policy.threads, thread_name_prefix=f"courier-{destination}")
        self._running: set[Future[_Ended]] = set()
        self._wanted = self._policy.threads  # rows leased at once
        self._closing = False
        self.delivered = 0
        """How many deliveries were carried out since the start."""
        self.delivered_seconds = 0.0
        """How long these took together, from being queued to being recorded."""

    def step(self) -> bool:
        """Lease what is due, deliver, and record what has ended; False where there was nothing to do."""
        self._running |= {self._pool.submit(self._deliver, one) for one in self._lease()}
        if not self._running:
            return False
        ended, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        self._record([one.result() for one in ended])
        return True

    def stop(self) -> None:
        """Begin no other delivery: what is leased and not begun is put back."""
        self._closing = True

    def close(self) -> None:
        """Wait for the deliveries under way and record them, and what was put back; after `step` is called no more."""
        self.stop()
        self._pool.shutdown(wait=True)
        if self._running:
            self._record([one.result() for one in self._running])
        self._running = set()

    def _lease(self) -> list[Delivery]:
        now = self._clock.now()
        allowed = 0 if self._closing else self._allowed(now)
        if len(self._running) * 2 > allowed:  # few at a time would cost a transaction each
            return []
        wanted = allowed - len(self._running)
        if wanted <= 0:
            return []
        return self._ledger.lease(self._destination, self._owner, now, now + self._policy.lease, wanted, self._node)

    def _allowed(self, now: datetime) -> int:
        """How many rows may be leased at once: one probe where the circuit is half open."""
        room = {Circuit.CLOSED: self._wanted, Circuit.HALF_OPEN: 1, Circuit.OPEN: 0}
        return room[self._breaker.state(now)]

    def _deliver(self, delivery: Delivery) -> _Ended:
        """Carry one delivery out, in a thread of the pool; never raises."""
        began = self._clock.now()
        if self._too_late(delivery, began):
            back = Settled(delivery=delivery, state=delivery.state, next_at=began, error=delivery.last_error)
            return _Ended(settled=back)
        settled = self._carried_out(delivery)
        return _Ended(settled=settled, took=self._clock.now() - began)

    def _too_late(self, delivery: Delivery, now: datetime) -> bool:
        """Whether a leased row is better put back than begun: its lease may end in the middle, or nobody answers."""
        if self._closing or self._breaker.state(now) is Circuit.OPEN:
            return True
        return delivery.leased_until is not None and delivery.leased_until - now < self._policy.lease / 2

    def _carried_out(self, delivery: Delivery) -> Settled:
        try:
            events = self._handler(delivery)(delivery)
        except Refused as refusal:
            self._breaker.succeeded()
            answered = refusal.events if isinstance(refusal, RefusedWith) else ()
            doubt = doubtful(delivery) and not answered
            return _settled(delivery, "parked", error=str(refusal), events=answered, doubt=doubt)
        except Unavailable as failure:
            self._breaker.failed(self._clock.now())
            return self._later(delivery, failure)
        except Exception as fault:  # noqa: BLE001 - the outermost boundary of one delivery: parked, the others go on
            # The text of an unforeseen error may quote a patient, so only its kind and place are logged.
            log.error("%s %d (%s) parked: %s", self._destination, delivery.id, delivery.kind, described(fault))
            return _settled(delivery, "parked", error=described(fault), doubt=True)
        self._breaker.succeeded()
        return _settled(delivery, "done", events=events)

    def _handler(self, delivery: Delivery) -> Handler:
        handler = self._handlers.get(delivery.kind)
        if handler is None:
            raise Refused("no-handler", f"nothing here delivers {delivery.kind!r}")
        return handler

    def _later(self, delivery: Delivery, failure: Unavailable) -> Settled:
        """Put a delivery back; doubt once raised is only ended by an answer."""
        unknown = isinstance(failure, AnswerUnknown) or doubtful(delivery)
        delay = wait_before_retry(delivery.attempts, self._policy, getattr(failure, "retry_after", 0.0))
        state = "unknown" if unknown else "queued"
        return _settled(delivery, state, next_at=self._clock.now() + delay, error=str(failure))

    def _record(self, ended: Sequence[_Ended]) -> None:
        """Record what has ended, together; where that fails, each alone, so that none stands in another's way."""
        self._wanted = self._next_wanted([one.took for one in ended if one.took is not None])
        together = [one.settled for one in ended]
        try:
            self._settle(together)
        except Unavailable as fault:
            log.error("%s: %d deliveries could not be recorded: %s", self._destination, len(together), fault)
        except Exception as fault:  # noqa: BLE001 -- one of many failed: find out which
            log.warning("%s: recording %d deliveries failed: %s", self._destination, len(together), described(fault))
            for one in together:
                self._settle_alone(one)

    def _settle(self, settled: Sequence[Settled]) -> None:
        for one, kept in zip(settled, self._ledger.settle_all(settled, self._owner), strict=True):
            if kept and one.state == "done" and one.delivery.created_at is not None:
                self.delivered += 1
                took = self._clock.now() - one.delivery.created_at
                self.delivered_seconds += max(0.0, took.total_seconds())  # a clock may have been set back
            if not kept:
                log.warning("%s %d: the lease ended before the delivery did", self._destination, one.delivery.id)

    def _settle_alone(self, one: Settled) -> None:
        """Record one delivery, or say that it cannot be; its lease will end and another try be made."""
        try:
            self._settle([one])
        except Exception as fault:  # noqa: BLE001 -- the outermost boundary of one delivery: said, and tried again
            log.error("%s %d could not be recorded: %s", self._destination, one.delivery.id, described(fault))

    def _next_wanted(self, took: Sequence[timedelta]) -> int:
        """How many rows to lease next: twice as many while each is quick, as many as there are threads otherwise."""
        if not took:
            return self._wanted
        quick = max(took) <= QUICK
        return min(2 * self._wanted, self._policy.most) if quick else self._policy.threads


class _Ended(Value):
    """A delivery that has ended; `took` is None where it was not begun."""

    settled: Settled
    took: timedelta | None = None


def _settled(
    delivery: Delivery,
    state: str,
    *,
    next_at: datetime | None = None,
    error: str = "",
    events: Sequence[Event] = (),
    doubt: bool = False,
) -> Settled:
    return Settled(
        delivery=delivery, state=state, next_at=next_at, error=error[:500], events=tuple(events), doubt=doubt
    )
