"""Judging with its consequences: one transaction, woken in time, told once, taken back, told anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from gecit.core.billing import read_notification
from gecit.core.exam import Billing
from gecit.core.judge import judge as pure
from gecit.core.order import Control, Procedure
from gecit.core.verdict import Outcome
from gecit.edges.store import SqlLedger
from gecit.ports import Transaction
from gecit.sandbox.medula import PretendMedula
from gecit.steps.deliver import Courier
from gecit.steps.judge_exam import judge_due, judge_exam
from gecit.steps.notify_medula import handlers
from gecit.steps.receive_study import forget_study
from tests.support.billing import HandClock
from tests.support.flow import (
    DOSE,
    HOSPITAL,
    JUDGING,
    START,
    arrive,
    exam,
    incoming,
    judge,
    kinds,
    order,
    register,
    report,
    send,
    study,
)

NO_LOINC = (Procedure(sut="R100250"),)


class World:
    """A pretend MEDULA and the courier before it."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock, self.medula = ledger, HandClock(START), PretendMedula()
        self.courier = Courier(ledger, "medula", handlers(self.medula, ledger, self.clock), self.clock, "one")

    def work(self) -> None:
        """Judge and deliver until neither has anything to do."""
        while judge(self.ledger, self.clock.now()) or self.courier.step():
            pass

    def told(self) -> list[tuple[str, int]]:
        return [(one.content.kind, one.content.generation) for one in self.medula.carried_out()]


@pytest.fixture
def billing(ledger: SqlLedger) -> Iterator[World]:
    register(ledger, HOSPITAL)
    made = World(ledger)
    yield made
    made.courier.close()


def complete(ledger: SqlLedger) -> None:
    """Let everything of a clean CT come."""
    send(ledger, incoming(order(), "1"))
    arrive(ledger, study("a", dose_reports=(DOSE,)))
    send(ledger, incoming(report(), "2"))


def medula_rows(ledger: SqlLedger) -> list[str]:
    return [one.kind for one in reversed(ledger.deliveries()) if one.destination == "medula"]


def test_a_complete_exam_is_judged_told_and_its_report_queued_for_the_archive(ledger: SqlLedger) -> None:
    complete(ledger)
    assert judge(ledger) == 1
    assert kinds(ledger)[-2:] == ["ExamJudged", "NotificationQueued"]
    assert sorted(one.kind for one in ledger.deliveries()) == ["attach-report", "attach-report", "notify"]
    assert exam(ledger).judge_at is None
    assert judge(ledger, START + timedelta(days=30)) == 0


def test_the_outbox_row_and_its_event_stand_or_fall_together(ledger: SqlLedger) -> None:
    complete(ledger)
    before = ledger.content()

    def work(tx: Transaction) -> None:
        judge_due(tx, JUDGING, START, "Node")
        raise RuntimeError("the power went out")

    with pytest.raises(RuntimeError):
        ledger.write(work)
    assert ledger.content() == before
    assert ledger.deliveries() == []
    assert "NotificationQueued" not in kinds(ledger)
    judge(ledger)
    assert medula_rows(ledger) == ["notify"]


def test_a_pending_exam_wakes_at_its_due_time_and_not_before(sqlite_ledger: SqlLedger) -> None:
    send(sqlite_ledger, incoming(order(), "1"))
    judge(sqlite_ledger)
    first = exam(sqlite_ledger)
    assert first.verdict is not None
    assert first.verdict.due_at == first.judge_at == START + JUDGING.context.recheck
    due = START + JUDGING.context.recheck
    assert judge(sqlite_ledger, due - timedelta(seconds=1)) == 0
    assert judge(sqlite_ledger, due) == 1
    assert exam(sqlite_ledger).judge_at == due + JUDGING.context.recheck


def test_images_that_still_arrive_keep_an_exam_pending(sqlite_ledger: SqlLedger) -> None:
    complete(sqlite_ledger)
    late = study("a", images=21, dose_reports=(DOSE,), last_instance_at=START)
    arrive(sqlite_ledger, late, START + timedelta(seconds=1))
    judge(sqlite_ledger, START + timedelta(seconds=1))
    assert outcome(sqlite_ledger) is Outcome.PENDING
    arrive(sqlite_ledger, late, START + timedelta(seconds=61))
    judge(sqlite_ledger, START + timedelta(seconds=61))
    assert outcome(sqlite_ledger) is Outcome.SUBMIT


