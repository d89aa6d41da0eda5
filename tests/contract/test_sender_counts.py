"""What a sender's card counts of its messages, on both engines: by rule and over time, and out of which index."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from gecit.core import events as e
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger, sender_counts
from gecit.ports import NewMessage
from tests.fakes import NOON
from tests.support.exams import CLEAN, HELD, order, record

DAY = timedelta(days=1)
OWN = HELD.institution


def sent(ledger: SqlLedger, *codes: str, days: int = 0, institution: str = OWN) -> None:
    for number, code in enumerate(codes):
        one = NewMessage(
            received_at=NOON + days * DAY,
            peer="p",
            institution=institution,
            sender=("HBYS", "H"),
            control_id=f"{days}-{number}",
            digest="d",
            raw=b"raw",
            answer=b"answer",
            answer_code=code,
        )
        ledger.write(lambda tx, one=one: tx.add_message(one))  # type: ignore[misc]


def change(ledger: SqlLedger, key: ExamKey, days: int) -> None:
    at = NOON + days * DAY
    ledger.write(lambda tx: tx.append(e.OrderChanged(exam=key, at=at, order=order(key), message=90 + days)))


def test_messages_are_counted_by_the_rule_that_keeps_their_exam_back(ledger: SqlLedger) -> None:
    record(ledger)
    before = sender_counts.by_rule(ledger, OWN, NOON - DAY, NOON + DAY)
    assert set(before) == {"dose-report"}
    change(ledger, HELD, 0)
    change(ledger, CLEAN, 0)
    change(ledger, HELD, 3)
    assert sender_counts.by_rule(ledger, OWN, NOON - DAY, NOON + DAY) == {"dose-report": before["dose-report"] + 1}
    assert sender_counts.by_rule(ledger, OWN, NOON + 2 * DAY, NOON + 4 * DAY) == {"dose-report": 1}
    assert sender_counts.by_rule(ledger, OWN, NOON + 4 * DAY, NOON + 9 * DAY) == {}
    assert sender_counts.by_rule(ledger, "999999", NOON - DAY, NOON + DAY) == {}


def test_the_trend_is_counted_stretch_by_stretch(ledger: SqlLedger) -> None:
    record(ledger)
    sent(ledger, "AA", "AA", "AE", days=10)
    sent(ledger, "AR", days=11)
    sent(ledger, "AA", days=11, institution="999999")
    change(ledger, HELD, 10)
    change(ledger, CLEAN, 11)
    ends = [NOON + number * DAY for number in (10, 11, 12, 13)]
    found = sender_counts.by_stretch(ledger, OWN, ends)
    assert [(one.messages, one.refused, one.failing) for one in found] == [(3, 1, 1), (1, 1, 0), (0, 0, 0)]
    assert [(one.since, one.until) for one in found] == list(pairwise(ends))
    assert sender_counts.by_stretch(ledger, OWN, ends[:1]) == []


@pytest.mark.parametrize("ask", ["by_rule", "by_stretch"])
def test_a_card_is_read_out_of_its_indexes(ledger: SqlLedger, ask: str) -> None:
    """No table is read through: neither all events nor all messages of the country."""
    asked: list[tuple[str, object]] = []
    sa.event.listen(ledger.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    if ask == "by_rule":
        sender_counts.by_rule(ledger, OWN, NOON, NOON + DAY)
    else:
        sender_counts.by_stretch(ledger, OWN, [NOON, NOON + DAY])
    postgresql = ledger.engine.dialect.name == "postgresql"
    with ledger.engine.connect() as connection:
        if postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # on tables this small it would be cheaper
        plans = [
            " / ".join(str(row) for row in connection.exec_driver_sql(f"{explain(postgresql)} {text}", values))  # type: ignore[arg-type]
            for text, values in asked
            if text.startswith("SELECT")
        ]
    assert any("event_of_message" in one for one in plans), plans
    assert ask == "by_rule" or any("message_of" in one for one in plans), plans
    assert not any("Seq Scan" in one or "SCAN event" in one or "SCAN message" in one for one in plans), plans


def explain(postgresql: bool) -> str:
    return "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
