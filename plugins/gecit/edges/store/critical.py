"""The list of critical findings, folded from the exams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gecit.core.critical import Line, State
from gecit.core.order import ExamKey
from gecit.ports.critical import CriticalSearch

from .schema import critical
from .sql import upsert

if TYPE_CHECKING:
    from .exams import Change


def write_critical(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the rows of exams whose critical finding changed; there is none that goes away."""
    found = [one.after for one in changes if one.after.critical != (one.before.critical if one.before else None)]
    rows = [
        {
            "institution": one.key.institution,
            "accession": one.key.accession,
            "state": one.critical.state.value,
            "author": one.critical.by,
            "marked_at": one.critical.at,
        }
        for one in found
        if one.critical
    ]
    upsert(connection, critical, rows)


def critical_lines(connection: sa.Connection, search: CriticalSearch) -> list[Line]:
    """Return who waits longest first."""
    narrowed: list[sa.ColumnElement[bool]] = [critical.c.state.in_([one.value for one in search.states])]
    if search.institutions is not None:
        narrowed.append(critical.c.institution.in_(search.institutions))
    if search.author:
        narrowed.append(critical.c.author == search.author)
    at = critical.c.marked_at.desc() if search.newest_first else critical.c.marked_at
    order = (at, critical.c.institution, critical.c.accession)
    found = connection.execute(sa.select(critical).where(*narrowed).order_by(*order).limit(search.limit))
    return [
        Line(
            key=ExamKey(institution=row.institution, accession=row.accession),
            state=State(row.state),
            author=row.author,
            marked_at=row.marked_at,
        )
        for row in found
    ]
