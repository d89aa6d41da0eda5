"""A month of messages and studies, replayed in order out of a ledger's own record, makes the same ledger again."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from gecit.edges.store import SqlLedger, open_ledger, schema
from tests.support.everything import rows_of
from tests.support.month import Node, month, recorded
from tests.support.postgres import Cluster

EXAMS = int(os.environ.get("GECIT_MONTH_EXAMS", "400"))
"""A large hospital has 3,000 a month; all the suites share two cores, so that fewer must do there."""

EMPTY_HERE = {  # what no message, study or exemption fills, or nothing of a month that is over
    "critical", "consultation", "consultation_asked", "duplicate_query", "outage", "review_round", "review_pick",
    "peer_review", "feedback", "hint", "worklist",
}  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A month as it came, on SQLite."""
    made = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('month')}/ledger.db")
    node = Node(made)
    node.play(month(EXAMS))
    yield node
    made.close()


@pytest.fixture(scope="module")
def replayed(postgres: Cluster, played: Node) -> Iterator[Node]:
    """The same month out of that ledger's record, in a fresh ledger on PostgreSQL."""
    made = open_ledger(postgres.new_database())
    node = Node(made)
    node.play(recorded(played.ledger))
    yield node
    made.close()


def events(ledger: SqlLedger) -> list[str]:
    with ledger.engine.connect() as connection:
        return sorted(connection.scalars(sa.select(schema.event.c.data)))


def test_the_month_holds_what_a_month_holds(played: Node) -> None:
    kinds = Counter(type(one).__name__ for _, one in played.ledger.events())
    counts = played.ledger.counts()
    assert counts["message"] > 2 * EXAMS and sum(n for name, n in counts.items() if name.startswith("exam.")) == EXAMS
    few = ("OrderChanged", "OrderCancelled", "ReportRefused", "WithdrawalQueued", "NotificationAnswered")
    assert all(kinds[kind] > EXAMS / 100 for kind in few), kinds
    assert kinds["Rejudged"] == 1
    assert counts["exam.submit"] > EXAMS / 2 and counts["exam.hold"] > EXAMS / 20
    excused = rows_of(played.ledger, (schema.exam_window,))["exam_window"]
    assert len(excused) > EXAMS / 300, "the exemption that was announced later excuses exams"
    assert len(played.medula.exams()) == counts["billing.told"] > EXAMS / 2


@pytest.mark.postgres
def test_replayed_in_order_it_is_the_same_ledger_to_the_byte(played: Node, replayed: Node) -> None:
    mine, again = rows_of(played.ledger, schema.FOLDED), rows_of(replayed.ledger, schema.FOLDED)
    assert {name for name, rows in mine.items() if not rows} <= EMPTY_HERE
    assert again == mine
    assert events(replayed.ledger) == events(played.ledger)
    assert replayed.medula.exams() == played.medula.exams()


@pytest.mark.postgres
def test_and_so_is_what_a_rebuild_folds_of_it(played: Node, replayed: Node) -> None:
    for one in (played.ledger, replayed.ledger):
        before = rows_of(one, schema.FOLDED)
        assert one.rebuild()[1]
        assert rows_of(one, schema.FOLDED) == before
