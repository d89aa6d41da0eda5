"""What a person does at the outbox, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gecit.edges.store import SqlLedger, effects, outbox_desk
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


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda ledger: effects.to_approve(ledger, 10), "exam_proposed"),
        (lambda ledger: outbox_desk.parked_with(ledger, "GECIT-A"), "outbox_parked"),
    ],
)
def test_what_waits_for_a_person_is_found_by_its_index(
    sqlite_ledger: SqlLedger, look: Callable[[SqlLedger], object], index: str
) -> None:
    """A ledger holds a million exams, of which a handful wait."""
    asked: list[tuple[str, object]] = []

    def keep(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        asked.append((statement, values))

    sa.event.listen(sqlite_ledger.engine, "before_cursor_execute", keep)
    look(sqlite_ledger)
    statement, values = next(one for one in asked if one[0].startswith("SELECT"))
    with sqlite_ledger.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
    assert any(index in str(row) for row in plan), plan
