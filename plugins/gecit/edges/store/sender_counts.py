"""What a sender's conformance card counts of its messages: how many are about exams that a rule keeps back, and when.

A message is about the exam of the event that it became. One that was refused before it was understood became none; a
repetition of what stands already became none either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import sqlalchemy as sa

from gecit.core.values import Value

from .base import Transactions
from .schema import OF_MESSAGE, event, exam_rule, message


class Stretch(Value):
    """A sender's messages from an instant (inclusive) to another (exclusive)."""

    since: datetime
    until: datetime
    messages: int
    refused: int  # answered AE or AR
    failing: int  # about an exam that at least one rule keeps back


def by_rule(ledger: Transactions, institution: str, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many messages of a sender (SKRS code) are about exams that each rule keeps back now."""
    query = (
        sa.select(exam_rule.c.rule, sa.func.count())
        .select_from(event.join(exam_rule, _same()))
        .where(*_sent(institution, since, until))
        .group_by(exam_rule.c.rule)
    )
    with ledger.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def by_stretch(ledger: Transactions, institution: str, ends: Sequence[datetime]) -> list[Stretch]:
    """Return a sender's messages in the stretches between instants that follow each other."""
    with ledger.engine.connect() as connection:
        return [_stretch(connection, institution, since, until) for since, until in pairwise(ends)]


def _stretch(connection: sa.Connection, institution: str, since: datetime, until: datetime) -> Stretch:
    mine = (message.c.institution == institution, message.c.received_at >= since, message.c.received_at < until)
    answered = sa.select(message.c.answer_code, sa.func.count()).where(*mine).group_by(message.c.answer_code)
    codes = {row[0]: row[1] for row in connection.execute(answered)}
    held = sa.exists().where(_same())
    failing = sa.select(sa.func.count()).select_from(event).where(*_sent(institution, since, until), held)
    return Stretch(
        since=since,
        until=until,
        messages=sum(codes.values()),
        refused=sum(count for code, count in codes.items() if code != "AA"),
        failing=connection.scalar(failing) or 0,
    )


def _sent(institution: str, since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    # Said as the partial index says it, else it is not taken.
    return (sa.text(OF_MESSAGE), event.c.institution == institution, event.c.at >= since, event.c.at < until)


def _same() -> sa.ColumnElement[bool]:
    return sa.and_(exam_rule.c.institution == event.c.institution, exam_rule.c.accession == event.c.accession)
