"""Of the processes that could follow an index one does, by a lease in the ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from gecit.edges.store import SqlLedger
from gecit.edges.store.schema import beat
from gecit.ports import Beat
from gecit.processes.following import KEPT_EVERY, LEASE, FollowerLease

LONG, OVER = timedelta(hours=1), timedelta(seconds=-1)


def test_one_of_two_has_the_lease_until_it_runs_out(ledger: SqlLedger) -> None:
    assert ledger.may_follow("Gecit@1", "a", LONG)
    assert not ledger.may_follow("Gecit@1", "b", LONG)
    assert ledger.may_follow("Gecit@1", "a", LONG)
    assert ledger.may_follow("Other@2", "b", LONG)
    assert ledger.may_follow("Gecit@1", "b", OVER)
    assert not ledger.may_follow("Gecit@1", "a", LONG)


def test_a_clock_that_is_set_back_leaves_no_index_without_a_follower(ledger: SqlLedger) -> None:
    assert ledger.may_follow("Gecit@1", "a", LONG)
    ahead = datetime.now(UTC) + 3 * LONG
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(beat).values(at=ahead))
    assert ledger.may_follow("Gecit@1", "b", LONG)
    assert not ledger.may_follow("Gecit@1", "a", LONG)


def test_of_many_that_ask_at_the_same_moment_one_has_it(ledger: SqlLedger) -> None:
    for turn in range(3):
        with ThreadPoolExecutor(8) as pool:
            asked = {who: pool.submit(ledger.may_follow, f"Gecit@{turn}", who, LONG) for who in "abcdefgh"}
            having = [who for who, one in asked.items() if one.result()]
        assert len(having) == 1
        assert ledger.may_follow(f"Gecit@{turn}", having[0], LONG)


def test_the_lease_is_no_sign_of_life_of_a_process(ledger: SqlLedger) -> None:
    ledger.beat(Beat(node="Gecit", process="work", pid=1, at=datetime.now(UTC)))
    ledger.may_follow("Gecit@1", "a", LONG)
    assert [(one.node, one.process) for one in ledger.beats()] == [("Gecit", "work")]


def test_a_process_asks_now_and_then_and_stops_where_another_has_it(sqlite_ledger: SqlLedger) -> None:
    now = [100.0]
    mine = FollowerLease(sqlite_ledger, lambda: "Gecit@1", "a", lambda: now[0])
    assert mine.held()
    assert sqlite_ledger.may_follow("Gecit@1", "b", OVER)
    assert mine.held(), "it asked a moment ago"
    now[0] += KEPT_EVERY
    assert not mine.held()
    assert not mine.mine


def test_a_long_step_loses_no_lease_and_who_has_none_takes_none_by_keeping(sqlite_ledger: SqlLedger) -> None:
    mine = FollowerLease(sqlite_ledger, lambda: "Gecit@1", "a")
    mine.keep()
    assert sqlite_ledger.may_follow("Gecit@1", "b", LONG), "nobody had it"
    assert sqlite_ledger.may_follow("Gecit@1", "a", OVER)
    assert mine.held()
    long_ago = datetime.now(UTC) - LEASE - timedelta(seconds=1)
    with sqlite_ledger.engine.begin() as connection:
        connection.execute(sa.update(beat).values(at=long_ago))
    mine.keep()
    assert not sqlite_ledger.may_follow("Gecit@1", "b", LEASE)
    assert sqlite_ledger.may_follow("Gecit@1", "b", OVER)
    mine.keep()
    assert not mine.mine
