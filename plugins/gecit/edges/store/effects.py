"""What an activation does to a ledger: how many exams it reaches, and what became of them. For who activates it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gecit.core.events import ExamJudged, NotificationQueued, Rejudged
from gecit.core.exam import Billing, Exam
from gecit.core.order import ExamKey
from gecit.core.values import to_json

from . import rows
from .ledger import SqlLedger
from .schema import event, exam

Stretch = tuple[datetime | None, datetime | None]


def count_reached(ledger: SqlLedger, stretches: Sequence[Stretch]) -> int:
    """Return how many judged exams are ordered in one of the stretches (half-open, None = without end)."""
    query = sa.select(sa.func.count()).select_from(exam).where(exam.c.outcome != "", sa.or_(*map(_inside, stretches)))
    return _scalar(ledger, query) if stretches else 0


def _inside(stretch: Stretch) -> sa.ColumnElement[bool]:
    start, until = stretch
    bounds = [exam.c.ordered_at >= start] if start else []
    bounds += [exam.c.ordered_at < until] if until else []
    return sa.and_(sa.true(), *bounds)


def first_and_last_order(ledger: SqlLedger) -> tuple[datetime | None, datetime | None]:
    """Return the order dates between which all exams lie; None where there is none."""
    with ledger.engine.connect() as connection:
        first, last = (connection.scalar(sa.select(of(exam.c.ordered_at))) for of in (sa.func.min, sa.func.max))
    return first, last


def newest_event(ledger: SqlLedger) -> int:
    """Return the number of the last event; 0 before the first."""
    return _scalar(ledger, sa.select(sa.func.max(event.c.id)))


def rejudged_since(ledger: SqlLedger, number: int, revision: str) -> Rejudged | None:
    """Return the event that all exams were judged anew by a revision, if it came after an event's number."""
    query = sa.select(event.c.data).where(event.c.id > number, event.c.kind == Rejudged.__name__)
    with ledger.engine.connect() as connection:
        found = [rows.read_event(one) for one in connection.scalars(query.order_by(event.c.id.desc()))]
    return next((one for one in found if isinstance(one, Rejudged) and one.revision == revision), None)


def submitted_since(ledger: SqlLedger, number: int, revision: str, limit: int) -> list[ExamKey]:
    """Return the exams that a revision's re-judging lets MEDULA be told of, after an event's number."""
    said = [
        to_json(one).decode().strip("{}") for one in ({"cause": f"rulebook {revision[:12]}"}, {"outcome": "submit"})
    ]
    judged = sa.and_(event.c.id > number, event.c.kind == ExamJudged.__name__)
    told = event.alias()
    queued = sa.exists().where(
        told.c.institution == event.c.institution,
        told.c.accession == event.c.accession,
        told.c.id > event.c.id,
        told.c.kind == NotificationQueued.__name__,
    )
    query = sa.select(event.c.data).where(judged, *(event.c.data.contains(one, autoescape=True) for one in said))
    query = query.where(queued)
    with ledger.engine.connect() as connection:
        found = [rows.read_event(one) for one in connection.scalars(query.order_by(event.c.id).limit(limit))]
    return [one.exam for one in found if isinstance(one, ExamJudged)]


def to_approve(ledger: SqlLedger, limit: int) -> list[Exam]:
    """Return exams whose notification is proposed to be taken back, which a person decides."""
    query = sa.select(exam.c.data).where(sa.text(f"billing = '{Billing.WITHDRAWAL_PROPOSED.value}'"))
    ordered = query.order_by(exam.c.changed_at.desc(), exam.c.institution, exam.c.accession).limit(limit)
    with ledger.engine.connect() as connection:
        return [rows.read_exam(one) for one in connection.scalars(ordered)]


def _scalar(ledger: SqlLedger, query: sa.Select[Any]) -> int:
    with ledger.engine.connect() as connection:
        return int(connection.scalar(query) or 0)
