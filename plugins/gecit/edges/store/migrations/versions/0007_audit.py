"""The audit: who did what with whose data, and where each chain of it stands."""

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant, Number

revision = "0007"
down_revision = "0006"

TEXTS = ("who", "what", "institution", "accession", "patient", "address", "outcome", "why", "detail", "previous")
IS_ANCHOR = sa.text("what = 'anchor'")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False, autoincrement=False),
        sa.Column("at", Instant(), nullable=False),
        *(sa.Column(one, sa.Text(), nullable=False) for one in (*TEXTS, "hash")),
        sa.PrimaryKeyConstraint("chain", "number"),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_patient", "audit", ["patient", "at"])
    op.create_index("audit_who", "audit", ["who", "at"])
    op.create_index("audit_anchor", "audit", ["at"], sqlite_where=IS_ANCHOR, postgresql_where=IS_ANCHOR)
    op.create_table(
        "audit_chain",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", Number, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("anchored", Number, nullable=False),
        sa.PrimaryKeyConstraint("chain"),
    )


def downgrade() -> None:
    op.drop_table("audit_chain")
    op.drop_table("audit")
