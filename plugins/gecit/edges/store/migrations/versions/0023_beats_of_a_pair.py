"""Signs of life of each data folder: the two of a pair share one name, and overwrote each other's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    _anew(("node", "home", "process"), "SELECT node, '', process, pid, at, detail FROM beat")


def downgrade() -> None:
    _anew(
        ("node", "process"),
        "SELECT node, process, pid, at, detail FROM beat b WHERE NOT EXISTS (SELECT 1 FROM beat o WHERE "
        "(o.node, o.process) = (b.node, b.process) AND (o.at, o.home) > (b.at, b.home))",
    )


def _anew(keys: tuple[str, ...], rows: str) -> None:
    """Make the table anew with its rows: SQLite cannot change a key."""
    op.create_table(
        "beat_made_anew",
        *(sa.Column(name, sa.Text, primary_key=True) for name in keys),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.execute(f"INSERT INTO beat_made_anew ({', '.join(keys)}, pid, at, detail) {rows}")
    op.drop_table("beat")
    op.rename_table("beat_made_anew", "beat")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX beat_made_anew_pkey RENAME TO beat_pkey")
