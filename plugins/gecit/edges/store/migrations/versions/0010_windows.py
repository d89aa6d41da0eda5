"""Which windows of exemptions excuse which exams; activations are found without reading all events."""

import sqlalchemy as sa
from alembic import op

from gecit.edges.store import rows

revision = "0010"
down_revision = "0009"

PAGE = 1_000
KEY = ("institution", "accession")


def upgrade() -> None:
    columns = (*KEY, "window")
    made = op.create_table(
        "exam_window",
        *(sa.Column(one, sa.Text(), nullable=False) for one in columns),
        sa.PrimaryKeyConstraint(*columns),
        sqlite_with_rowid=False,
    )
    _fill(op.get_bind(), made)
    op.create_index("exam_window_of", "exam_window", ["window", *KEY])
    few = sa.text("kind = 'RulebookActivated'")
    op.create_index("event_activated", "event", ["id"], sqlite_where=few, postgresql_where=few)


def _fill(connection: sa.Connection, made: sa.Table) -> None:
    """Fill from the exams that stand there already, page by page."""
    exam = sa.table("exam", *(sa.column(one) for one in (*KEY, "data")))
    key = [exam.c[one] for one in KEY]
    query = sa.select(*key, exam.c.data).order_by(*key).limit(PAGE)
    page = connection.execute(query).all()
    while page:
        # The text only narrows: most exams are excused from nothing, and reading them whole takes longest.
        exams = (rows.read_exam(row.data) for row in page if '"exemptions"' in row.data)
        if found := [row for one in exams for row in rows.window_rows(one)]:
            connection.execute(sa.insert(made), found)
        last = sa.tuple_(*(sa.literal(one) for one in page[-1][:2]))
        page = connection.execute(query.where(sa.tuple_(*key) > last)).all()


def downgrade() -> None:
    op.drop_index("event_activated", table_name="event")
    op.drop_table("exam_window")
