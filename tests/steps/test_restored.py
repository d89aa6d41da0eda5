"""After a restore the ledger does not know whom it told: it asks, tells nobody twice, and forgets nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from gecit.core.events import (
    LedgerRestored,
    NotificationQueued,
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    WithdrawalQueued,
)
from gecit.core.exam import Billing
from gecit.core.medula_codes import NEVER_SENT
from gecit.core.order import Control, Order
from gecit.core.verdict import Outcome
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.medula import PretendMedula
from gecit.steps.deliver import Courier, Policy
from gecit.steps.notify_medula import handlers
from tests.support.billing import INSTITUTION, START, HandClock, arrive, exam_of, judge, key, order


class Counting(PretendMedula):
    """A pretend MEDULA that counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def ask(self, key: str, payload: bytes = b""):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().ask(key, payload)


class Life:
    """A ledger with a courier; MEDULA outlives it."""

    def __init__(self, ledger: SqlLedger, medula: Counting, at: datetime) -> None:
        self.ledger, self.medula, self.clock = ledger, medula, HandClock(at)

    def deliver(self) -> None:
        courier = Courier(
            self.ledger, "medula", handlers(self.medula, self.ledger, self.clock, self.ledger.restored_at()),
            self.clock, "one", Policy(threads=1),
        )  # fmt: skip
        while courier.step():
            pass
        courier.close()

    def restored(self) -> None:
        self.ledger.mark_restored(LedgerRestored(at=self.clock.now(), taken_at=START, backup="b"))


@pytest.fixture
def lost(ledger: SqlLedger) -> Life:
    """A life that told MEDULA of exam 1 and lost its ledger; this one is what the backup had: an order that waited."""
    other = open_ledger("sqlite://")
    life = Life(other, Counting(), START)
    arrive(other, key(1), START)
    judge(other, key(1), Outcome.SUBMIT, START)
    life.deliver()
    assert life.medula.arrivals == 1
    other.close()
    return Life(ledger, life.medula, START + timedelta(hours=2))


def test_what_was_told_before_a_restore_is_asked_for_and_not_told_again(lost: Life) -> None:
    """The backup was taken before the exam came: its sender repeats it, and it is judged at another moment."""
    lost.restored()
    arrive(lost.ledger, key(1), lost.clock.now())
    judge(lost.ledger, key(1), Outcome.SUBMIT, lost.clock.now())
    lost.deliver()
    assert exam_of(lost.ledger, key(1)).billing is Billing.TOLD
    assert (lost.medula.arrivals, len(lost.medula.effective())) == (1, 1)
    assert lost.medula.asked == 2, "whether it was told, and whether that was withdrawn since"


def test_without_the_mark_it_would_have_been_refused(lost: Life) -> None:
    """The contrast: the same key with another content is for a person to mend."""
    arrive(lost.ledger, key(1), lost.clock.now())
    judge(lost.ledger, key(1), Outcome.SUBMIT, lost.clock.now())
    lost.deliver()
    assert exam_of(lost.ledger, key(1)).billing is Billing.REFUSED


def test_what_waited_in_the_backup_and_was_sent_since_is_asked_for(lost: Life) -> None:
    arrive(lost.ledger, key(1), START)
    judge(lost.ledger, key(1), Outcome.SUBMIT, START)
    lost.restored()
    [row] = lost.ledger.deliveries()
    assert row.state == "unknown"
    lost.deliver()
    assert exam_of(lost.ledger, key(1)).billing is Billing.TOLD
    assert (lost.medula.asked, lost.medula.arrivals) == (2, 1)


def test_what_nobody_was_told_of_is_told(lost: Life) -> None:
    lost.restored()
    arrive(lost.ledger, key(2), lost.clock.now())
    judge(lost.ledger, key(2), Outcome.SUBMIT, lost.clock.now())
    lost.deliver()
    assert exam_of(lost.ledger, key(2)).billing is Billing.TOLD
    assert len(lost.medula.effective()) == 2


def test_a_cancelled_order_that_was_told_before_is_found_and_taken_back(lost: Life) -> None:
    """Cancelled before the repeated notification could go: perhaps it went in the time that is lost."""
    lost.restored()
    arrive(lost.ledger, key(1), lost.clock.now())
    judge(lost.ledger, key(1), Outcome.SUBMIT, lost.clock.now())
    at = lost.clock.now()
    taken_back = OrderCancelled(at=at, exam=key(1), order=order(key(1), Control.CANCEL), message=9)
    lost.ledger.write(lambda tx: tx.append(taken_back))
    lost.deliver()
    judge(lost.ledger, key(1), Outcome.HOLD, at)
    lost.deliver()
    assert exam_of(lost.ledger, key(1)).billing is Billing.WITHDRAWN
    assert lost.medula.effective() == []


