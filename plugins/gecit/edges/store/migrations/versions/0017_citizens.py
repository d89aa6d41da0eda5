"""The citizen's side: exams that are asked for at an institution, and images on their way to a browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant, Number

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "patient_request",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("institution", "tckn", "state")),
        *(sa.Column(one, Instant, nullable=False) for one in ("asked_at", "due_at")),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("patient_request_of", "patient_request", ["tckn", "asked_at"])
    op.create_index("patient_request_at", "patient_request", ["institution", "state", "due_at"])
    op.create_table(
        "download",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("node", "owner", "institution", "accession")),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        *(sa.Column(one, Number, nullable=False) for one in ("done", "total")),
        sa.Column("touched_at", Instant, nullable=False),
    )
    op.create_index("download_owner", "download", ["owner", "asked_at"])


def downgrade() -> None:
    for name in ("download", "patient_request"):
        op.drop_table(name)
