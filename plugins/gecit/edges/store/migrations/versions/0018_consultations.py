"""Consultations, to search by: whose turn it is, until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "consultation",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("institution", "accession", "asker", "state")),
        sa.Column("until", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("consultation_asker", "consultation", ["asker"])
    op.create_index("consultation_state", "consultation", ["state", "until"])
    op.create_table(
        "consultation_asked",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("until", Instant, nullable=False),
    )
    op.create_index("consultation_asked_account", "consultation_asked", ["account", "waits", "until"])


def downgrade() -> None:
    op.drop_table("consultation_asked")
    op.drop_table("consultation")
