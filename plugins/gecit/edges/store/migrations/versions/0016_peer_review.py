"""Rounds of peer review, what was drawn and said, and feedback. New events only: nothing is to be filled in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "review_round",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("closed_at", Instant),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "review_pick",
        sa.Column("round", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("institution", "accession", "reviewer")),
        *(sa.Column(one, sa.Boolean, nullable=False) for one in ("blind", "open")),
    )
    some = sa.text("open")
    op.create_index("review_pick_open", "review_pick", ["reviewer"], sqlite_where=some, postgresql_where=some)
    op.create_table(
        "peer_review",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("round", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("superseded", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("peer_review_of_round", "peer_review", ["round", "number"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("institution", "radiologist", "sender")),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    for name in ("institution", "radiologist", "sender"):
        op.create_index(f"feedback_{name}", "feedback", [name, "at"])


def downgrade() -> None:
    for name in ("feedback", "peer_review", "review_pick", "review_round"):
        op.drop_table(name)
