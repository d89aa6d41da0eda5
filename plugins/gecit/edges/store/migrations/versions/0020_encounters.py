"""Encounters as hospitals tell them by HL7 ADT, which care relations follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "encounter",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("institution", "number")),
        sa.Column("data", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("encounter")
