"""An institution's MEDULA code is changed while MEDULA knows of its exams: each stands once, under one code."""

from __future__ import annotations

import msgspec
import pytest

from gecit.core.events import NotificationAddressed, NotificationQueued, OrderCancelled, OrderPlaced
from gecit.core.exam import Billing
from gecit.core.order import Control, ExamKey
from gecit.core.verdict import Outcome
from gecit.ports import Unavailable
from gecit.steps.complete_notification import Completer
from tests.support.billing import INSTITUTION, START, exam_of, judge, order
from tests.support.world import World, soap_world, world

from .test_deliver_soap import billing, told

__all__ = ["soap_world", "world"]

OLD, NEW = "11999001", "11999002"


def recode(world: World, code: str) -> None:
    """Record another MEDULA code of the institution, as `gecit institutions add` does."""
    changed = msgspec.structs.replace(INSTITUTION, medula_code=code)
    world.ledger.write(lambda tx: tx.record_institution(changed, world.clock.now()))


def cancel(world: World, exam: ExamKey, code: str = NEW) -> None:
    cancelled = OrderCancelled(at=START, exam=exam, order=order(exam, Control.CANCEL), message=4)
    world.ledger.write(lambda tx: tx.append(cancelled))
    judge(world.ledger, exam, Outcome.HOLD, world.clock.now(), medula_code=code)


def facilities(world: World) -> list[str]:
    """Under which code each row stands that stands."""
    return [one.facility for one in world.medula.rows.standing()]


def told_under_old_then_changed(world: World) -> ExamKey:
    recode(world, OLD)
    exam = told(world)
    world.deliver_all()
    assert facilities(world) == [OLD, OLD]
    recode(world, NEW)
    return exam


@pytest.mark.parametrize("fault", ["", "500", "hang-after", "reset-before"])
def test_what_was_told_is_withdrawn_under_the_code_that_it_was_told_under(soap_world: World, fault: str) -> None:
    exam = told_under_old_then_changed(soap_world)
    cancel(soap_world, exam)
    if fault:
        soap_world.faults.plan(fault)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world), soap_world.states()) == (
        Billing.WITHDRAWN,
        [],
        ["done", "done"],
    )


def test_an_exam_that_is_ordered_anew_after_the_code_changed_stands_once(soap_world: World) -> None:
    exam = told_under_old_then_changed(soap_world)
    cancel(soap_world, exam)
    soap_world.faults.plan("500")
    soap_world.deliver_all()
    soap_world.ledger.write(lambda tx: tx.append(OrderPlaced(at=START, exam=exam, order=order(exam), message=5)))
    judge(soap_world.ledger, exam, Outcome.SUBMIT, soap_world.clock.now(), medula_code=NEW)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.TOLD, [NEW])


@pytest.mark.parametrize("queued_with", [OLD, ""])
@pytest.mark.parametrize("fault", ["hang-after", "500-after", "500"])
def test_a_notification_in_doubt_keeps_the_code_of_its_first_try(
    soap_world: World, queued_with: str, fault: str
) -> None:
    """Also where the code was only filled in for that try."""
    recode(soap_world, OLD)
    exam = told(soap_world, medula_code=queued_with)
    soap_world.faults.plan(fault)
    assert soap_world.courier().step()
    assert soap_world.states() == ["unknown"]
    recode(soap_world, NEW)
    soap_world.clock.forward(hours=1)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.TOLD, [OLD, OLD])
    cancel(soap_world, exam)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.WITHDRAWN, [])


def test_a_notification_that_surely_was_not_sent_goes_out_under_the_new_code(soap_world: World) -> None:
    recode(soap_world, OLD)
    exam = told(soap_world)
    soap_world.faults.plan("503")
    assert soap_world.courier().step()
    assert soap_world.states() == ["queued"]
    recode(soap_world, NEW)
    soap_world.clock.forward(hours=1)
    soap_world.deliver_all()
    assert facilities(soap_world) == [NEW, NEW]
    addressed = [one for one in soap_world.ledger.timeline(exam) if isinstance(one, NotificationAddressed)]
    assert [(one.generation, one.institution_medula) for one in addressed] == [(1, NEW)]
    recode(soap_world, OLD)
    cancel(soap_world, exam, OLD)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.WITHDRAWN, [])


