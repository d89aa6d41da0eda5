"""The outbox delivered to a pretend MEDULA over loopback: whatever happens on the way, each exam is told once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from gecit.core.events import Event, NotificationAnswered, OrderCancelled, OrderChanged
from gecit.core.exam import Billing
from gecit.core.order import Control, ExamKey, Procedure
from gecit.core.verdict import Outcome
from gecit.edges.bounded_http import Busy
from gecit.edges.store import SqlLedger
from gecit.ports import AnswerUnknown, Delivery, Refused, Unavailable
from gecit.sandbox.faults import KINDS
from gecit.sandbox.server import running
from gecit.steps.breaker import Breaker, Circuit
from gecit.steps.deliver import Courier, Policy, wait_before_retry
from tests.support.billing import START, HandClock, arrive, exam_of, judge, key, order
from tests.support.world import World, world

__all__ = ["world"]


def told(world: World, number: int = 1) -> ExamKey:
    """An exam that passed and whose notification waits in the outbox."""
    arrive(world.ledger, key(number), world.clock.now())
    judge(world.ledger, key(number), Outcome.SUBMIT, world.clock.now())
    return key(number)


def billing(world: World, number: int = 1) -> Billing:
    return exam_of(world.ledger, key(number)).billing


def test_an_exam_that_passes_is_told_once_and_judging_it_again_tells_nobody(world: World) -> None:
    exam = told(world)
    judge(world.ledger, exam, Outcome.SUBMIT, world.clock.now())
    world.deliver_all()
    judge(world.ledger, exam, Outcome.SUBMIT, world.clock.now())
    world.deliver_all()
    assert (billing(world), world.effective(), world.medula.arrivals) == (Billing.TOLD, [exam], 1)
    assert exam_of(world.ledger, exam).medula_code == "0000"


@pytest.mark.parametrize("outcome", [Outcome.HOLD, Outcome.PENDING])
def test_an_exam_that_does_not_pass_is_not_told(world: World, outcome: Outcome) -> None:
    arrive(world.ledger, key(), START)
    judge(world.ledger, key(), outcome, START)
    world.deliver_all()
    assert (billing(world), world.states(), world.medula.arrivals) == (Billing.UNTOLD, [], 0)


def test_a_preflight_installation_never_tells(world: World) -> None:
    arrive(world.ledger, key(), START)
    judge(world.ledger, key(), Outcome.SUBMIT, START, role="Preflight")
    assert world.states() == []


@pytest.mark.parametrize("fault", [kind for kind in KINDS if kind != "400"])
def test_after_any_fault_there_is_one_effective_notification(world: World, fault: str) -> None:
    exam = told(world)
    world.faults.plan(fault)
    world.deliver_all()
    assert world.faults.spoilt == [fault]
    assert (billing(world), world.effective(), world.states()) == (Billing.TOLD, [exam], ["done"])
    assert len(world.medula.carried_out()) == 1


@pytest.mark.parametrize("fault", ["500-after", "hang-after", "reset-after", "half", "wrong-json", "other-answer"])
def test_where_the_answer_was_lost_it_is_asked_for_and_not_sent_again(world: World, fault: str) -> None:
    told(world)
    world.faults.plan(fault)
    world.deliver_all()
    assert (billing(world), world.medula.arrivals) == (Billing.TOLD, 1)


def test_an_ask_that_fails_leaves_the_doubt_standing(world: World) -> None:
    told(world)
    world.faults.plan("reset-after", "503", "hang-before")
    courier = world.courier()
    assert courier.step()
    for _ in range(2):
        world.clock.forward(hours=1)
        assert courier.step()
        assert world.states() == ["unknown"]
    world.deliver_all(courier)
    assert (billing(world), world.medula.arrivals) == (Billing.TOLD, 1)


def test_a_refusal_parks_the_message_and_says_so_of_the_exam(world: World) -> None:
    exam = told(world)
    world.faults.plan("400")
    world.deliver_all()
    assert (billing(world), world.states(), world.effective()) == (Billing.REFUSED, ["parked"], [])
    assert exam_of(world.ledger, exam).medula_code == "made-up"
    assert world.ledger.deliveries()[0].last_error == "made-up a fault on demand"


def test_a_parked_message_that_a_person_retries_is_told(world: World) -> None:
    exam = told(world)
    world.faults.plan("400")
    world.deliver_all()
    assert world.ledger.retry_delivery(world.ledger.deliveries()[0].id, world.clock.now())
    world.deliver_all()
    assert (billing(world), world.effective()) == (Billing.TOLD, [exam])


def test_sixty_exams_under_random_faults_are_each_told_once(world: World) -> None:
    exams = [told(world, number) for number in range(1, 61)]
    kinds = [kind for kind in KINDS if kind not in ("400", "hang-before", "hang-after", "slow")]
    world.faults.spoil(0.4, kinds, seed=7)
    world.deliver_all(rounds=60)
    assert len(world.faults.spoilt) > 20
    assert (world.effective(), set(world.states())) == (exams, {"done"})
    assert len(world.medula.carried_out()) == len(exams)


def test_when_nobody_listens_the_message_waits_and_is_not_in_doubt(world: World) -> None:
    told(world)
    gone = world.url
    with running({}) as nowhere:
        world.url = nowhere
    courier = world.courier()
    assert courier.step()
    (row,) = world.ledger.deliveries()
    assert row.state == "queued" and row.next_at is not None and row.next_at > world.clock.now()
    world.url = gone
    world.deliver_all()
    assert billing(world) is Billing.TOLD


def test_an_order_that_is_cancelled_before_anything_was_sent_is_never_told(world: World) -> None:
    exam = told(world)
    cancelled = OrderCancelled(at=START, exam=exam, order=order(exam, Control.CANCEL), message=3)
    world.ledger.write(lambda tx: tx.append(cancelled))
    judge(world.ledger, exam, Outcome.HOLD, START)
    world.deliver_all()
    assert (billing(world), world.medula.arrivals, world.states()) == (Billing.WITHDRAWN, 0, ["done"])


def test_an_order_that_is_cancelled_after_it_was_told_is_withdrawn(world: World) -> None:
    exam = told(world)
    world.deliver_all()
    cancelled = OrderCancelled(at=START, exam=exam, order=order(exam, Control.CANCEL), message=3)
    world.ledger.write(lambda tx: tx.append(cancelled))
    judge(world.ledger, exam, Outcome.HOLD, START)
    world.deliver_all()
    assert (billing(world), world.effective()) == (Billing.WITHDRAWN, [])
    assert [one.content.kind for one in world.medula.carried_out()] == ["notify", "withdraw"]


def test_an_exam_whose_code_is_changed_is_withdrawn_and_told_anew(world: World) -> None:
    exam = told(world)
    world.deliver_all()
    other = order(exam, Control.CHANGE, procedures=(Procedure(sut="R100260", loinc="24725-4"),))
    world.ledger.write(lambda tx: tx.append(OrderChanged(at=START, exam=exam, order=other, message=3)))
    for _ in range(3):
        judge(world.ledger, exam, Outcome.SUBMIT, world.clock.now())
        world.deliver_all()
    (standing,) = world.medula.effective()
    assert (standing.key, standing.content.procedures[0].sut) == (f"999001:{exam.accession}:2:notify", "R100260")
    assert billing(world) is Billing.TOLD


def test_an_order_cancelled_while_the_answer_is_out_is_withdrawn_once_it_is_in(world: World) -> None:
    exam = told(world)
    world.faults.plan("reset-after")
    courier = world.courier()
    assert courier.step()
    cancelled = OrderCancelled(at=START, exam=exam, order=order(exam, Control.CANCEL), message=3)
    world.ledger.write(lambda tx: tx.append(cancelled))
    judge(world.ledger, exam, Outcome.HOLD, START)
    assert world.states() == ["unknown"]
    world.deliver_all(courier)
    assert exam_of(world.ledger, exam).judge_at is not None
    judge(world.ledger, exam, Outcome.HOLD, world.clock.now())
    world.deliver_all()
    assert (billing(world), world.effective()) == (Billing.WITHDRAWN, [])


def test_an_exam_that_no_longer_passes_is_only_proposed_for_withdrawal(world: World) -> None:
    exam = told(world)
    world.deliver_all()
    judge(world.ledger, exam, Outcome.HOLD, START)
    world.deliver_all()
    assert (billing(world), world.effective()) == (Billing.WITHDRAWAL_PROPOSED, [exam])


def test_what_a_dead_process_had_leased_is_asked_for_by_the_next_one(world: World) -> None:
    exam = told(world)
    now = world.clock.now()
    (row,) = world.ledger.lease("medula", "dead", now, now + timedelta(seconds=30), 10)
    world.medula.send(row.kind, row.key, row.payload)  # it got this far
    assert not world.courier("two").step()
    world.clock.forward(minutes=1)
    world.deliver_all(world.courier("two"))
    assert (billing(world), world.effective(), world.medula.arrivals) == (Billing.TOLD, [exam], 1)


# The courier by itself


class Hands:
    """A handler that does as it is told for each accession number."""

    def __init__(self) -> None:
        self.does: dict[str, list[Exception]] = {}
        self.done: list[str] = []
        self.states: list[str] = []
        self.takes: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        with self._lock:
            self.takes()
            self.states.append(delivery.state)
            faults = self.does.get(delivery.exam.accession, [])
            if faults:
                raise faults.pop(0)
            self.done.append(delivery.exam.accession)
        return [NotificationAnswered(at=START, exam=delivery.exam, key=delivery.key, accepted=True)]


class Desk:
    """A courier with such a handler."""

    def __init__(self, ledger: SqlLedger, threads: int = 1) -> None:
        self.ledger, self.clock, self.hands = ledger, HandClock(), Hands()
        self.breaker = Breaker(failures=3, rest=timedelta(seconds=30))
        policy = Policy(threads=threads, backoff=timedelta(seconds=5))
        self.courier = Courier(ledger, "d", {"k": self.hands}, self.clock, "one", policy, self.breaker)

    def queue(self, *numbers: int, kind: str = "k") -> None:
        for number in numbers:
            name = f"{number}{kind}"
            self.ledger.write(lambda tx, n=number, k=name: tx.queue("d", kind, k, key(n), b"{}", self.clock.now()))

    def run(self) -> None:
        while self.courier.step():
            pass

    def states(self) -> dict[str, str]:
        return {one.exam.accession[-1]: one.state for one in self.ledger.deliveries()}


@pytest.fixture
def desk(sqlite_ledger: SqlLedger) -> Iterator[Desk]:
    made = Desk(sqlite_ledger)
    yield made
    made.courier.close()


def test_a_poison_message_is_in_nobodys_way(desk: Desk) -> None:
    desk.queue(1, 2, 3, 4)
    desk.hands.does = {
        key(1).accession: [Unavailable("always")] * 99,
        key(3).accession: [ValueError("TCKN 10000000146")],
    }
    desk.run()
    assert desk.states() == {"1": "queued", "2": "done", "3": "parked", "4": "done"}


def test_an_unforeseen_error_is_kept_without_its_text_which_may_name_a_patient(desk: Desk) -> None:
    desk.queue(1)
    desk.hands.does = {key(1).accession: [ValueError("TCKN 10000000146")]}
    desk.run()
    (row,) = desk.ledger.deliveries()
    assert row.last_error.startswith("ValueError at ") and "10000000146" not in row.last_error


def test_a_kind_that_nobody_handles_is_parked(desk: Desk) -> None:
    desk.queue(1, kind="unheard-of")
    desk.run()
    assert desk.states() == {"1": "parked"}


def test_a_courier_that_is_told_to_stop_records_what_it_sent_and_puts_back_what_it_had_not_begun(desk: Desk) -> None:
    """Of a quick destination many rows are leased at once; none of them stays leased when the process ends."""
    desk.queue(*range(1, 10))
    assert desk.courier.step()
    desk.courier.stop()
    while desk.courier.step():
        pass
    desk.courier.close()
    states = set(desk.states().values())
    assert "done" in states
    assert states <= {"done", "queued"}
    sent = [one for one in desk.ledger.deliveries() if one.state == "done"]
    assert len(sent) == len(desk.hands.done)
    desk.queue(10)
    assert not desk.courier.step()


def test_a_courier_leases_many_rows_of_a_quick_destination_and_few_of_a_slow_one(desk: Desk) -> None:
    """Doubled as long as each delivery is quick; back to one for each thread by the first that is not."""
    desk.queue(*range(1, 9))
    desk.run()
    assert desk.courier._wanted > 1
    desk.hands.takes = lambda: desk.clock.forward(seconds=1)
    desk.queue(10, 11)
    desk.run()
    assert desk.courier._wanted == 1


def test_the_breaker_leaves_a_failing_destination_alone_and_then_tries_with_one(desk: Desk) -> None:
    desk.queue(1, 2, 3, 4, 5)
    desk.hands.does = {key(n).accession: [Unavailable("down")] for n in (1, 2, 3)}
    desk.run()
    assert (len(desk.hands.states), desk.breaker.state(desk.clock.now())) == (3, Circuit.OPEN)
    desk.clock.forward(seconds=30)
    assert desk.breaker.state(desk.clock.now()) is Circuit.HALF_OPEN
    desk.run()
    assert set(desk.states().values()) == {"done"}
    assert desk.breaker.state(desk.clock.now()) is Circuit.CLOSED


def test_a_probe_that_fails_opens_the_breaker_again(desk: Desk) -> None:
    desk.queue(1, 2, 3, 4, 5)
    desk.hands.does = {key(n).accession: [Unavailable("down")] * 2 for n in range(1, 6)}
    desk.run()
    desk.clock.forward(seconds=30)
    desk.run()
    assert (len(desk.hands.states), desk.breaker.state(desk.clock.now())) == (4, Circuit.OPEN)


def test_many_poison_messages_do_not_starve_a_good_one_behind_the_breaker(desk: Desk) -> None:
    desk.queue(*range(1, 9))
    desk.hands.does = {key(n).accession: [Unavailable("poison")] * 999 for n in range(1, 8)}
    for _ in range(40):
        desk.run()
        desk.clock.forward(seconds=31)
    assert desk.hands.done == [key(8).accession]


def test_a_wait_that_was_asked_for_is_kept(desk: Desk) -> None:
    desk.queue(1)
    desk.hands.does = {key(1).accession: [Busy("HTTP 503", 120.0)]}
    desk.run()
    (row,) = desk.ledger.deliveries()
    assert row.next_at == desk.clock.now() + timedelta(seconds=120)


def test_doubt_once_raised_is_handed_to_the_next_try(desk: Desk) -> None:
    desk.queue(1)
    desk.hands.does = {key(1).accession: [AnswerUnknown("?"), Unavailable("!")]}
    for _ in range(3):
        desk.run()
        desk.clock.forward(minutes=20)
    assert desk.hands.states == ["queued", "unknown", "unknown"]


@pytest.mark.parametrize("fault", [RuntimeError("after it was sent"), Refused("no-handler", "")])
def test_doubt_outlives_parking_so_that_a_retry_asks_first(desk: Desk, fault: Exception) -> None:
    desk.queue(1)
    desk.hands.does = {key(1).accession: [AnswerUnknown("?"), fault]}
    desk.run()
    desk.clock.forward(minutes=20)
    desk.run()
    assert desk.states() == {"1": "parked"}
    assert desk.ledger.retry_delivery(desk.ledger.deliveries()[0].id, desk.clock.now())
    desk.run()
    assert desk.hands.states == ["queued", "unknown", "unknown"]


def test_an_unforeseen_error_may_have_come_after_the_message_was_sent(desk: Desk) -> None:
    desk.queue(1)
    desk.hands.does = {key(1).accession: [RuntimeError("?")]}
    desk.run()
    assert desk.ledger.retry_delivery(desk.ledger.deliveries()[0].id, desk.clock.now())
    desk.run()
    assert desk.hands.states == ["queued", "unknown"]


def test_a_late_end_does_not_settle_the_next_lease_of_the_same_owner(desk: Desk) -> None:
    desk.queue(1)
    now = desk.clock.now()
    (first,) = desk.ledger.lease("d", "one", now, now + timedelta(seconds=1), 1)
    (second,) = desk.ledger.lease("d", "one", now + timedelta(seconds=2), now + timedelta(minutes=1), 1)
    assert not desk.ledger.settle(first, "one", "queued", next_at=now)
    assert desk.ledger.settle(second, "one", "done")


def test_a_delivery_whose_lease_was_lost_records_nothing(desk: Desk) -> None:
    desk.queue(1)
    now = desk.clock.now()
    (row,) = desk.ledger.lease("d", "one", now, now + timedelta(seconds=1), 1)
    desk.ledger.lease("d", "two", now + timedelta(seconds=2), now + timedelta(minutes=1), 1)
    assert not desk.ledger.settle(row, "one", "done")
    (standing,) = desk.ledger.deliveries()
    assert (standing.leased_by, standing.state) == ("two", "unknown")


def test_waits_double_up_to_their_limit_and_never_exceed_it() -> None:
    policy = Policy(backoff=timedelta(seconds=5), backoff_limit=timedelta(seconds=60))
    for attempts, most in ((1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (5000, 60)):
        waits = [wait_before_retry(attempts, policy).total_seconds() for _ in range(200)]
        assert 0 < min(waits) < most / 2 < max(waits) <= most


def test_a_destination_cannot_make_us_wait_for_ever() -> None:
    assert wait_before_retry(1, Policy(), retry_after=1e9) == Policy().patience


def test_both_engines_deliver_alike(ledger: SqlLedger) -> None:
    desk = Desk(ledger, threads=4)
    desk.queue(*range(1, 6))
    desk.hands.does = {key(2).accession: [AnswerUnknown("?")]}
    desk.run()
    desk.clock.forward(minutes=20)
    desk.run()
    desk.courier.close()
    assert sorted(desk.hands.done) == [key(n).accession for n in range(1, 6)]
    assert set(desk.states().values()) == {"done"}
