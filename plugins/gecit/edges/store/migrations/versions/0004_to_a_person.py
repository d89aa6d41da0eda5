"""What waits for a person is found without reading all: proposed withdrawals, parked deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

PROPOSED = sa.text("billing = 'withdrawal proposed'")
PARKED = sa.text("state = 'parked'")


def upgrade() -> None:
    op.create_index("exam_proposed", "exam", ["changed_at"], sqlite_where=PROPOSED, postgresql_where=PROPOSED)
    op.create_index("outbox_parked", "outbox", ["id"], sqlite_where=PARKED, postgresql_where=PARKED)


def downgrade() -> None:
    op.drop_index("outbox_parked", table_name="outbox")
    op.drop_index("exam_proposed", table_name="exam")
