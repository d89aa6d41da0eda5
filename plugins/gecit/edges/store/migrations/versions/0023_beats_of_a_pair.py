"""Signs of life of each data folder: the two of a pair share one name, and overwrote each other's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    _anew("node", "home", "process")


def downgrade() -> None:
    _anew("node", "process")


def _anew(*keys: str) -> None:
    """Make the table anew: whoever lives writes its row within ten seconds."""
    op.drop_table("beat")
    op.create_table(
        "beat",
        *(sa.Column(name, sa.Text, primary_key=True) for name in keys),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
