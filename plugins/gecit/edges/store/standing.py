"""Which schema a ledger has, and which there are: without Alembic, which only whoever migrates needs."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"
_TABLE = sa.table("alembic_version", sa.column("version_num"))


def revisions() -> list[str]:
    """Return the schemas that this Geçit knows, the oldest first: the numbers that its migrations' files begin with."""
    return sorted(one.name.partition("_")[0] for one in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def newest() -> str:
    """Return the schema that this Geçit works with."""
    return revisions()[-1]


def standing(connection: sa.Connection) -> str | None:
    """Return the schema that a ledger has; None: it has none yet."""
    if not sa.inspect(connection).has_table(_TABLE.name):
        return None
    found: str | None = connection.scalar(sa.select(_TABLE.c.version_num))
    return found
