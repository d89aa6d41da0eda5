"""What is asked of the ledger for each message, study and verdict: nothing that scans, nothing of other features."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.edges.store import SqlLedger, schema
from gecit.steps.judge_exam import judge_due
from tests.steps.test_find_hints import WITH_HINTS, flat
from tests.support.everything import fill
from tests.support.flow import START, arrive, incoming, order, report, send, study

LATER = START + timedelta(days=3)
SMALL = {"institution", "webhook", "rulebook"}
"""Read whole, and few for ever: institutions, subscriptions."""
ASIDE = {
    "disclosure", "share_link", "visit", "opening", "legal_hold", "retention_list", "retention_item", "review_round",
    "review_pick", "peer_review", "feedback", "consultation", "consultation_asked", "critical", "draft",
    "reporting_grant", "reader_group", "grant_paper", "report_template", "patient_request", "download", "audit",
}  # fmt: skip
"""Nothing of them is asked for a message, a study or a verdict, however many there are."""


@contextmanager
def asked(engine: sa.Engine) -> Iterator[dict[str, Any]]:
    """Yield each statement with what it was given first."""
    found: dict[str, Any] = {}

    def seen(_: object, __: object, statement: str, given: Any, ___: object, many: bool) -> None:
        found.setdefault(statement, given[0] if many else given)

    sa.event.listen(engine, "before_cursor_execute", seen)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", seen)


def messages(ledger: SqlLedger) -> None:
    for number in range(3):
        send(ledger, incoming(order(f"M{number}"), f"o{number}"))
        send(ledger, incoming(report(f"M{number}"), f"r{number}"))
    send(ledger, incoming(order("M1"), "o1"))  # sent again


def studies(ledger: SqlLedger) -> None:
    arrive(ledger, replace(flat("m1", accession="M1")))
    arrive(ledger, study("m7", "NONE"))


def verdicts(ledger: SqlLedger) -> None:
    messages(ledger)
    studies(ledger)
    ledger.write(lambda tx: judge_due(tx, WITH_HINTS, LATER, "Node"))


STEPS: dict[str, Callable[[SqlLedger], None]] = {"messages": messages, "studies": studies, "verdicts": verdicts}


@pytest.mark.parametrize("step", STEPS)
def test_nothing_scans_and_nothing_of_what_stands_aside_is_asked(ledger: SqlLedger, step: str) -> None:
    fill(ledger)
    with asked(ledger.engine) as statements:
        STEPS[step](ledger)
    reading = {one: given for one, given in statements.items() if not one.lstrip().upper().startswith("INSERT")}
    assert len(reading) >= 3
    for statement in statements:
        assert not ASIDE & set(re.findall(r"\w+", statement)), statement
    for statement, given in reading.items():
        assert scanned(ledger, statement, given) <= SMALL, statement


def scanned(ledger: SqlLedger, statement: str, given: Any) -> set[str]:
    """Return the tables that a statement reads from end to end, as the engine itself says."""
    with ledger.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")  # a table this small would be read whole
            if not re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)", statement, re.IGNORECASE):
                return set()
            plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", given))
            return set(re.findall(r"Seq Scan on (\w+)", plan))
        if statement.startswith(("PRAGMA", "BEGIN")):
            return set()
        plan = "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given))
        return set(re.findall(r"SCAN (\w+)", plan)) & set(schema.metadata.tables)