def test_the_rest_of_a_part_is_told_under_the_code_of_the_part(soap_world: World) -> None:
    recode(soap_world, OLD)
    told(soap_world)
    soap_world.faults.plan("row-error")
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.PARTLY_TOLD, [OLD])
    recode(soap_world, NEW)
    assert soap_world.ledger.retry_delivery(soap_world.ledger.deliveries()[0].id, soap_world.clock.now())
    soap_world.clock.forward(minutes=1)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.TOLD, [OLD, OLD])


def test_no_event_is_added_where_the_code_is_as_it_was_queued(soap_world: World) -> None:
    recode(soap_world, OLD)
    exam = told(soap_world)
    soap_world.deliver_all()
    kinds = [type(one).__name__ for one in soap_world.ledger.timeline(exam)]
    assert kinds[-2:] == ["NotificationQueued", "NotificationAnswered"]
    assert exam_of(soap_world.ledger, exam).institution_medula == OLD


def test_a_courier_that_remembers_the_old_code_does_not_put_it_back(soap_world: World) -> None:
    """The codes are remembered for two seconds; what was queued with a newer one is looked up anew."""
    recode(soap_world, OLD)
    courier = soap_world.courier()
    told(soap_world, number=1)
    assert courier.step()
    recode(soap_world, NEW)
    told(soap_world, number=2, medula_code=NEW)
    soap_world.deliver_all(courier)
    assert facilities(soap_world) == [OLD, OLD, NEW, NEW]


def test_a_courier_whose_lease_ended_records_no_code_over_another_s(soap_world: World) -> None:
    """It read the exam, slept past its lease, and another courier sent the row under another code."""
    recode(soap_world, NEW)
    exam = told(soap_world, medula_code=OLD)
    stale = exam_of(soap_world.ledger, exam)
    other = NotificationAddressed(at=START, exam=exam, generation=1, institution_medula="11999003")
    soap_world.ledger.write(lambda tx: tx.append(other))
    (row,) = soap_world.ledger.deliveries()
    with pytest.raises(Unavailable):
        Completer(soap_world.ledger, soap_world.clock).complete(row, stale)
    assert exam_of(soap_world.ledger, exam).institution_medula == "11999003"


@pytest.mark.parametrize("fault", ["500", "500-after"])
def test_over_json_too_the_withdrawal_repeats_the_code_and_a_doubt_keeps_it(world: World, fault: str) -> None:
    recode(world, OLD)
    exam = told(world)
    world.faults.plan(fault)
    assert world.courier().step()
    assert world.states() == ["unknown"]
    recode(world, NEW)
    world.clock.forward(hours=1)
    world.deliver_all()
    assert world.medula.exams() == [(OLD, exam.accession)]
    cancel(world, exam)
    world.deliver_all()
    assert (billing(world), world.medula.exams()) == (Billing.WITHDRAWN, [])


def test_the_ledger_rebuilt_knows_the_same_code(soap_world: World) -> None:
    exam = told_under_old_then_changed(soap_world)
    before = exam_of(soap_world.ledger, exam)
    count, same = soap_world.ledger.rebuild()
    assert count and same
    assert (exam_of(soap_world.ledger, exam), before.institution_medula) == (before, OLD)


def test_an_exam_that_was_queued_before_events_had_the_code_is_told_under_that_of_its_row(soap_world: World) -> None:
    """A ledger of an earlier version: the event says no code, the row of the outbox does."""
    recode(soap_world, OLD)
    exam = told(soap_world)
    waiting = exam_of(soap_world.ledger, exam)
    older = NotificationQueued(at=START, exam=exam, generation=waiting.generation, key="k")
    soap_world.ledger.write(lambda tx: tx.append(older))
    assert exam_of(soap_world.ledger, exam).institution_medula == ""
    soap_world.deliver_all()
    assert (facilities(soap_world), exam_of(soap_world.ledger, exam).institution_medula) == ([OLD, OLD], OLD)
    recode(soap_world, NEW)
    cancel(soap_world, exam)
    soap_world.deliver_all()
    assert (billing(soap_world), facilities(soap_world)) == (Billing.WITHDRAWN, [])
