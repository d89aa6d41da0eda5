"""The outbox delivered over SOAP: each row of an exam is registered once, and what stands can be taken back."""

from __future__ import annotations

import pytest

from gecit.core.events import NotificationAnswered, OrderCancelled, OrderChanged
from gecit.core.exam import Billing, Exam
from gecit.core.order import Control, ExamKey, Procedure
from gecit.core.verdict import Outcome
from gecit.ports import Institution, Physician
from gecit.sandbox.faults import KINDS
from gecit.sandbox.medula_rows import FIRST_NUMBER
from tests.support.billing import START, arrive, exam_of, judge, key, order
from tests.support.world import World, soap_world

__all__ = ["soap_world"]

TWO = (Procedure(sut="R100250", loinc="36938-9"), Procedure(sut="R100260", loinc="24725-4"))


def told(
    world: World, number: int = 1, procedures: tuple[Procedure, ...] = TWO, medula_code: str = "11999001"
) -> ExamKey:
    """An exam of several procedures that passed and whose notification waits in the outbox."""
    exam = key(number)
    arrive(world.ledger, exam, world.clock.now())
    changed = OrderChanged(at=START, exam=exam, order=order(exam, Control.CHANGE, procedures=procedures), message=3)
    world.ledger.write(lambda tx: tx.append(changed))
    judge(world.ledger, exam, Outcome.SUBMIT, world.clock.now(), medula_code=medula_code)
    return exam


def billing(world: World, number: int = 1) -> Billing:
    return exam_of(world.ledger, key(number)).billing


def rows(world: World) -> list[tuple[str, str]]:
    """What stands: reference and SUT code of each row."""
    return [(one.reference, one.sut) for one in world.medula.rows.standing()]


def registered_ever(world: World) -> int:
    """How many rows were registered, whatever became of them: numbers count up."""
    standing = world.medula.rows.standing()
    return max(one.number for one in standing) - FIRST_NUMBER + 1 if standing else 0


def numbers(exam: Exam) -> list[str]:
    return [one.number for one in exam.registered]


