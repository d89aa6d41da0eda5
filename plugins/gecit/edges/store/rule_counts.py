"""How many exams a rule keeps back and a window excuses, of those that a person reaches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from gecit.core.access import Reach
from gecit.core.verdict import Status

from .base import Transactions
from .schema import exam, exam_rule, exam_window


def count_failing(ledger: Transactions, reach: Reach) -> dict[str, dict[Status, int]]:
    """Return how many exams stand failed, or cannot be told, by rule."""
    columns = (exam_rule.c.rule, exam_rule.c.status)
    found: dict[str, dict[Status, int]] = {}
    for row in _counted(ledger, exam_rule, columns, reach):
        found.setdefault(row[0], {})[Status(row[1])] = row[2]
    return found


def count_excused(ledger: Transactions, reach: Reach) -> dict[str, int]:
    """Return how many exams each window excuses, by its id."""
    return {row[0]: row[1] for row in _counted(ledger, exam_window, (exam_window.c.window,), reach)}


def _counted(
    ledger: Transactions, table: sa.Table, columns: Iterable[sa.Column[Any]], reach: Reach
) -> list[tuple[Any, ...]]:
    columns = tuple(columns)
    if not reach:
        return []
    query = sa.select(*columns, sa.func.count()).select_from(table).group_by(*columns)
    if not reach.everything:
        query = query.where(_reached(table, reach))
    with ledger.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _reached(table: sa.Table, reach: Reach) -> sa.ColumnElement[bool]:
    ways: list[sa.ColumnElement[bool]] = []
    if own := [one for one in (reach.institution, *reach.granted) if one]:
        ways.append(table.c.institution.in_(own))
    if reach.patient:
        theirs = sa.select(exam.c.institution, exam.c.accession).where(exam.c.tckn == reach.patient)
        ways.append(sa.tuple_(table.c.institution, table.c.accession).in_(theirs))
    return sa.or_(*ways)
