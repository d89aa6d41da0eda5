"""Whether a ledger was put back from a backup is found without reading its events."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    restored = sa.text("kind = 'LedgerRestored'")
    op.create_index("event_restored", "event", ["id"], sqlite_where=restored, postgresql_where=restored)


def downgrade() -> None:
    op.drop_index("event_restored", table_name="event")
