"""Groups of radiologists, papers of grants, templates of institutions and persons, critical findings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0016"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "reader_group", sa.Column("id", sa.Text, primary_key=True), sa.Column("data", sa.Text, nullable=False)
    )
    op.create_table(
        "grant_paper",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("stored_at", Instant, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "report_template",
        *(sa.Column(one, sa.Text, primary_key=True) for one in ("owner", "kind", "macro")),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "critical",
        *(sa.Column(one, sa.Text, primary_key=True) for one in ("institution", "accession")),
        *(sa.Column(one, sa.Text, nullable=False) for one in ("state", "author")),
        sa.Column("marked_at", Instant, nullable=False),
    )
    op.create_index("critical_state", "critical", ["state", "marked_at"])
    op.create_index("critical_author", "critical", ["author", "marked_at"])


def downgrade() -> None:
    for name in ("critical", "report_template", "grant_paper", "reader_group"):
        op.drop_table(name)
