"""What every statement on the ledger shares: upserts, and pages of keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gecit.core.order import ExamKey

PAGE = 200
"""Keys asked for in one statement: below every engine's limit of bound values."""


def upsert(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    """Insert rows or replace them, by primary key."""
    if not values:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in values[0] if name not in keys}
    if rest:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=keys), values)


def pages(keys: Sequence[ExamKey]) -> Iterable[Sequence[ExamKey]]:
    """Cut keys into what one statement may ask for."""
    return (keys[start : start + PAGE] for start in range(0, len(keys), PAGE))


def of_exams(table: sa.Table, keys: Sequence[ExamKey]) -> sa.ColumnElement[bool]:
    """Say that a row is of one of the exams.

    Institution by institution: SQLite takes no index for a list of pairs and would read the whole table.
    """
    ordered = groupby(sorted(keys), key=lambda key: key.institution)
    return sa.or_(
        sa.false(),
        *(
            sa.and_(table.c.institution == institution, table.c.accession.in_([key.accession for key in group]))
            for institution, group in ordered
        ),
    )