def test_what_was_withdrawn_and_told_anew_before_a_restore_is_withdrawn_whole_afterwards(lost: Life) -> None:
    """Told, changed, withdrawn, told anew: all of it forgotten. The senders repeat it, and it is judged once."""
    other = procedures(order(key(1)), "R100260")

    def repeated(life: Life) -> None:
        at = life.clock.now()
        change = OrderChanged(at=at, exam=key(1), order=other, message=3)
        life.ledger.write(lambda tx: tx.append(change))

    def settle(life: Life, outcome: Outcome) -> None:
        for _ in range(4):  # each answer wakes the judge
            life.clock.forward(minutes=1)
            judge(life.ledger, key(1), outcome, life.clock.now())
            life.deliver()

    before = Life(open_ledger("sqlite://"), lost.medula, START)
    arrive(before.ledger, key(1), START)
    judge(before.ledger, key(1), Outcome.SUBMIT, START)
    before.deliver()
    repeated(before)
    settle(before, Outcome.SUBMIT)
    before.ledger.close()
    assert [one.content.generation for one in lost.medula.effective()] == [2]
    lost.restored()
    arrive(lost.ledger, key(1), lost.clock.now())
    repeated(lost)
    settle(lost, Outcome.SUBMIT)
    known = exam_of(lost.ledger, key(1))
    assert (known.billing, known.generation) == (Billing.TOLD, 2)
    assert [one.content.generation for one in lost.medula.effective()] == [2], "and nothing was told twice"
    cancelled = OrderCancelled(at=lost.clock.now(), exam=key(1), order=order(key(1), Control.CANCEL), message=9)
    lost.ledger.write(lambda tx: tx.append(cancelled))
    settle(lost, Outcome.HOLD)
    assert exam_of(lost.ledger, key(1)).billing is Billing.WITHDRAWN
    assert lost.medula.effective() == []


def cancel(life: Life, number: int = 1) -> None:
    """The sender repeats order and cancellation before anybody judges the exam."""
    at = life.clock.now()
    arrive(life.ledger, key(number), at)
    cancelled = OrderCancelled(at=at, exam=key(number), order=order(key(number), Control.CANCEL), message=9)
    life.ledger.write(lambda tx: tx.append(cancelled))


def settle(life: Life, number: int = 1, outcome: Outcome = Outcome.HOLD) -> None:
    """Judge and deliver until nothing happens any more; each answer wakes the judge."""
    for _ in range(6):
        life.clock.forward(minutes=1)
        judge(life.ledger, key(number), outcome, life.clock.now())
        life.deliver()


def queued(ledger: SqlLedger) -> list[str]:
    return [one.key for _, one in ledger.events() if isinstance(one, NotificationQueued | WithdrawalQueued)]


@pytest.mark.parametrize("outcome", [Outcome.HOLD, Outcome.PENDING])
def test_an_exam_told_in_the_lost_time_and_cancelled_before_it_is_judged_is_withdrawn(
    lost: Life, outcome: Outcome
) -> None:
    lost.restored()
    cancel(lost)
    settle(lost, outcome=outcome)
    assert lost.medula.effective() == []
    known = exam_of(lost.ledger, key(1))
    assert (known.billing, known.generation) == (Billing.WITHDRAWN, 1)
    assert lost.medula.arrivals == 2, "what was told before, and its withdrawal"
    assert all(one.state == "done" for one in lost.ledger.deliveries())
    assert len(queued(lost.ledger)) == 2, "asked for once"


def test_one_that_nobody_was_told_of_is_asked_for_once_and_never_sent(lost: Life) -> None:
    lost.restored()
    cancel(lost, 2)
    settle(lost, 2)
    assert (lost.medula.asked, lost.medula.arrivals) == (1, 1), "only the question went out"
    assert exam_of(lost.ledger, key(2)).billing is Billing.WITHDRAWN
    assert exam_of(lost.ledger, key(2)).medula_code == NEVER_SENT
    assert len(queued(lost.ledger)) == 2
    assert [one.content.accession for one in lost.medula.effective()] == [key(1).accession], "of others nothing changes"