def outcome(ledger: SqlLedger) -> Outcome:
    verdict = exam(ledger).verdict
    assert verdict is not None
    return verdict.outcome


def test_a_preflight_judges_and_never_notifies(ledger: SqlLedger) -> None:
    complete(ledger)
    judge(ledger, role="Preflight")
    assert outcome(ledger) is Outcome.SUBMIT
    assert medula_rows(ledger) == []
    assert exam(ledger).billing is Billing.UNTOLD


def test_judging_again_what_did_not_change_tells_nobody_twice(billing: World, ledger: SqlLedger) -> None:
    complete(ledger)
    for _ in range(3):
        ledger.write(lambda tx: judge_again(tx, START))
        billing.work()
    assert billing.told() == [("notify", 1)]
    assert kinds(ledger).count("NotificationQueued") == 1
    assert medula_rows(ledger) == ["notify"]


def judge_again(tx: Transaction, now: datetime) -> None:
    found = tx.exam(order().key)
    assert found is not None
    judge_exam(tx, found, JUDGING, {HOSPITAL.skrs: HOSPITAL}, now, "Node")


def test_what_was_told_is_withdrawn_when_the_order_loses_its_loinc_and_told_anew_when_it_is_mended(
    billing: World, ledger: SqlLedger
) -> None:
    complete(ledger)
    billing.work()
    assert exam(ledger).billing is Billing.TOLD
    send(ledger, incoming(order(control=Control.CHANGE, procedures=NO_LOINC), "3"))
    billing.work()
    assert (outcome(ledger), exam(ledger).billing) == (Outcome.HOLD, Billing.WITHDRAWN)
    send(ledger, incoming(order(control=Control.CHANGE), "4"))
    billing.work()
    assert exam(ledger).billing is Billing.TOLD
    assert billing.told() == [("notify", 1), ("withdraw", 1), ("notify", 2)]
    assert [one.content.generation for one in billing.medula.effective()] == [2]


def test_a_cancelled_order_is_withdrawn_and_an_order_again_is_told_anew(billing: World, ledger: SqlLedger) -> None:
    complete(ledger)
    billing.work()
    send(ledger, incoming(order(control=Control.CANCEL), "3"))
    billing.work()
    assert billing.medula.effective() == []
    send(ledger, incoming(order(), "4"))
    billing.work()
    assert billing.told() == [("notify", 1), ("withdraw", 1), ("notify", 2)]


def test_an_exam_cancelled_while_its_notification_waits_is_never_told(billing: World, ledger: SqlLedger) -> None:
    complete(ledger)
    judge(ledger)
    send(ledger, incoming(order(control=Control.CANCEL), "3"))
    billing.work()
    assert billing.told() == []
    assert exam(ledger).billing is Billing.WITHDRAWN


def test_a_deleted_study_takes_nothing_back(billing: World, ledger: SqlLedger) -> None:
    complete(ledger)
    billing.work()
    ledger.write(lambda tx: forget_study(tx, study("a").key, START, 40))
    billing.work()
    assert outcome(ledger) is Outcome.PENDING
    assert billing.told() == [("notify", 1)]


def test_an_institution_that_nobody_recorded_is_judged_all_the_same(sqlite_ledger: SqlLedger) -> None:
    complete(sqlite_ledger)
    assert judge(sqlite_ledger) == 1
    (row,) = [one for one in sqlite_ledger.deliveries() if one.destination == "medula"]
    assert read_notification(row.payload).institution_medula == ""


def test_the_judge_takes_no_more_than_it_was_told_and_comes_back_for_the_rest(sqlite_ledger: SqlLedger) -> None:
    for number in range(5):
        send(sqlite_ledger, incoming(order(f"A{number}"), str(number)))
    taken = [sqlite_ledger.write(lambda tx: judge_due(tx, JUDGING, START, "Node", limit=2)) for _ in range(4)]
    assert taken == [2, 2, 1, 0]


def test_the_verdict_is_reproduced_from_its_revisions(sqlite_ledger: SqlLedger) -> None:
    complete(sqlite_ledger)
    judge(sqlite_ledger)
    found = exam(sqlite_ledger)
    assert found.verdict is not None
    assert found.verdict.rulebook == JUDGING.rulebook.revision
    again = pure(replace(found, verdict=None), JUDGING.rulebook, JUDGING.context, judged_at=START, known_at=START)
    assert again == found.verdict
