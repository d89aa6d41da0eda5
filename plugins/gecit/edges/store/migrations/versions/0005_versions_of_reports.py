"""Exams with several reports, folded anew: since decision 0016 another of them may be the one in force.

Only the columns beside the JSON and the procedures hang on which it is: the JSON holds every version, and the worklist
asks whether there is one at all.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.edges.store import rows
from gecit.edges.store.schema import Instant
from gecit.edges.store.sql import of_exams, pages

revision = "0005"
down_revision = "0004"

SECOND = '},{"report":{'  # what a second version in an exam's JSON begins with; in a text its quotes would be escaped
FOUND_BY = ("tckn", "file_number", "modality", "sut", "ordered_at")

exam = sa.Table(
    "exam",
    sa.MetaData(),
    *(sa.Column(one, sa.Text()) for one in ("institution", "accession", "data", "tckn", "file_number")),
    *(sa.Column(one, sa.Text()) for one in ("modality", "sut")),
    sa.Column("ordered_at", Instant()),
)
procedure = sa.Table(
    "procedure",
    sa.MetaData(),
    *(sa.Column(one, sa.Text()) for one in ("institution", "accession", "tckn", "sut", "description", "modality")),
    sa.Column("number", sa.Integer()),
    *(sa.Column(one, Instant()) for one in ("ordered_at", "scheduled_at", "performed_at")),
    *(sa.Column(one, sa.Boolean()) for one in ("cancelled", "images", "report")),
)


def upgrade() -> None:
    connection = op.get_bind()
    several = sa.select(exam.c.institution, exam.c.accession).where(exam.c.data.contains(SECOND, autoescape=True))
    keys = [ExamKey(institution=row.institution, accession=row.accession) for row in connection.execute(several)]
    for page in pages(keys):
        found = connection.scalars(sa.select(exam.c.data).where(of_exams(exam)), page)
        _write(connection, [rows.read_exam(one) for one in found], page)


def _write(connection: sa.Connection, exams: list[Exam], page: dict[str, Any]) -> None:
    mine = sa.and_(
        exam.c.institution == sa.bindparam("of_institution"), exam.c.accession == sa.bindparam("of_accession")
    )
    change = sa.update(exam).where(mine).values({name: sa.bindparam(f"new_{name}") for name in FOUND_BY})
    connection.execute(change, [_found_by(one) for one in exams])
    connection.execute(sa.delete(procedure).where(of_exams(procedure)), page)
    names = [one.name for one in procedure.c]
    made = [{name: row[name] for name in names} for one in exams for row in rows.procedure_rows(one)]
    if made:
        connection.execute(sa.insert(procedure), made)


def _found_by(one: Exam) -> dict[str, Any]:
    row = rows.exam_row(one, rows.NEVER)
    of = {"of_institution": one.key.institution, "of_accession": one.key.accession}
    return {**{f"new_{name}": row[name] for name in FOUND_BY}, **of}


def downgrade() -> None:
    pass
