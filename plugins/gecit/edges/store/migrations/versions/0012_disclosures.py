"""What is opened to somebody who has no right to it by his work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("reference", *WAYS, "patient")),
        sa.Column("since", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    for name in WAYS:
        some = sa.text(f"{name} <> ''")
        op.create_index(f"disclosure_{name}", "disclosure", [name, "ends_at"], sqlite_where=some, postgresql_where=some)
    op.create_index("disclosure_patient", "disclosure", ["patient"])
    op.create_index("disclosure_reference", "disclosure", ["reference"])


def downgrade() -> None:
    op.drop_table("disclosure")


WAYS = ("account", "tckn", "institution")
