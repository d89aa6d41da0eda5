"""The reading list, drafts and grants. The list is filled with exams that have pictures and wait for a report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.core.order import ExamKey
from gecit.core.reading_list import line_of
from gecit.edges.store import rows
from gecit.edges.store.reading import line_row
from gecit.edges.store.schema import Instant
from gecit.edges.store.sql import of_exams, pages

revision = "0011"
down_revision = "0010"

exam = sa.Table("exam", sa.MetaData(), *(sa.Column(one, sa.Text()) for one in ("institution", "accession", "data")))
link = sa.Table("link", sa.MetaData(), *(sa.Column(one, sa.Text()) for one in ("institution", "accession")))


def upgrade() -> None:
    reading = op.create_table(
        "reading",
        sa.Column("institution", sa.Text, primary_key=True),
        sa.Column("accession", sa.Text, primary_key=True),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("state", "reader")),
        sa.Column("urgency", sa.Integer, nullable=False),
        sa.Column("waits_from", Instant, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("since", Instant),
    )
    op.create_index("reading_order", "reading", ["urgency", "waits_from", "institution", "accession"])
    op.create_index("reading_institution", "reading", ["institution", "urgency", "waits_from"])
    some = sa.text("reader <> ''")
    op.create_index("reading_reader", "reading", ["reader"], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "draft",
        *(sa.Column(one, sa.Text, primary_key=True) for one in ("institution", "accession", "author")),
        sa.Column("saved_at", Instant),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "reader", sa.Column("account", sa.Text, primary_key=True), sa.Column("data", sa.Text, nullable=False)
    )
    op.create_table(
        "reporting_grant", sa.Column("id", sa.Text, primary_key=True), sa.Column("data", sa.Text, nullable=False)
    )
    _fill(op.get_bind(), reading)


def _fill(connection: sa.Connection, reading: sa.Table) -> None:
    linked = connection.execute(sa.select(link.c.institution, link.c.accession).distinct())
    keys = [ExamKey(institution=row.institution, accession=row.accession) for row in linked]
    for page in pages(keys):
        found = [
            rows.read_exam(data) for data in connection.scalars(sa.select(exam.c.data).where(of_exams(exam)), page)
        ]
        lines = [line for one in found if (line := line_of(one))]
        if lines:
            connection.execute(sa.insert(reading), [line_row(one) for one in lines])


def downgrade() -> None:
    for name in ("reporting_grant", "reader", "draft", "reading"):
        op.drop_table(name)
