"""Writing exams that changed: the row, its procedures and its links, and no more of them than did change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from gecit.core.exam import Exam

from . import rows
from .consultations import write_consultations
from .critical import write_critical
from .quality import write_quality
from .reading import write_reading
from .schema import exam, exam_device, exam_rule, exam_window, link, procedure
from .sql import of_exams, pages, upsert
from .worklist import write_worklist

JUDGED = ("outcome", "billing", "judge_at", "deferred", "changed_at", "data")
"""The columns that change while order, reports and studies stay as they are."""


class Change(NamedTuple):
    """An exam before and after a transaction's events."""

    before: Exam | None
    after: Exam
    at: datetime

    @property
    def judged_only(self) -> bool:
        """Whether order, reports and studies are the very same: a million exams are re-judged, few are reordered."""
        return same_facts(self.before, self.after)


def same_facts(before: Exam | None, after: Exam) -> bool:
    """Whether nothing changed by which the exam, its procedures or its studies are found; False may be a mistake."""
    return (
        before is not None
        and before.order is after.order
        and before.reports is after.reports
        and before.studies is after.studies
        and before.order_received_at == after.order_received_at
        and before.reading is after.reading
        and before.critical is after.critical
        and before.consultations is after.consultations
    )


def write_exams(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the rows of exams that changed."""
    judged = [one for one in changes if one.judged_only]
    if judged:
        _write_judged(connection, judged)
    others = [one for one in changes if not one.judged_only]
    if others:
        _write_whole(connection, others)
    write_quality(connection, changes)


_JUDGED = (
    sa.update(exam)
    .where(exam.c.institution == sa.bindparam("of_institution"), exam.c.accession == sa.bindparam("of_accession"))
    .values({name: sa.bindparam(f"new_{name}") for name in JUDGED})
)


def _write_judged(connection: sa.Connection, changes: Sequence[Change]) -> None:
    values = []
    for one in changes:
        row = rows.judged_columns(one.after, one.at)
        of = {"of_institution": one.after.key.institution, "of_accession": one.after.key.accession}
        values.append({**{f"new_{name}": row[name] for name in JUDGED}, **of})
    connection.execute(_JUDGED, values)
    _write_rules(connection, changes)


def _write_whole(connection: sa.Connection, changes: Sequence[Change]) -> None:
    upsert(connection, exam, [rows.exam_row(one.after, one.at) for one in changes])
    _write_rules(connection, changes)
    for table, make in ((link, rows.link_rows), (procedure, rows.procedure_rows), (exam_device, rows.device_rows)):
        made = [(one, make(one.after)) for one in changes]
        for page in pages(one.after.key for one, new in made if _leaves_some(table, one.before, new)):
            connection.execute(_DELETE[table.name], page)
        upsert(connection, table, [row for _, some in made for row in some])
    write_worklist(connection, changes)
    write_reading(connection, changes)
    write_critical(connection, changes)
    write_consultations(connection, changes)


def _write_rules(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write the rules that keep exams back and the windows that excuse them; most verdicts have none."""
    for table, name, make in ((exam_rule, "rule", rows.rule_rows), (exam_window, "window", rows.window_rows)):
        made = [(one.after.key, make(one.before) if one.before else [], make(one.after)) for one in changes]
        changed = [one for one in made if one[1] != one[2]]
        left = (key for key, before, after in changed if {one[name] for one in before} - {one[name] for one in after})
        for page in pages(left):
            connection.execute(_DELETE[table.name], page)
        upsert(connection, table, [row for _, _, after in changed for row in after])


_BESIDE = (link, procedure, exam_rule, exam_window, exam_device)
_DELETE = {table.name: sa.delete(table).where(of_exams(table)) for table in _BESIDE}


def _leaves_some(table: sa.Table, before: Exam | None, new: Sequence[dict[str, Any]]) -> bool:
    """Whether writing the new rows over the old ones would leave some of those standing."""
    if before is None:
        return False
    if table is link:
        kept = {(one["node"], one["orthanc_id"]) for one in new}
        return any((one.facts.key.node, one.facts.key.orthanc_id) not in kept for one in before.studies)
    if table is exam_device:
        return bool({one["device"] for one in rows.device_rows(before)} - {one["device"] for one in new})
    return len(rows.procedure_rows(before)) > len(new)
