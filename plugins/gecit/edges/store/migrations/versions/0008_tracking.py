"""What the list of exams is searched by, views that people keep, exports that are made for them."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from gecit.core.listing import listed_at
from gecit.edges.store import rows
from gecit.edges.store.schema import EPOCH, LISTED, NOT_TOLD, WAITING, Instant

revision = "0008"
down_revision = "0007"

PAGE = 1_000
OF_EXAM = ("institution", "accession")
PLACE = ("listed_at", *OF_EXAM)


def upgrade() -> None:
    op.add_column("exam", sa.Column("listed_at", Instant(), nullable=False, server_default=sa.text(f"'{EPOCH}'")))
    rule = op.create_table(
        "exam_rule",
        *(sa.Column(one, sa.Text(), nullable=False) for one in (*OF_EXAM, "rule", "status")),
        sa.Column("listed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(*OF_EXAM, "rule"),
        sqlite_with_rowid=False,
    )
    device = op.create_table(
        "exam_device",
        *(sa.Column(one, sa.Text(), nullable=False) for one in (*OF_EXAM, "device", "modality", "label")),
        sa.Column("dose", sa.Boolean(), nullable=False),
        sa.Column("listed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(*OF_EXAM, "device"),
        sqlite_with_rowid=False,
    )
    _fill(op.get_bind(), rule, device)
    _index()
    _keep()


def _fill(connection: sa.Connection, rule: sa.Table, device: sa.Table) -> None:
    """Fill from the exams that stand there already, page by page."""
    table = sa.table("exam", *(sa.column(one) for one in OF_EXAM), sa.column("listed_at", Instant()))
    mine = sa.and_(*(table.c[one] == sa.bindparam(f"of_{one}") for one in OF_EXAM))
    place = sa.update(table).where(mine).values(listed_at=sa.bindparam("new"))
    for page in _pages(connection):
        exams = [rows.read_exam(data) for data in page]
        keys = [{f"of_{one}": getattr(exam.key, one) for one in OF_EXAM} for exam in exams]
        connection.execute(place, [{**key, "new": listed_at(exam)} for key, exam in zip(keys, exams, strict=True)])
        for into, make in ((rule, rows.rule_rows), (device, rows.device_rows)):
            if made := [row for exam in exams for row in make(exam)]:
                connection.execute(sa.insert(into), made)


def _pages(connection: sa.Connection) -> Iterator[list[Any]]:
    table = sa.table("exam", *(sa.column(one) for one in OF_EXAM), sa.column("data"))
    columns = [table.c[one] for one in OF_EXAM]
    query = sa.select(table.c.data, *columns).order_by(*columns).limit(PAGE)
    page = connection.execute(query).all()
    while page:
        yield [row.data for row in page]
        last = sa.tuple_(*(sa.literal(one) for one in page[-1][1:]))
        page = connection.execute(query.where(sa.tuple_(*columns) > last)).all()


def _index() -> None:
    op.create_index("exam_listed", "exam", [*PLACE, *LISTED])
    op.create_index("exam_listed_of", "exam", ["institution", "listed_at", "accession", *LISTED])
    for name, first, some in (("exam_waiting", "outcome", WAITING), ("exam_untold", "billing", NOT_TOLD)):
        where = sa.text(some)
        op.create_index(name, "exam", [first, *PLACE], sqlite_where=where, postgresql_where=where)
        mine = ["institution", first, "listed_at", "accession"]
        op.create_index(f"{name}_of", "exam", mine, sqlite_where=where, postgresql_where=where)
    op.create_index("exam_rule_listed", "exam_rule", ["rule", *PLACE])
    op.create_index("exam_device_listed", "exam_device", ["device", *PLACE])
    undosed = sa.text("NOT dose")
    columns = ["modality", "listed_at", "device", "institution"]
    op.create_index("exam_device_undosed", "exam_device", columns, sqlite_where=undosed, postgresql_where=undosed)
    op.create_index("outbox_of_exam", "outbox", [*OF_EXAM])
    op.create_index("message_of", "message", ["institution", "received_at", "answer_code"])


def _keep() -> None:
    op.create_table(
        "saved_view",
        *(sa.Column(one, sa.Text(), nullable=False) for one in ("owner", "name", "search")),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name"),
    )
    words = ("id", "node", "owner", "kind", "language", "search", "state")
    op.create_table(
        "export",
        *(sa.Column(one, sa.Text(), nullable=False) for one in words),
        *(sa.Column(one, Instant(), nullable=False) for one in ("asked_at", "touched_at")),
        *(sa.Column(one, sa.Integer(), nullable=False) for one in ("done", "total")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("export_owner", "export", ["owner", "asked_at"])


def downgrade() -> None:
    for table in ("export", "saved_view", "exam_device", "exam_rule"):
        op.drop_table(table)
    for index, table in (("message_of", "message"), ("outbox_of_exam", "outbox")):
        op.drop_index(index, table_name=table)
    for index in ("exam_untold_of", "exam_untold", "exam_waiting_of", "exam_waiting", "exam_listed_of", "exam_listed"):
        op.drop_index(index, table_name="exam")
    op.drop_column("exam", "listed_at")
