"""What a person does at the outbox, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

from gecit.edges.store import SqlLedger, outbox_desk
from tests.support.billing import START, key


def queued(ledger: SqlLedger, count: int = 1) -> list[int]:
    for number in range(1, count + 1):
        exam = key(number)
        ledger.write(lambda tx, exam=exam: tx.queue("medula", "notify", f"k:{exam.accession}", exam, b"{}", START))
    return sorted(one.id for one in ledger.deliveries())


def test_one_delivery_is_read_by_its_number(ledger: SqlLedger) -> None:
    (number,) = queued(ledger)
    found = outbox_desk.delivery(ledger, number)
    assert found is not None and found.exam == key()
    assert outbox_desk.delivery(ledger, number + 1) is None


def test_only_what_waits_can_be_parked_and_it_is_not_leased(ledger: SqlLedger) -> None:
    first, second = queued(ledger, 2)
    assert outbox_desk.park(ledger, first, "GECIT-PARKED a: b")
    assert not outbox_desk.park(ledger, first, "again")
    leased = ledger.lease("medula", "one", START, START + timedelta(minutes=1), 10)
    assert [one.id for one in leased] == [second]
    assert not outbox_desk.park(ledger, second, "on its way")


def test_parked_in_doubt_comes_back_in_doubt(ledger: SqlLedger) -> None:
    (number,) = queued(ledger)
    (row,) = ledger.lease("medula", "one", START, START + timedelta(minutes=1), 1)
    assert ledger.settle(row, "one", "unknown", next_at=START)
    assert outbox_desk.park(ledger, number, "GECIT-PARKED a: b")
    assert ledger.retry_delivery(number, START)
    assert ledger.deliveries()[0].state == "unknown"


def test_parked_ones_are_found_by_their_whole_code(ledger: SqlLedger) -> None:
    numbers = queued(ledger, 3)
    for number, error in zip(numbers, ("GECIT-A 1", "GECIT-AB 1", "GECIT-A"), strict=True):
        outbox_desk.park(ledger, number, error)
    assert outbox_desk.parked_with(ledger, "GECIT-A") == [numbers[0], numbers[2]]
    assert outbox_desk.parked_with(ledger, "GECIT-%") == []
