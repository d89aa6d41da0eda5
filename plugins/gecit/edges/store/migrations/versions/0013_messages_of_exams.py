"""A sender's messages are counted by the exams that they are about; a subscription's last deliveries are found."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

OF_MESSAGE = "kind IN ('OrderPlaced', 'OrderChanged', 'OrderCancelled', 'ReportReceived', 'ReportRefused')"


def upgrade() -> None:
    where = sa.text(OF_MESSAGE)
    columns = ["institution", "at", "accession"]
    op.create_index("event_of_message", "event", columns, sqlite_where=where, postgresql_where=where)
    told = sa.text("destination = 'webhook'")
    op.create_index("outbox_webhook", "outbox", ["id"], sqlite_where=told, postgresql_where=told)


def downgrade() -> None:
    op.drop_index("outbox_webhook", table_name="outbox")
    op.drop_index("event_of_message", table_name="event")
