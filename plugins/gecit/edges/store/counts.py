"""What the day page counts: exams by verdict, rule, modality and hour; what waits; devices; senders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gecit.core.access import Reach
from gecit.core.values import Value, local

from .base import Transactions
from .schema import exam, exam_device, exam_rule, message, outbox

REFUSED_READ = 2_000
"""So many of the newest refused messages of a sender are read for why they were refused."""


class DayCounts(Value):
    """The exams of a day; keys are the values of the columns, hours those of Europe/Istanbul."""

    outcome: dict[str, int]
    billing: dict[str, int]
    rule: dict[str, int]
    modality: dict[str, int]
    hour: dict[int, int]


class Waiting(Value):
    """What waits for a rule: how many exams, the longest waiting one, and the mean of when they were ordered."""

    rule: str
    of: str  # device or institution; empty = all
    count: int
    oldest: datetime
    mean: datetime


class DeviceCount(Value):
    """A device, how many exams have pictures of it, and when the last one was ordered."""

    device: str
    modality: str
    label: str
    institution: str
    exams: int
    last_at: datetime


class SenderCounts(Value):
    """Messages and exams of an institution in a stretch of time."""

    institution: str
    answers: dict[str, int]  # AA, AE, AR -> messages
    exams: int
    rules: dict[str, int]  # rule -> exams that it keeps back


class QueueState(Value):
    """Deliveries of one destination in one state."""

    destination: str
    state: str
    count: int
    oldest: datetime | None


class Counting(Transactions):
    """Counts in the folded tables, narrowed to what a person reaches."""

    def count_day(self, reach: Reach, since: datetime, until: datetime) -> DayCounts:
        """Count the exams ordered in a stretch of time."""
        inside = (exam.c.listed_at >= since, exam.c.listed_at < until, _mine(reach, exam))
        columns = (exam.c.outcome, exam.c.billing, exam.c.modality, exam.c.listed_at)
        totals: tuple[Counter[str], Counter[str], Counter[str]] = Counter(), Counter(), Counter()
        hours: Counter[int] = Counter()
        with self._reading() as connection:
            for *values, at in connection.execute(sa.select(*columns).where(*inside)):
                for total, value in zip(totals, values, strict=True):
                    total[value] += 1
                hours[local(at).hour] += 1
            kept = sa.select(exam_rule.c.rule, sa.func.count()).join(exam, _same(exam_rule)).group_by(exam_rule.c.rule)
            rules = {row[0]: row[1] for row in connection.execute(kept.where(*inside))}
        outcome, billing, modality = (dict(one) for one in totals)
        return DayCounts(outcome=outcome, billing=billing, modality=modality, rule=rules, hour=dict(hours))

    def waiting(self, reach: Reach, since: datetime, by: str) -> list[Waiting]:
        """Return what exams ordered since an instant wait for, `by` `device`, `institution` or `` (all together)."""
        of: sa.ColumnElement[str] = {"device": exam_device.c.device, "institution": exam_rule.c.institution}.get(
            by, sa.literal("")
        )
        query = sa.select(exam_rule.c.rule, of.label("of"), exam_rule.c.listed_at).join(exam, _same(exam_rule))
        if by == "device":
            mine = sa.and_(
                exam_device.c.institution == exam_rule.c.institution, exam_device.c.accession == exam_rule.c.accession
            )
            query = query.join(exam_device, mine)
        waits = (exam_rule.c.listed_at >= since, exam.c.outcome != "submit", _mine(reach, exam))
        found: dict[tuple[str, str], list[datetime]] = {}
        with self._reading() as connection:
            for rule, who, at in connection.execute(query.where(*waits)):
                found.setdefault((rule, who), []).append(at)
        made = [
            Waiting(rule=rule, of=who, count=len(all_of), oldest=min(all_of), mean=_mean(all_of))
            for (rule, who), all_of in found.items()
        ]
        return sorted(made, key=lambda one: (-one.count, one.rule, one.of))

    def silent_devices(self, reach: Reach, since: datetime, modalities: Sequence[str]) -> list[DeviceCount]:
        """Return the devices of some modalities that made pictures since an instant, and never a dose report."""
        device, other = exam_device.c, exam_device.alias().c
        dosed = sa.exists().where(
            other.device == device.device,
            other.institution == device.institution,
            other.listed_at >= since,
            other.dose,
        )
        last = sa.func.max(device.listed_at, type_=device.listed_at.type)
        named = (device.device, device.modality, device.institution)
        found = (
            sa.select(*named, sa.func.count().label("exams"), last.label("last_at"))
            .where(sa.text("NOT dose"), device.modality.in_(modalities), device.listed_at >= since)
            .group_by(*named)
        )
        found = _only(found, device.institution, reach)
        with self._reading() as connection:
            silent = connection.execute(found.having(sa.not_(dosed)).order_by(device.institution, device.device)).all()
            return [DeviceCount(**row._mapping, label=_label(connection, row)) for row in silent]

    def senders(self, reach: Reach, since: datetime, until: datetime) -> list[SenderCounts]:
        """Count each institution's messages and exams of a stretch of time."""
        sent = _grouped(message.c.institution, message.c.answer_code, message.c.received_at, since, until)
        made = _grouped(exam.c.institution, None, exam.c.listed_at, since, until)
        kept = _grouped(exam_rule.c.institution, exam_rule.c.rule, exam_rule.c.listed_at, since, until)
        answers: dict[str, dict[str, int]] = {}
        rules: dict[str, dict[str, int]] = {}
        with self._reading() as connection:
            exams = {row[0]: row[1] for row in connection.execute(_only(made, exam.c.institution, reach))}
            for into, query, column in (
                (answers, sent, message.c.institution),
                (rules, kept, exam_rule.c.institution),
            ):
                for institution, value, count in connection.execute(_only(query, column, reach)):
                    into.setdefault(institution, {})[value] = count
        return [
            SenderCounts(
                institution=one, answers=answers.get(one, {}), exams=exams.get(one, 0), rules=rules.get(one, {})
            )
            for one in sorted(answers.keys() | exams.keys())
            if one
        ]

    def last_accepted(self, institution: str) -> datetime | None:
        """Return when an institution's last message was accepted."""
        mine = sa.and_(message.c.institution == institution, message.c.answer_code == "AA")
        query = sa.select(message.c.received_at).where(mine).order_by(message.c.received_at.desc()).limit(1)
        with self._reading() as connection:
            return connection.scalar(query)

    def refusals(self, institution: str, since: datetime, until: datetime) -> list[bytes]:
        """Return the answers to an institution's newest refused messages of a stretch of time."""
        mine = sa.and_(
            message.c.institution == institution,
            message.c.received_at >= since,
            message.c.received_at < until,
            message.c.answer_code.in_(("AE", "AR")),
        )
        query = sa.select(message.c.answer).where(mine).order_by(message.c.received_at.desc()).limit(REFUSED_READ)
        with self._reading() as connection:
            return [bytes(one) for one in connection.scalars(query)]

    def queues(self) -> list[QueueState]:
        """Return what stands in the outbox and is not done, by destination and state."""
        open_ = outbox.c.state.in_(("queued", "leased", "unknown", "parked"))
        oldest = sa.func.min(outbox.c.created_at, type_=outbox.c.created_at.type)
        grouped = (outbox.c.destination, outbox.c.state)
        query = sa.select(*grouped, sa.func.count().label("count"), oldest.label("oldest")).where(open_)
        with self._reading() as connection:
            found = connection.execute(query.group_by(*grouped).order_by(*grouped))
            return [QueueState(**row._mapping) for row in found]


