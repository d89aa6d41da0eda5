"""What pages and statistics ask of quality: exams with hints or low ratings, as far as a person reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from gecit.core.access import Reach
from gecit.core.order import ExamKey
from gecit.core.quality import LOW, Hint, QualityLine, QualitySearch, Rating
from gecit.core.report import RatingKind
from gecit.core.search import Place

from .base import Transactions
from .schema import exam, exam_device, hint, rating
from .sql import of_exams, pages

_ratings: msgspec.json.Decoder[Rating] = msgspec.json.Decoder(Rating)
_hints: msgspec.json.Decoder[Hint] = msgspec.json.Decoder(Hint)


class Qualified(Transactions):
    """Implements `ports.quality.Quality`."""

    def quality_lines(
        self, reach: Reach, search: QualitySearch, limit: int, after: Place | None = None
    ) -> list[QualityLine]:
        """Return exams that have a hint or a low rating, the newest order first, from after a place on."""
        with self._reading() as connection:
            found = connection.execute(_lines(reach, search, after).limit(limit)).all()
            keys = [ExamKey(institution=row.institution, accession=row.accession) for row in found]
            ratings, hints = _beside(connection, rating, _ratings, keys), _beside(connection, hint, _hints, keys)
        return [
            QualityLine(
                exam=key,
                listed_at=row.listed_at,
                modality=row.modality,
                hints=tuple(hints[key]),
                ratings=tuple(ratings[key]),
            )
            for key, row in zip(keys, found, strict=True)
        ]


def _beside(
    connection: sa.Connection, table: sa.Table, decoder: msgspec.json.Decoder[Any], keys: Sequence[ExamKey]
) -> defaultdict[ExamKey, list[Any]]:
    found: defaultdict[ExamKey, list[Any]] = defaultdict(list)
    query = sa.select(table.c.institution, table.c.accession, table.c.data).where(of_exams(table))
    for page in pages(keys):
        for row in connection.execute(query.order_by(*table.primary_key), page):
            found[ExamKey(institution=row.institution, accession=row.accession)].append(decoder.decode(row.data))
    return found


def _lines(reach: Reach, search: QualitySearch, after: Place | None) -> sa.Select[Any]:
    """Select key, place and modality of the exams, each once: a union of those with hints and those rated low."""
    parts = []
    if search.kind not in set(RatingKind):
        parts.append(_part(hint, reach, search, after, *([hint.c.code == search.kind] if search.kind else [])))
    if search.kind in {"", *RatingKind}:
        low = [rating.c.score <= sa.literal_column(str(LOW))]  # as the partial index says it, else it is not taken
        parts.append(
            _part(rating, reach, search, after, *low, *([rating.c.kind == search.kind] if search.kind else []))
        )
    named = sa.union(*parts).subquery()
    return sa.select(named).order_by(named.c.listed_at.desc(), named.c.institution.desc(), named.c.accession.desc())


def _part(
    table: sa.Table, reach: Reach, search: QualitySearch, after: Place | None, *where: sa.ColumnElement[bool]
) -> sa.Select[Any]:
    columns = (table.c.listed_at, table.c.institution, table.c.accession, table.c.modality)
    query = sa.select(*columns).distinct().where(*where, *_reached(reach, table))
    for column, value in ((table.c.institution, search.institution), (table.c.modality, search.modality)):
        query = query.where(column == value) if value else query
    if search.since:
        query = query.where(table.c.listed_at >= search.since)
    if search.until:
        query = query.where(table.c.listed_at < search.until)
    if search.device:
        query = query.where(sa.exists().where(_of(exam_device, table), exam_device.c.device == search.device))
    if after is not None:
        values = zip((after.listed_at, after.institution, after.accession), columns, strict=False)
        there = sa.tuple_(*(sa.literal(one, column.type) for one, column in values))
        query = query.where(sa.tuple_(*columns[:3]) < there)
    return query


def _reached(reach: Reach, table: sa.Table) -> list[sa.ColumnElement[bool]]:
    if reach.everything:
        return []
    mine = [one for one in (reach.institution, *reach.granted) if one]
    ways: list[sa.ColumnElement[bool]] = [table.c.institution.in_(mine)] if mine else []
    if reach.patient:
        ways.append(sa.exists().where(_of(exam, table), exam.c.tckn == reach.patient))
    return [sa.or_(sa.false(), *ways)]


def _of(one: sa.Table, other: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(one.c.institution == other.c.institution, one.c.accession == other.c.accession)
