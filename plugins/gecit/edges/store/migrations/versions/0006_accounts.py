"""Accounts with roles, identities at providers, sessions, and tokens that are narrowed.

Administrators become accounts. Whoever owned a token without being one becomes an account without a password: every
token opened everything until now, and what stands goes on doing what it did until somebody revokes it.
"""

import sqlalchemy as sa
from alembic import op

from gecit.edges.store.schema import Instant

revision = "0006"
down_revision = "0005"

ADMINISTRATOR = '["administrator"]'


def upgrade() -> None:
    account = op.create_table(
        "account",
        sa.Column("name", sa.Text(), nullable=False),
        *(sa.Column(one, sa.Text(), nullable=False) for one in ("full_name", "email", "roles", "institution", "tckn")),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    _fill(op.get_bind(), account)
    named = sa.text("tckn <> ''")
    op.create_index("account_tckn", "account", ["tckn"], unique=True, sqlite_where=named, postgresql_where=named)
    op.drop_table("administrator")
    op.create_table(
        "login",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("linked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        *(sa.Column(one, Instant(), nullable=False) for one in ("created_at", "seen_at", "expires_at")),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("session_account", "session", ["account"])
    op.create_index("session_expires_at", "session", ["expires_at"])
    for name in ("label", "institution"):
        op.add_column("token", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("token", sa.Column("actions", sa.Text()))
    op.add_column("token", sa.Column("last_used_at", Instant()))
    op.create_table(
        "attempt",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _fill(connection: sa.Connection, account: sa.Table) -> None:
    administrator = sa.table("administrator", sa.column("name"), sa.column("password_hash"), _at("changed_at"))
    token = sa.table("token", sa.column("owner"), _at("created_at"))
    rows = {
        row.owner: _row(row.owner, "", row.created_at)
        for row in connection.execute(sa.select(token).order_by(token.c.created_at.desc()))
    }
    for row in connection.execute(sa.select(administrator)):
        rows[row.name] = _row(row.name, row.password_hash, row.changed_at)
    if rows:
        connection.execute(sa.insert(account), list(rows.values()))


def _at(name: str) -> sa.ColumnClause[object]:
    return sa.column(name, Instant())


def _row(name: str, password_hash: str, at: object) -> dict[str, object]:
    empty = dict.fromkeys(("full_name", "email", "institution", "tckn"), "")
    known = {"name": name, "roles": ADMINISTRATOR, "password_hash": password_hash, "disabled": False}
    return {**empty, **known, "created_at": at, "changed_at": at}


def downgrade() -> None:
    administrator = op.create_table(
        "administrator",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    account = sa.table("account", *map(sa.column, ("name", "password_hash", "roles", "disabled")), _at("changed_at"))
    kept = sa.select(account.c.name, account.c.password_hash, account.c.changed_at).where(
        account.c.password_hash != "", account.c.roles.contains('"administrator"'), sa.not_(account.c.disabled)
    )
    connection = op.get_bind()
    connection.execute(sa.insert(administrator).from_select(["name", "password_hash", "changed_at"], kept))
    # Before, every token opened everything: one that was narrowed or whose owner is no administrator must not.
    owners = sa.select(account.c.name).where(account.c.roles.contains('"administrator"'), sa.not_(account.c.disabled))
    token = sa.table("token", *map(sa.column, ("owner", "institution", "actions")))
    narrowed = sa.or_(token.c.institution != "", token.c.actions.is_not(None), token.c.owner.not_in(owners))
    connection.execute(sa.delete(token).where(narrowed))
    with op.batch_alter_table("token") as table:
        for name in ("last_used_at", "actions", "institution", "label"):
            table.drop_column(name)
    for name in ("attempt", "session", "login", "account"):
        op.drop_table(name)
