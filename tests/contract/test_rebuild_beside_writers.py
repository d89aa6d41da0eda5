"""A ledger is folded anew while the node works: writers and the rebuild wait for each other, and neither is ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa

from gecit.core.events import NotificationQueued
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.ports import Transaction
from tests.support.everything import fill
from tests.support.node import until

from .test_ledger import KEY, NOW, placed
from .test_migrating import asking, url, waiting  # noqa: F401 -- a fixture

LAST = schema.FOLDED[-1].name
FIRST = schema.event.name


def fold(ledger: SqlLedger, done: list[bool]) -> None:
    done.append(ledger.rebuild()[1])


def compare(ledger: SqlLedger, done: list[bool]) -> None:
    done.append(ledger.folds_alike())


@pytest.mark.postgres
@pytest.mark.parametrize("how", [fold, compare])
@pytest.mark.parametrize("rounds", range(3))
def test_a_writer_that_waits_for_the_rebuild_that_waits_for_it_goes_on(
    url: str,  # noqa: F811
    how: Callable[[SqlLedger, list[bool]], None],
    rounds: int,
) -> None:
    ledger, done = open_ledger(url), list[bool]()
    fill(ledger)
    folding = threading.Thread(target=how, args=(ledger, done))
    with asking(url) as writer, asking(url) as looking:
        writer.execute(f"LOCK TABLE {LAST} IN ROW EXCLUSIVE MODE")  # as a row written into it would
        folding.start()
        try:
            until(lambda: waiting(looking, "relation") == 1, 60, "the rebuild waits for the writer")
            writer.execute(f"LOCK TABLE {FIRST} IN ROW EXCLUSIVE MODE")
            assert done == []
            writer.commit()
        except psycopg.errors.DeadlockDetected:
            pytest.fail("the writer was ended for the rebuild's sake")
        finally:
            writer.rollback()
            folding.join(120)
    assert done == [True]
    ledger.write(lambda tx: tx.append(placed()))
    assert ledger.rebuild()[1]
    ledger.close()


@pytest.mark.postgres
def test_while_the_rebuild_waits_for_one_writer_others_are_let_through(url: str) -> None:  # noqa: F811
    ledger, done = open_ledger(url), list[bool]()
    fill(ledger)
    folding = threading.Thread(target=fold, args=(ledger, done))
    with asking(url) as writer, asking(url) as other, asking(url) as looking:
        writer.execute(f"LOCK TABLE {LAST} IN ROW EXCLUSIVE MODE")
        folding.start()
        try:
            until(lambda: waiting(looking, "relation") == 1, 60, "the rebuild waits for the writer")
            other.execute("SET lock_timeout = '30s'")
            other.execute(f"LOCK TABLE {FIRST} IN ROW EXCLUSIVE MODE")
            other.commit()
            assert folding.is_alive()
        finally:
            writer.rollback()
            folding.join(120)
    assert done == [True]
    ledger.close()


@pytest.mark.postgres
def test_a_rebuild_holds_no_more_locks_for_more_exams(url: str) -> None:  # noqa: F811
    """PostgreSQL has one table of locks for all transactions; a lock for each exam filled it at some 18,000."""
    ledger = open_ledger(url)
    fill(ledger)
    held = []
    for more in (0, 40):
        for number in range(more):
            key = ExamKey(institution="10001", accession=f"M{number}")
            ledger.write(lambda tx, key=key: tx.append(placed(key)))
        with ledger._begin() as connection:
            ledger._folded_anew(connection)
            held.append(connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()")))
    ledger.close()
    assert held[0] == held[1]


@pytest.mark.postgres
@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_nobody_writes_on_what_he_read_before_the_rebuild_mended_it(url: str, seconds: float) -> None:  # noqa: F811
    ledger, done = open_ledger(url), list[bool]()
    ledger.write(lambda tx: tx.append(placed()))
    right = ledger.content()
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.exam).values(data=sa.func.replace(schema.exam.c.data, "801950", "801951")))
    assert ledger.content() != right
    folding = threading.Thread(target=fold, args=(ledger, done))

    def slow(tx: Transaction) -> None:
        assert tx.exam(KEY)
        folding.start()
        with asking(url) as looking:
            until(lambda: waiting(looking, "advisory") == 1, 60, "the rebuild waits for the writer")
        time.sleep(seconds)
        tx.append(NotificationQueued(at=NOW, exam=KEY, generation=1, key="10001:A1:1:notify"))

    ledger.write(slow)
    folding.join(120)
    assert done == [False], "it mended what the writer had left as it was"
    assert ledger.rebuild()[1]
    ledger.close()