def test_an_exam_is_a_row_for_each_procedure_and_its_numbers_are_kept(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.deliver_all()
    assert rows(soap_world) == [("GT000001.1.1", "R100250"), ("GT000001.1.2", "R100260")]
    assert numbers(exam_of(soap_world.ledger, exam)) == [str(FIRST_NUMBER), str(FIRST_NUMBER + 1)]
    answered = soap_world.ledger.timeline(exam)[-1]
    assert isinstance(answered, NotificationAnswered) and answered.rows and len(answered.rows) == 2


def test_a_row_says_who_when_and_what_and_names_no_patient(soap_world: World) -> None:
    told(soap_world)
    soap_world.deliver_all()
    row = soap_world.medula.rows.standing()[0]
    assert (row.facility, row.accession, row.modality, row.day) == ("11999001", "GT000001", "CT", "01.03.2024")
    assert (row.doctor, row.branch, row.ordered_by) == ("70178", "990", "70314")
    assert "10000000146" not in str(row)


@pytest.mark.parametrize("fault", [kind for kind in KINDS if kind not in ("400", "soap-client", "row-error")])
def test_after_any_fault_every_row_stands_and_none_was_registered_twice(soap_world: World, fault: str) -> None:
    exam = told(soap_world)
    soap_world.faults.plan(fault)
    soap_world.deliver_all()
    assert soap_world.faults.spoilt == [fault]
    assert (billing(soap_world), soap_world.effective(), soap_world.states()) == (Billing.TOLD, [exam], ["done"])
    assert (len(rows(soap_world)), registered_ever(soap_world)) == (2, 2)
    assert len(numbers(exam_of(soap_world.ledger, exam))) == 2


AFTER = [
    "500-after",
    "hang-after",
    "reset-after",
    "half",
    "wrong-json",
    "wrong-xml",
    "other-answer",
    "soap-server-after",
]


@pytest.mark.parametrize("fault", AFTER)
def test_where_the_answer_was_lost_it_is_read_back_and_not_sent_again(soap_world: World, fault: str) -> None:
    told(soap_world)
    soap_world.faults.plan(fault)
    soap_world.deliver_all()
    assert (billing(soap_world), soap_world.medula.arrivals) == (Billing.TOLD, 1)


def test_sixty_exams_under_random_faults_are_each_registered_once(soap_world: World) -> None:
    exams = [told(soap_world, number) for number in range(1, 61)]
    left_out = ("400", "soap-client", "row-error", "hang-before", "hang-after", "slow")
    soap_world.faults.spoil(0.4, [kind for kind in KINDS if kind not in left_out], seed=7)
    soap_world.deliver_all(rounds=80)
    assert len(soap_world.faults.spoilt) > 20
    assert (soap_world.effective(), set(soap_world.states())) == (exams, {"done"})
    assert (len(rows(soap_world)), registered_ever(soap_world)) == (120, 120)


def test_a_part_that_was_accepted_is_kept_and_only_the_rest_is_sent_again(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.faults.plan("row-error")
    soap_world.deliver_all()
    partly = exam_of(soap_world.ledger, exam)
    assert (partly.billing, numbers(partly), soap_world.states()) == (
        Billing.PARTLY_TOLD,
        [str(FIRST_NUMBER)],
        ["parked"],
    )
    assert partly.medula_code == "TAKLIT-SATIR" and "R100260" in partly.medula_message
    assert soap_world.ledger.retry_delivery(soap_world.ledger.deliveries()[0].id, soap_world.clock.now())
    soap_world.deliver_all()
    assert (billing(soap_world), registered_ever(soap_world)) == (Billing.TOLD, 2)
    assert len(numbers(exam_of(soap_world.ledger, exam))) == 2


def test_a_part_that_arrived_before_the_connection_broke_is_completed(soap_world: World) -> None:
    """In doubt, `hizmetOku` finds one of two rows: only the other is sent."""
    soap_world.timeout = 10.0  # nothing hangs here, and an answer of a busy machine is none that was lost
    exam = told(soap_world)
    courier = soap_world.courier()
    soap_world.faults.plan("row-error")
    delivery = soap_world.ledger.deliveries()[0]
    soap_world.client().send(delivery.kind, delivery.key, delivery.payload)  # whose answer nobody recorded
    soap_world.faults.plan("reset-before")
    soap_world.deliver_all(courier)
    assert (billing(soap_world), len(rows(soap_world)), registered_ever(soap_world)) == (Billing.TOLD, 2, 2)
    assert numbers(exam_of(soap_world.ledger, exam)) == [str(FIRST_NUMBER), str(FIRST_NUMBER + 1)]


@pytest.mark.parametrize("fault", ["soap-client", "400"])
def test_a_part_that_was_found_in_doubt_is_kept_when_the_rest_is_refused(soap_world: World, fault: str) -> None:
    soap_world.timeout = 10.0  # nothing hangs here, and an answer of a busy machine is none that was lost
    exam = told(soap_world)
    courier = soap_world.courier()
    delivery = soap_world.ledger.deliveries()[0]
    soap_world.faults.plan("row-error")
    soap_world.client().send(delivery.kind, delivery.key, delivery.payload)  # whose answer nobody recorded
    soap_world.faults.plan("reset-before")
    assert courier.step()
    soap_world.clock.forward(hours=1)
    send, soap_world.faults.app = soap_world.faults.app, Second(soap_world.faults.app, soap_world, fault)
    assert courier.step()
    soap_world.faults.app = send
    partly = exam_of(soap_world.ledger, exam)
    assert (partly.billing, numbers(partly)) == (Billing.PARTLY_TOLD, [str(FIRST_NUMBER)])
    cancel(soap_world, exam)
    soap_world.deliver_all(courier)
    assert rows(soap_world) == []


class Second:
    """Answers one request, and spoils the next."""

    def __init__(self, app, world: World, fault: str) -> None:  # type: ignore[no-untyped-def]
        self._app, self._world, self._fault = app, world, fault

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]
        self._world.faults.plan(self._fault)
        return self._app(environ, start_response)


def test_what_was_registered_of_a_part_is_withdrawn_before_a_changed_order_is_told(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.faults.plan("row-error")
    soap_world.deliver_all()
    other = order(exam, Control.CHANGE, procedures=(Procedure(sut="R100270", loinc="24725-4"),))
    soap_world.ledger.write(lambda tx: tx.append(OrderChanged(at=START, exam=exam, order=other, message=4)))
    for _ in range(3):
        judge(soap_world.ledger, exam, Outcome.SUBMIT, soap_world.clock.now())
        soap_world.deliver_all()
    assert rows(soap_world) == [("GT000001.2.1", "R100270")]
    assert billing(soap_world) is Billing.TOLD


def test_submit_withdraw_submit_counts_generations_and_takes_back_by_number(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.deliver_all()
    other = order(exam, Control.CHANGE, procedures=(Procedure(sut="R100280"),))
    soap_world.ledger.write(lambda tx: tx.append(OrderChanged(at=START, exam=exam, order=other, message=4)))
    for _ in range(3):
        judge(soap_world.ledger, exam, Outcome.SUBMIT, soap_world.clock.now())
        soap_world.deliver_all()
    standing = exam_of(soap_world.ledger, exam)
    assert rows(soap_world) == [("GT000001.2.1", "R100280")]
    assert (standing.billing, standing.generation, numbers(standing)) == (Billing.TOLD, 2, [str(FIRST_NUMBER + 2)])


def cancel(world: World, exam: ExamKey) -> None:
    cancelled = OrderCancelled(at=START, exam=exam, order=order(exam, Control.CANCEL, procedures=TWO), message=5)
    world.ledger.write(lambda tx: tx.append(cancelled))
    judge(world.ledger, exam, Outcome.HOLD, world.clock.now())


@pytest.mark.parametrize("fault", ["", "reset-after", "hang-before", "503", "soap-server-after", "wrong-xml"])
def test_a_cancelled_order_is_withdrawn_whatever_happens_on_the_way(soap_world: World, fault: str) -> None:
    exam = told(soap_world)
    soap_world.deliver_all()
    cancel(soap_world, exam)
    if fault:
        soap_world.faults.plan(fault)
    soap_world.deliver_all()
    after = exam_of(soap_world.ledger, exam)
    assert (after.billing, after.registered, rows(soap_world)) == (Billing.WITHDRAWN, (), [])


def test_a_refused_withdrawal_leaves_what_was_told_and_can_be_retried(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.deliver_all()
    cancel(soap_world, exam)
    soap_world.faults.plan("soap-client")
    soap_world.deliver_all()
    refused = exam_of(soap_world.ledger, exam)
    assert (refused.billing, len(refused.registered), len(rows(soap_world))) == (Billing.WITHDRAWAL_REFUSED, 2, 2)
    assert refused.medula_code == "soap:Client"
    parked = next(one for one in soap_world.ledger.deliveries() if one.state == "parked")
    assert soap_world.ledger.retry_delivery(parked.id, soap_world.clock.now())
    soap_world.deliver_all()
    assert (billing(soap_world), rows(soap_world)) == (Billing.WITHDRAWN, [])


def test_a_wrong_password_lets_everything_wait_until_it_is_mended(soap_world: World) -> None:
    told(soap_world)
    courier = soap_world.courier()
    assert soap_world.folder
    (soap_world.folder / "medula-password").write_text("wrong")
    assert courier.step()
    assert soap_world.states() == ["queued"]
    (soap_world.folder / "medula-password").write_text("bir-parola")
    soap_world.clock.forward(hours=1)
    soap_world.deliver_all(courier)
    assert billing(soap_world) is Billing.TOLD


def test_a_physician_who_is_not_in_the_list_parks_it_in_clear_words_until_the_list_is_mended(soap_world: World) -> None:
    told(soap_world)
    del soap_world.physicians.known["10000090314"]
    soap_world.deliver_all()
    (parked,) = soap_world.ledger.deliveries()
    assert (parked.state, billing(soap_world)) == ("parked", Billing.REFUSED)
    assert parked.last_error.startswith("GECIT-NO-PHYSICIAN") and "314" in parked.last_error
    assert "10000090314" not in parked.last_error
    assert soap_world.medula.arrivals == 0
    soap_world.physicians.known["10000090314"] = Physician(registration="70314")
    assert soap_world.ledger.retry_delivery(parked.id, soap_world.clock.now())
    soap_world.deliver_all()
    assert billing(soap_world) is Billing.TOLD


def test_a_medula_code_that_is_recorded_later_is_filled_in_when_the_row_is_retried(soap_world: World) -> None:
    told(soap_world, medula_code="")
    soap_world.deliver_all()
    (parked,) = soap_world.ledger.deliveries()
    assert (parked.state, parked.last_error[:17]) == ("parked", "GECIT-NO-FACILITY")
    at = soap_world.clock.now()
    known = Institution(skrs="999001", medula_code="11999001")
    soap_world.ledger.write(lambda tx: tx.record_institution(known, at))
    assert soap_world.ledger.retry_delivery(parked.id, at)
    soap_world.deliver_all()
    assert (billing(soap_world), len(rows(soap_world))) == (Billing.TOLD, 2)


def test_a_code_that_was_wrong_is_replaced_when_it_is_corrected(soap_world: World) -> None:
    told(soap_world, medula_code="99")
    soap_world.faults.plan("soap-client")
    soap_world.deliver_all()
    at = soap_world.clock.now()
    soap_world.ledger.write(lambda tx: tx.record_institution(Institution(skrs="999001", medula_code="11999001"), at))
    assert soap_world.ledger.retry_delivery(soap_world.ledger.deliveries()[0].id, at)
    soap_world.clock.forward(minutes=1)
    soap_world.deliver_all()
    assert {one.facility for one in soap_world.medula.rows.standing()} == {"11999001"}


def test_a_parked_notification_retried_after_its_exam_was_withdrawn_is_not_sent(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.faults.plan("row-error")
    soap_world.deliver_all()
    cancel(soap_world, exam)
    soap_world.deliver_all()
    first = min(soap_world.ledger.deliveries(), key=lambda one: one.id)
    assert soap_world.ledger.retry_delivery(first.id, soap_world.clock.now())
    soap_world.deliver_all()
    assert rows(soap_world) == [] and billing(soap_world) is Billing.WITHDRAWN
    (parked,) = soap_world.ledger.deliveries(state="parked")
    assert parked.last_error.startswith("GECIT-OVERTAKEN")


def test_the_ledger_rebuilt_from_its_events_knows_the_same_numbers(soap_world: World) -> None:
    exam = told(soap_world)
    soap_world.deliver_all()
    before = exam_of(soap_world.ledger, exam)
    soap_world.clock.forward(minutes=1)
    again = soap_world.ledger.exam_at(exam, soap_world.clock.now())
    assert again == before and len(before.registered) == 2
