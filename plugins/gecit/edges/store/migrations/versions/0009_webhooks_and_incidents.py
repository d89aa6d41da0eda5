"""Webhooks and incidents; deliveries and messages of an institution are found without reading all."""

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0009"
down_revision = "0008"

OPEN = sa.text("state <> 'done'")
GOES_ON = sa.text("closed_at IS NULL")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("institution", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "incident",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("closed_at", Instant),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("incident_open", "incident", ["key"], unique=True, sqlite_where=GOES_ON, postgresql_where=GOES_ON)
    op.create_index("outbox_institution", "outbox", ["institution", "id"])
    op.create_index(
        "outbox_open", "outbox", ["destination", "state", "created_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )


def downgrade() -> None:
    op.drop_index("outbox_open", table_name="outbox")
    op.drop_index("outbox_institution", table_name="outbox")
    op.drop_table("incident")
    op.drop_table("webhook")
