"""The list of exams: a page of what a person reaches and searches, newest order first, at any size of the ledger.

A page goes on from a place, never from a number of rows. Each query starts from what narrows most and reads keys out of
one index; only the page's own exams are read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.search import UNJUDGED, ExamSearch, Place
from gecit.core.values import Value

from . import rows
from .base import Transactions
from .schema import exam, exam_device, exam_rule, link, outbox, study
from .sql import among, of_exams, one_of, pages

EXPORT_PAGE = 500
MOST_PARKED = 5_000
"""Of so many parked deliveries the list by parked ones is made; more are retried by `gecit outbox retry --code`."""

COMMON = ("submit",)  # outcomes that are in no partial index: nearly every exam has them
TOLD = ("untold", "told")


class Found(Value):
    """A page of the list; `older` and `newer` say from where the next and the one before go on, None = that is all."""

    exams: tuple[Exam, ...]
    older: Place | None = None
    newer: Place | None = None


class Searching(Transactions):
    """Implements `ports.Search`."""

    def search_exams(
        self, search: ExamSearch, limit: int, *, after: Place | None = None, before: Place | None = None
    ) -> Found:
        """Return the exams that come after a place, or those right before it; by default the newest."""
        backwards = before is not None
        query = keys_of(search, before or after, backwards=backwards).limit(limit + 1)
        with self._reading() as connection:
            keys = [tuple(row) for row in connection.execute(query)]
            more, keys = len(keys) > limit, keys[:limit]
            keys = keys[::-1] if backwards else keys
            exams = _read(connection, [ExamKey(institution=one[1], accession=one[2]) for one in keys])
        places = [Place(listed_at=one[0], institution=one[1], accession=one[2]) for one in keys]
        if not places:
            return Found(exams=())
        goes_on = backwards or more
        comes_from = (backwards and more) or (not backwards and after is not None)
        return Found(exams=exams, older=places[-1] if goes_on else None, newer=places[0] if comes_from else None)

    def count_exams(self, search: ExamSearch) -> int:
        """Return how many exams a search has; reads an index from end to end."""
        with self._reading() as connection:
            wanted = keys_of(search, None).order_by(None).subquery()
            return int(connection.scalar(sa.select(sa.func.count()).select_from(wanted)) or 0)

    def all_exams(self, search: ExamSearch) -> Iterator[Exam]:
        """Yield all exams of a search, newest order first, page by page: no reader is open between two of them."""
        place: Place | None = None
        while True:
            found = self.search_exams(search, EXPORT_PAGE, after=place)
            yield from found.exams
            if found.older is None:
                return
            place = found.older

    def exam_of(self, key: ExamKey) -> Exam | None:
        """Return one exam as it stands."""
        with self._reading() as connection:
            return next(iter(_read(connection, [key])), None)


def _read(connection: sa.Connection, keys: Sequence[ExamKey]) -> tuple[Exam, ...]:
    """Read exams in the order of their keys; one that is gone meanwhile is left out."""
    found: dict[ExamKey, Exam] = {}
    for page in pages(keys):
        for data in connection.scalars(sa.select(exam.c.data).where(of_exams(exam)), page):
            one = rows.read_exam(data)
            found[one.key] = one
    return tuple(found[key] for key in keys if key in found)


def keys_of(search: ExamSearch, place: Place | None, *, backwards: bool = False) -> sa.Select[Any]:
    """Select place and key of the exams of a search, in the order of the list or against it."""
    table = _start(search)
    order = (table.c.listed_at, table.c.institution, table.c.accession)
    query = sa.select(*order).select_from(table)
    if table is not exam:
        query = query.join(exam, _same(table, exam))
        named, value = (table.c.rule, search.rule) if table is exam_rule else (table.c.device, search.device)
        query = query.where(named == value)
    query = query.where(*_reached(search, table), *_asked(search), *_elsewhere(search, table), *_stretch(search, table))
    if place is not None:
        query = query.where(_beyond(order, place, backwards=backwards))
    return query.order_by(*(one.asc() if backwards else one.desc() for one in order))


def _few(search: ExamSearch) -> bool:
    """Whether the search names something that only a handful of exams have."""
    return bool(search.tckn or search.accession or search.study_uid or search.parked)


def _start(search: ExamSearch) -> sa.Table:
    """Where to start from: few exams fail a rule, and a device made few of them."""
    if search.rule and not _few(search):
        return exam_rule
    return exam_device if search.device and not _few(search) else exam


def _of(search: ExamSearch, table: sa.Table) -> sa.ColumnElement[str]:
    """The institution to narrow by; of a handful of exams it must not be what SQLite starts from."""
    column: sa.ColumnElement[str] = table.c.institution
    return sa.func.coalesce(column, "") if _few(search) else column


def _reached(search: ExamSearch, table: sa.Table) -> list[sa.ColumnElement[bool]]:
    reach = search.reach
    institution = [_of(search, table) == search.institution] if search.institution else []
    if reach.everything:
        return institution
    ways = []
    if reach.institution:
        ways.append(_of(search, table) == reach.institution)
    if reach.granted:
        ways.append(_of(search, table).in_(reach.granted))
    if reach.patients:
        ways.append(among(exam.c.tckn, reach.patients))
    ways += one_of(table, reach.disclosed)
    mine = sa.or_(*ways) if len(ways) > 1 else ways[0] if ways else sa.false()
    return [mine, *institution]


def _asked(search: ExamSearch) -> Iterator[sa.ColumnElement[bool]]:
    for column, value in (
        (exam.c.modality, search.modality),
        (exam.c.tckn, search.tckn),
        (exam.c.accession, search.accession),
    ):
        if value:
            yield column == value
    if search.outcome:
        outcome = "" if search.outcome == UNJUDGED else search.outcome
        yield exam.c.outcome == outcome
        if outcome not in COMMON:  # said as the partial index says it, else it is not taken
            yield sa.text("exam.outcome <> 'submit'")  # type: ignore[misc]
    if search.billing:
        yield exam.c.billing == search.billing
        if search.billing not in TOLD:
            yield sa.text("exam.billing NOT IN ('untold', 'told')")  # type: ignore[misc]


def _elsewhere(search: ExamSearch, start: sa.Table) -> Iterator[sa.ColumnElement[bool]]:
    """What other tables say of the exam."""
    if search.rule and start is not exam_rule:
        yield sa.exists().where(_same(exam_rule, exam), exam_rule.c.rule == search.rule)
    if search.device and start is not exam_device:
        yield sa.exists().where(_same(exam_device, exam), exam_device.c.device == search.device)
    if search.study_uid:
        linked = study.join(link, sa.and_(link.c.node == study.c.node, link.c.orthanc_id == study.c.orthanc_id))
        named = sa.select(link.c.institution, link.c.accession).select_from(linked)
        found = named.where(study.c.study_instance_uid == search.study_uid).subquery()
        yield exam.c.accession.in_(sa.select(found.c.accession))
        yield sa.exists().where(_same(found, exam))
    if search.parked:
        parked = sa.select(outbox.c.accession).where(sa.text("state = 'parked'")).limit(MOST_PARKED)
        yield exam.c.accession.in_(parked)
        yield sa.exists().where(_same(outbox, exam), outbox.c.state == "parked")


def _stretch(search: ExamSearch, table: sa.Table) -> Iterator[sa.ColumnElement[bool]]:
    if search.since:
        yield table.c.listed_at >= search.since
    if search.until:
        yield table.c.listed_at < search.until


def _beyond(order: Sequence[sa.Column[Any]], place: Place, *, backwards: bool) -> sa.ColumnElement[bool]:
    values = (place.listed_at, place.institution, place.accession)
    there = sa.tuple_(*(sa.literal(one, column.type) for one, column in zip(values, order, strict=True)))
    here = sa.tuple_(*order)
    return here > there if backwards else here < there


def _same(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(one.c.institution == other.c.institution, one.c.accession == other.c.accession)