def test_what_asks_alone_is_not_sent_though_whoever_asked_died_meanwhile(lost: Life) -> None:
    """A lease that ran out leaves a doubt, and what is in doubt is otherwise sent again where MEDULA has it not."""
    lost.restored()
    cancel(lost, 2)
    judge(lost.ledger, key(2), Outcome.HOLD, lost.clock.now())
    now = lost.clock.now()
    assert len(lost.ledger.lease("medula", "dead", now, now + timedelta(seconds=30), 9)) == 1
    settle(lost, 2)
    assert lost.medula.arrivals == 1, "of the other exam, before the restore"
    assert exam_of(lost.ledger, key(2)).medula_code == NEVER_SENT


def test_an_order_placed_anew_before_the_question_went_out_is_told_as_it_is_now(lost: Life) -> None:
    """The row that asks was made of an exam that had no pictures yet: it is no bill."""
    lost.restored()
    cancel(lost, 2)
    judge(lost.ledger, key(2), Outcome.HOLD, lost.clock.now())
    anew = OrderPlaced(at=lost.clock.now(), exam=key(2), order=order(key(2)), message=10)
    lost.ledger.write(lambda tx: tx.append(anew))
    settle(lost, 2, Outcome.SUBMIT)
    known = exam_of(lost.ledger, key(2))
    assert (known.billing, known.generation) == (Billing.TOLD, 2)
    assert [one.content.generation for one in lost.medula.effective() if one.content.accession == "GT000002"] == [2]


def test_a_question_that_cannot_be_asked_is_a_refusal_that_the_exam_shows(lost: Life) -> None:
    """Without its MEDULA code the institution's question is parked; with it a person has it asked after all."""
    lost.restored()
    at = lost.clock.now()
    cancel(lost, 2)
    judge(lost.ledger, key(2), Outcome.HOLD, at, medula_code="")
    lost.deliver()
    assert exam_of(lost.ledger, key(2)).billing is Billing.REFUSED
    [row] = lost.ledger.deliveries()
    assert row.state == "parked"
    lost.ledger.write(lambda tx: tx.record_institution(INSTITUTION, at))
    assert lost.ledger.retry_delivery(row.id, at)
    settle(lost, 2)
    assert exam_of(lost.ledger, key(2)).medula_code == NEVER_SENT


def test_what_was_told_anew_in_the_lost_time_is_found_under_its_later_generation(lost: Life) -> None:
    """Told, changed, withdrawn, told anew, all forgotten; then cancelled before anybody judged it again."""
    before = Life(open_ledger("sqlite://"), lost.medula, START)
    arrive(before.ledger, key(1), START)
    judge(before.ledger, key(1), Outcome.SUBMIT, START)
    before.deliver()
    change = OrderChanged(at=START, exam=key(1), order=procedures(order(key(1)), "R100260"), message=3)
    before.ledger.write(lambda tx: tx.append(change))
    settle(before, outcome=Outcome.SUBMIT)
    before.ledger.close()
    assert [one.content.generation for one in lost.medula.effective()] == [2]
    lost.restored()
    cancel(lost)
    settle(lost)
    assert lost.medula.effective() == []
    assert exam_of(lost.ledger, key(1)).generation == 2


def test_without_a_restore_or_cancelled_before_it_nobody_is_asked(lost: Life) -> None:
    cancel(lost)
    settle(lost)
    assert queued(lost.ledger) == []
    lost.restored()
    settle(lost)
    assert (queued(lost.ledger), lost.medula.asked) == ([], 0)


def test_an_exam_ordered_and_cancelled_long_after_the_restore_is_not_asked_for(lost: Life) -> None:
    happened = LedgerRestored(at=START - timedelta(days=400), taken_at=START - timedelta(days=401), backup="b")
    lost.ledger.mark_restored(happened)
    cancel(lost, 2)
    settle(lost, 2)
    assert queued(lost.ledger) == []


def procedures(one: Order, sut: str) -> Order:
    changed = tuple(msgspec.structs.replace(procedure, sut=sut) for procedure in one.procedures)
    return msgspec.structs.replace(one, control=Control.CHANGE, procedures=changed)


def test_an_exam_ordered_after_the_restore_is_told_without_a_question(lost: Life) -> None:
    before = lost.ledger.mark_restored(
        LedgerRestored(at=START - timedelta(days=40), taken_at=START - timedelta(days=41), backup="b")
    )
    assert before == {"account": 0, "token": 0, "share_link": 0, "disclosure": 0}
    arrive(lost.ledger, key(3), lost.clock.now())
    judge(lost.ledger, key(3), Outcome.SUBMIT, lost.clock.now())
    lost.deliver()
    assert (lost.medula.asked, exam_of(lost.ledger, key(3)).billing) == (0, Billing.TOLD)
