"""Ratings and hints. The ratings that reports already carry are filled in; hints come when an exam is judged next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store import rows
from gecit.edges.store.quality import rating_rows
from gecit.edges.store.schema import Instant

revision = "0018"
down_revision = "0011"

exam = sa.Table("exam", sa.MetaData(), *(sa.Column(one, sa.Text()) for one in ("institution", "accession", "data")))
PAGE = 500


def upgrade() -> None:
    key = ("institution", "accession")
    rating = op.create_table(
        "rating",
        *(sa.Column(one, sa.Text, primary_key=True) for one in (*key, "kind", "source", "rater")),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("listed_at", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("rating_listed", "rating", ["listed_at", "institution", "kind", "modality", "score"])
    low = sa.text("score <= 2")
    op.create_index("rating_low", "rating", ["listed_at", *key], sqlite_where=low, postgresql_where=low)
    op.create_table(
        "hint",
        *(sa.Column(one, sa.Text, primary_key=True) for one in key),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("code", "modality")),
        sa.Column("listed_at", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("hint_listed", "hint", ["listed_at", *key])
    op.create_index("hint_code", "hint", ["code", "listed_at", *key])
    _fill(op.get_bind(), rating)


def _fill(connection: sa.Connection, rating: sa.Table) -> None:
    place = ("", "")
    order = (exam.c.institution, exam.c.accession)
    while True:
        beyond = sa.tuple_(*order) > sa.tuple_(*(sa.literal(one) for one in place))
        found = connection.execute(sa.select(exam).where(beyond).order_by(*order).limit(PAGE)).all()
        if not found:
            return
        said = [row for one in found for row in rating_rows(rows.read_exam(one.data))]
        if said:
            connection.execute(sa.insert(rating), said)
        place = (found[-1].institution, found[-1].accession)


def downgrade() -> None:
    for name in ("hint", "rating"):
        op.drop_table(name)
