"""Duplicate queries on a big ledger beside a small one: what a hospital waits for while a doctor orders."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from gecit.core.duplicate_question import Question
from gecit.edges.store import SqlLedger
from gecit.edges.system_clock import SystemClock
from gecit.steps.duplicates import DuplicateDesk

from .figures import Figure, Goal, compare

QUERIES = 200
PHYSICIAN = "10000080100"
GOAL = Goal(most=1.5)


def figures(big: SqlLedger, small: SqlLedger, rounds: int, exams: int) -> Iterator[Figure]:
    """Ask both in turns, `QUERIES` in a round; the 95th percentile of the big one over that of the small one.

    Each query is kept, as always: one durable transaction is part of it.
    """
    desks = [DuplicateDesk(one, SystemClock()) for one in (big, small)]
    asked = [_questions(one) for one in (big, small)]
    found = []
    for number in range(max(rounds, 1)):
        ours, first, second = (
            _p95(desks[which], asked[which], seed) for which, seed in ((0, number), (1, number), (1, number + 1000))
        )
        found.append((ours, first, second))
    yield compare("duplicates", f"{exams}", "query-p95", "ms", found, [0.0], GOAL, "a ledger of 10,000 exams")


def _questions(ledger: SqlLedger) -> list[Question]:
    """Questions about patients that the ledger knows, spread over it."""
    query = """
        SELECT p.tckn, p.sut, json_extract(i.data, '$.medula_code') AS medula
        FROM procedure p JOIN institution i ON i.skrs = p.institution
        WHERE p.rowid % (SELECT max(1, max(rowid) / 2000) FROM procedure) = 0 AND p.tckn <> ''
    """
    with ledger.engine.connect() as connection:
        return [
            Question(medula_code=row.medula, tckn=row.tckn, suts=(row.sut,), physician=PHYSICIAN)
            for row in connection.execute(sa.text(query))
        ]


def _p95(desk: DuplicateDesk, questions: Sequence[Question], seed: int) -> float:
    """Milliseconds."""
    draw, taken = random.Random(seed), []  # noqa: S311 -- repeatable on purpose
    for question in draw.choices(questions, k=QUERIES):
        start = time.perf_counter()
        desk.previous_studies(question)
        taken.append(1000 * (time.perf_counter() - start))
    return sorted(taken)[int(0.95 * len(taken))]
