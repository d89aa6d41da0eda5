"""Links with one-time codes and the visits that they begin; legal holds and lists of studies past their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0021"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "share_link",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("code_expires_at", Instant),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("share_link_patient", "share_link", ["patient"])
    op.create_table(
        "visit",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
    )
    op.create_index("visit_link", "visit", ["link"])
    for name in ("legal_hold", "retention_list"):
        op.create_table(name, sa.Column("id", sa.Text, primary_key=True), sa.Column("data", sa.Text, nullable=False))
    op.create_table(
        "retention_item",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("list", "node", "orthanc_id")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )


def downgrade() -> None:
    for name in ("retention_item", "retention_list", "legal_hold", "visit"):
        op.drop_table(name)
    op.drop_table("share_link")
