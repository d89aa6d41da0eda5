"""What a transaction keeps of quality: ratings and hints, one row each, with the exam's own events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gecit.core.exam import Exam
from gecit.core.listing import listed_at
from gecit.core.ratings import ratings_of
from gecit.core.values import to_json

from .schema import hint, rating
from .sql import of_exams, pages, upsert

if TYPE_CHECKING:
    from .exams import Change

_DELETE = {table.name: sa.delete(table).where(of_exams(table)) for table in (rating, hint)}


def write_quality(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the ratings and hints of exams that changed; a verdict alone moves neither."""
    moved = [one for one in changes if not _same(one.before, one.after)]
    for table, make in ((rating, rating_rows), (hint, hint_rows)):
        made = [(one.after.key, make(one.before) if one.before else [], make(one.after)) for one in moved]
        changed = [one for one in made if one[1] != one[2]]
        for page in pages(key for key, before, _ in changed if before):
            connection.execute(_DELETE[table.name], page)
        upsert(connection, table, [row for _, _, after in changed for row in after])


def _same(before: Exam | None, after: Exam) -> bool:
    return (
        before is not None
        and before.rated is after.rated
        and before.hints is after.hints
        and before.reports is after.reports
        and before.order is after.order
        and before.studies is after.studies
        and before.order_received_at == after.order_received_at
    )


def rating_rows(one: Exam) -> list[dict[str, Any]]:
    """Return the rows of an exam's ratings."""
    return [
        {
            **_common(one),
            "kind": said.kind.value,
            "source": said.source.value,
            "rater": said.rater,
            "score": said.score,
            "at": said.at,
            "data": to_json(said).decode(),
        }
        for said in ratings_of(one)
    ]


def hint_rows(one: Exam) -> list[dict[str, Any]]:
    """Return the rows of an exam's hints."""
    return [
        {**_common(one), "number": number, "code": said.code, "data": to_json(said).decode()}
        for number, said in enumerate(one.hints, start=1)
    ]


def _common(one: Exam) -> dict[str, Any]:
    key = {"institution": one.key.institution, "accession": one.key.accession}
    return {**key, "modality": one.modality, "listed_at": listed_at(one)}
