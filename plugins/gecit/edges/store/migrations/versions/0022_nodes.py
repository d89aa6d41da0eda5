"""Nodes that share the ledger, and deliveries that one of them alone can carry out."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0022"
down_revision = "0021"

BATCH = 500


def upgrade() -> None:
    op.create_table(
        "node",
        sa.Column("name", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("mark", "home", "address", "version", "orthanc", "schema")
        ),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("beat_at", Instant, nullable=False),
    )
    op.add_column("outbox", sa.Column("node", sa.Text, nullable=False, server_default=""))
    op.drop_index("outbox_due", table_name="outbox")
    op.create_index("outbox_due", "outbox", ["destination", "node", "state", "next_at"])
    _give_to_nodes(op.get_bind())


def _give_to_nodes(connection: sa.Connection) -> None:
    """What is to be attached to a study is its node's to do; what is done already is nobody's."""
    outbox = sa.table("outbox", *(sa.column(name) for name in ("id", "destination", "state", "payload", "node")))
    waiting = sa.and_(outbox.c.destination == "archive", outbox.c.state != "done")
    after = 0
    while True:
        query = sa.select(outbox.c.id, outbox.c.payload).where(waiting, outbox.c.id > after)
        page = connection.execute(query.order_by(outbox.c.id).limit(BATCH)).all()
        for number, payload in page:
            node = json.loads(bytes(payload))["study"]["node"]
            connection.execute(sa.update(outbox).where(outbox.c.id == number).values(node=node))
        if len(page) < BATCH:
            return
        after = page[-1][0]


def downgrade() -> None:
    op.drop_index("outbox_due", table_name="outbox")
    op.drop_column("outbox", "node")
    op.create_index("outbox_due", "outbox", ["destination", "state", "next_at"])
    op.drop_table("node")
