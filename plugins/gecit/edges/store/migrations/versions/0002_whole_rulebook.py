"""Order dates, procedures, duplicate queries, outages, and what judging rests on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from gecit.core.dates import date_of
from gecit.core.exam import Exam
from gecit.edges.store.rows import read_exam
from gecit.edges.store.schema import Instant

revision = "0002"
down_revision = "0001"

PAGE = 1_000
NOW = datetime.min.replace(tzinfo=UTC)  # neither date that is asked for hangs on it


def upgrade() -> None:
    op.create_table(
        "context",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "duplicate_query",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("tckn", sa.Text(), nullable=False),
        sa.Column("physician", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("duplicate_query_patient", "duplicate_query", ["tckn", "at"])
    op.create_table(
        "outage",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("began_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("service", "began_at"),
    )
    procedure = op.create_table(
        "procedure",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tckn", sa.Text(), nullable=False),
        sa.Column("sut", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("ordered_at", Instant(), nullable=True),
        sa.Column("scheduled_at", Instant(), nullable=True),
        sa.Column("performed_at", Instant(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("images", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "accession", "number"),
    )
    _fill(op.get_bind(), procedure)
    op.create_index("procedure_patient", "procedure", ["tckn", "sut", "ordered_at"])
    op.create_index("exam_ordered_at", "exam", ["ordered_at", "institution", "accession"])
    newest = sa.text("kind = 'Rejudged'")
    op.create_index("event_rejudged", "event", ["id"], sqlite_where=newest, postgresql_where=newest)


def _fill(connection: sa.Connection, procedure: sa.Table) -> None:
    """Fill the order date and the procedures of exams that stand there already, page by page."""
    exam = sa.table("exam", sa.column("institution"), sa.column("accession"), sa.column("ordered_at", Instant()))
    mine = sa.and_(exam.c.institution == sa.bindparam("one"), exam.c.accession == sa.bindparam("two"))
    change = sa.update(exam).where(mine).values(ordered_at=sa.bindparam("at", type_=Instant()))
    for page in _pages(connection):
        dates = [
            {"one": one.key.institution, "two": one.key.accession, "at": date_of(one, "order_date", NOW)}
            for one in page
        ]
        connection.execute(change, dates)
        rows = [row for one in page for row in _procedures(one)]
        if rows:
            connection.execute(sa.insert(procedure), rows)


def _pages(connection: sa.Connection) -> Iterator[list[Exam]]:
    exam = sa.table("exam", sa.column("institution"), sa.column("accession"), sa.column("data"))
    key = sa.tuple_(exam.c.institution, exam.c.accession)
    query = sa.select(exam.c.data).order_by(exam.c.institution, exam.c.accession).limit(PAGE)
    page = [read_exam(data) for data in connection.scalars(query)]
    while page:
        yield page
        last = page[-1].key
        later = query.where(key > sa.tuple_(sa.literal(last.institution), sa.literal(last.accession)))
        page = [read_exam(data) for data in connection.scalars(later)]


def _procedures(exam: Exam) -> list[dict[str, Any]]:
    """As release 0002 wrote them; later releases alter the table by migrations of their own."""
    report = exam.report
    procedures = exam.order.procedures if exam.order else report.report.procedures if report else ()
    return [
        {
            "institution": exam.key.institution,
            "accession": exam.key.accession,
            "number": number,
            "tckn": exam.patient.tckn,
            "sut": one.sut,
            "description": one.sut_name or one.loinc_name,
            "modality": exam.modality,
            "ordered_at": date_of(exam, "order_date", NOW),
            "scheduled_at": exam.order.scheduled_at if exam.order else None,
            "performed_at": date_of(exam, "performed_date", NOW),
            "cancelled": exam.cancelled,
            "images": exam.images > 0,
            "report": report is not None,
        }
        for number, one in enumerate(procedures, start=1)
    ]


def downgrade() -> None:
    op.drop_index("event_rejudged", table_name="event")
    op.drop_index("exam_ordered_at", table_name="exam")
    for table in ("procedure", "outage", "duplicate_query", "context"):
        op.drop_table(table)
