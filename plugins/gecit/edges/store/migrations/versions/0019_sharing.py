"""Links with one-time codes and the visits that they begin; openings; legal holds and retention lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0019"
down_revision = "0018"


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
    op.create_table(
        "opening",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("patient", sa.Text, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index("opening_institution", "opening", ["institution"])
    op.create_index("opening_patient", "opening", ["patient"])
    some = sa.text("waits")
    op.create_index("opening_waits", "opening", ["waits"], sqlite_where=some, postgresql_where=some)
    for name in ("legal_hold", "retention_list"):
        op.create_table(name, sa.Column("id", sa.Text, primary_key=True), sa.Column("data", sa.Text, nullable=False))
    op.create_table(
        "retention_item",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("list", "node", "orthanc_id")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
    )


def downgrade() -> None:
    for name in ("retention_item", "retention_list", "legal_hold", "opening", "visit"):
        op.drop_table(name)
    op.drop_table("share_link")