def _label(connection: sa.Connection, row: sa.Row[Any]) -> str:
    mine = (exam_device.c.device == row.device, exam_device.c.institution == row.institution)
    return connection.scalar(sa.select(exam_device.c.label).where(*mine).limit(1)) or ""


def _mean(instants: list[datetime]) -> datetime:
    first = min(instants)
    return first + sum((one - first for one in instants), timedelta()) / len(instants)


def _grouped(
    of: sa.Column[str], by: sa.Column[str] | None, at: sa.Column[Any], since: datetime, until: datetime
) -> sa.Select[Any]:
    columns = (of,) if by is None else (of, by)
    return sa.select(*columns, sa.func.count()).where(at >= since, at < until).group_by(*columns)


def _only(query: sa.Select[Any], of: sa.Column[str], reach: Reach) -> sa.Select[Any]:
    """Narrow to the institutions that are reached; a patient, who has none, does not reach what is of none."""
    return query if reach.everything else query.where(of.in_(_institutions(reach)))


def _institutions(reach: Reach) -> tuple[str, ...]:
    return tuple(one for one in (reach.institution, *reach.granted) if one)


def _mine(reach: Reach, table: sa.Table) -> sa.ColumnElement[bool]:
    if reach.everything:
        return sa.true()
    own = _institutions(reach)
    ways: list[sa.ColumnElement[bool]] = [table.c.institution.in_(own)] if own else []
    ways += [table.c.tckn == reach.patient] if reach.patient else []
    return sa.or_(sa.false(), *ways)


def _same(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.institution == exam.c.institution, table.c.accession == exam.c.accession)
