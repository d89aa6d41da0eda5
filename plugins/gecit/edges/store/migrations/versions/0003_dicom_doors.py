"""Orders that wait for their images, and who sent which study."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from gecit.core.worklist import entry_of
from gecit.edges.store.rows import read_exam, read_study
from gecit.edges.store.schema import Instant
from gecit.edges.store.worklist import entry_row, sent_study_row

revision = "0003"
down_revision = "0002"

PAGE = 1_000


def upgrade() -> None:
    worklist = op.create_table(
        "worklist",
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("accession", sa.Text(), nullable=False),
        sa.Column("performer", sa.Text(), nullable=False),
        sa.Column("scheduled_at", Instant(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "accession"),
    )
    sent_study = op.create_table(
        "sent_study",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("orthanc_id", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("study_date", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", "orthanc_id"),
    )
    _fill(op.get_bind(), worklist, sent_study)
    op.create_index("worklist_performer", "worklist", ["performer", "scheduled_at"])
    op.create_index("sent_study_institution", "sent_study", ["institution"])
    op.create_index("sent_study_day", "sent_study", ["node", "study_date"])


def _fill(connection: sa.Connection, worklist: sa.Table, sent_study: sa.Table) -> None:
    """Fill both from exams and studies that stand there already, page by page."""
    for page in _pages(connection, "exam", "institution", "accession"):
        exams = [read_exam(data) for data in page]
        entries = [entry_row(one, entry) for one in exams if (entry := entry_of(one))]
        if entries:
            connection.execute(sa.insert(worklist), entries)
    for page in _pages(connection, "study", "node", "orthanc_id"):
        connection.execute(sa.insert(sent_study), [sent_study_row(read_study(data)) for data in page])


def _pages(connection: sa.Connection, name: str, *keys: str) -> Iterator[list[Any]]:
    table = sa.table(name, *(sa.column(one) for one in keys), sa.column("data"))
    columns = [table.c[one] for one in keys]
    query = sa.select(table.c.data, *columns).order_by(*columns).limit(PAGE)
    page = connection.execute(query).all()
    while page:
        yield [row.data for row in page]
        last = sa.tuple_(*(sa.literal(one) for one in page[-1][1:]))
        page = connection.execute(query.where(sa.tuple_(*columns) > last)).all()


def downgrade() -> None:
    op.drop_table("sent_study")
    op.drop_table("worklist")
