"""A ledger is folded anew while the node works: writers and the rebuild wait for each other, and neither is ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest

from gecit.edges.store import SqlLedger, open_ledger, schema
from tests.support.everything import fill
from tests.support.node import until

from .test_ledger import placed
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
