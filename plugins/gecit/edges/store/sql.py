"""What every statement on the ledger shares: upserts, and pages of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gecit.core.order import ExamKey

PAGE = 200
"""Keys asked for in one statement: below every engine's limit of bound values."""


def upsert(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    """Insert rows or replace them, by primary key."""
    if values:
        connection.execute(_upsert(table, connection.dialect.name == "postgresql", tuple(values[0])), values)


@cache
def _upsert(table: sa.Table, postgres: bool, names: tuple[str, ...]) -> sa.Insert:
    """Make the statement; making it anew costs more than a row does."""
    statement: Any = (postgresql if postgres else sqlite).insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    made: sa.Insert = (
        statement.on_conflict_do_update(index_elements=keys, set_=rest)
        if rest
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    return made


def pages(keys: Iterable[ExamKey]) -> Iterator[dict[str, Any]]:
    """Cut keys into the values of `of_exams`, one institution at a time.

    SQLite takes no index for a list of pairs and would read the whole table.
    """
    for institution, group in groupby(sorted(keys), key=lambda key: key.institution):
        numbers = [key.accession for key in group]
        for start in range(0, len(numbers), PAGE):
            yield {"of_institution": institution, "of_accessions": numbers[start : start + PAGE]}


def of_exams(table: sa.Table) -> sa.ColumnElement[bool]:
    """Say that a row is of one of the exams of a page."""
    wanted: sa.BindParameter[Any] = sa.bindparam("of_accessions", expanding=True)
    return sa.and_(table.c.institution == sa.bindparam("of_institution"), table.c.accession.in_(wanted))


def among(column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a text is one of some, however many: beyond a page they are one bound value."""
    if len(values) <= PAGE:
        return column.in_(values)
    listed = _Listed(sa.literal(msgspec.json.encode(list(values)).decode()))
    return column.op("IN", is_comparison=True, return_type=sa.Boolean())(listed)


def one_of(table: sa.FromClause, keys: Sequence[ExamKey]) -> list[sa.ColumnElement[bool]]:
    """Say that a row is of one of some exams, in conditions of which one has to hold."""
    if len(keys) > PAGE:
        named = table.c.institution + SEPARATOR + table.c.accession
        # The accession numbers by themselves too: by them an index is taken.
        numbers = among(table.c.accession, sorted({one.accession for one in keys}))
        return [sa.and_(numbers, among(named, [f"{one.institution}{SEPARATOR}{one.accession}" for one in keys]))]
    return [
        sa.and_(table.c.institution == page["of_institution"], table.c.accession.in_(page["of_accessions"]))
        for page in pages(keys)
    ]


SEPARATOR = "\x1f"  # stands in no code and no accession number


class _Listed(FunctionElement[Any]):
    """The texts of a JSON array as rows."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _on_sqlite(element: _Listed, compiler: SQLCompiler, **more: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **more)}))"  # noqa: S608 -- a bound value


@compiles(_Listed, "postgresql")
def _on_postgresql(element: _Listed, compiler: SQLCompiler, **more: Any) -> str:
    return f"(SELECT json_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS json)))"
