"""Rows of consultations, folded with their exams, and what a transaction looks for in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from gecit.core.consultation import OPEN, OVER, WAITS, Consultation, State, waits_for
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.values import to_json
from gecit.ports.consultations import Found

from .schema import consultation, consultation_asked
from .sql import upsert

if TYPE_CHECKING:
    from .exams import Change

_OVER = [one.value for one in sorted(OVER)]
_OPEN = [one.value for one in sorted(OPEN)]
_WAITS = [one.value for one in sorted(WAITS)]


def write_consultations(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write those of exams that changed; none is ever taken away."""
    made = [
        (one.after.key, each) for one in changes for each in one.after.consultations if each not in _before(one.before)
    ]
    upsert(connection, consultation, [consultation_row(key, one) for key, one in made])
    upsert(connection, consultation_asked, [row for _, one in made for row in _asked_rows(one)])


def _before(exam: Exam | None) -> Sequence[Consultation]:
    return exam.consultations if exam else ()


def consultation_row(key: ExamKey, one: Consultation) -> dict[str, Any]:
    """Return the row of a consultation."""
    return {
        "id": one.id,
        "institution": key.institution,
        "accession": key.accession,
        "asker": one.asker,
        "state": one.state.value,
        "until": one.until,
        "data": to_json(one).decode(),
    }


def _asked_rows(one: Consultation) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "account": each.account, "waits": waits_for(one, each.account), "until": one.until}
        for each in one.asked
    ]


class Consulted:
    """Implements `ports.consultations.ConsultationsSought` on one connection."""

    _connection: sa.Connection

    def flush(self) -> None:
        """Write what was appended."""
        raise NotImplementedError

    def exam(self, key: ExamKey) -> Exam | None:
        """Return the exam as it stands."""
        raise NotImplementedError

    def consultation(self, number: str) -> Found | None:
        """Return a consultation by its id, with its exam."""
        self.flush()
        query = sa.select(consultation.c.institution, consultation.c.accession).where(consultation.c.id == number)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        key = ExamKey(institution=row.institution, accession=row.accession)
        exam = self.exam(key)  # locked from here on: what stood in the row may be old
        return next(((key, one) for one in exam.consultations if one.id == number), None) if exam else None

    def consultations_asked_of(self, account: str, limit: int) -> list[Found]:
        """Return what an account is or was asked: what waits for it first, the earliest deadline first."""
        mine = consultation_asked.c.account == account
        query = _ALL.join(consultation_asked, consultation_asked.c.id == consultation.c.id).where(mine)
        order = (consultation_asked.c.waits.desc(), _late_first(consultation_asked.c.waits))
        return self._found(query.order_by(*order, consultation.c.id).limit(limit))

    def consultations_asked_by(self, account: str, limit: int) -> list[Found]:
        """Return what an account asked: what is not over first, the earliest deadline first."""
        going_on = consultation.c.state.not_in(_OVER)
        query = _ALL.where(consultation.c.asker == account)
        return self._found(query.order_by(going_on.desc(), _late_first(going_on), consultation.c.id).limit(limit))

    def consultations_open(self, limit: int) -> list[Found]:
        """Return what is not over and not expired, the earliest deadline first."""
        query = _ALL.where(consultation.c.state.in_(_OPEN))
        return self._found(query.order_by(consultation.c.until, consultation.c.id).limit(limit))

    def consultations_waiting(self, account: str) -> int:
        """Count what waits for an answer of an account."""
        mine = sa.and_(consultation_asked.c.account == account, consultation_asked.c.waits)
        return self._count(sa.select(sa.func.count()).select_from(consultation_asked).where(mine))

    def consultations_overdue(self, now: datetime, asker: str = "") -> int:
        """Count what nobody answered in time and its asker has not dealt with."""
        late = sa.and_(consultation.c.state.in_(_WAITS), consultation.c.until <= now)
        query = sa.select(sa.func.count()).select_from(consultation)
        query = query.where(sa.or_(late, consultation.c.state == State.EXPIRED.value))
        return self._count(query.where(consultation.c.asker == asker) if asker else query)

    def _found(self, query: sa.Select[Any]) -> list[Found]:
        self.flush()
        return [
            (
                ExamKey(institution=row.institution, accession=row.accession),
                msgspec.json.decode(row.data, type=Consultation),
            )
            for row in self._connection.execute(query)
        ]

    def _count(self, query: sa.Select[Any]) -> int:
        self.flush()
        return self._connection.scalar(query) or 0


_ALL = sa.select(consultation.c.institution, consultation.c.accession, consultation.c.data)


def _late_first(waits: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    """What waits by its deadline, the earliest first; what is over stands behind it."""
    return sa.case((waits, consultation.c.until), else_=None)
