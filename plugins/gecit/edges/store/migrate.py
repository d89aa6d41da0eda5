"""Bringing a ledger's schema up to date with Alembic, from code: no ini file, no command line."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from .fence import shut

log = logging.getLogger("gecit.ledger")

MIGRATIONS = Path(__file__).parent / "migrations"


class LedgerTooNewError(Exception):
    """The ledger was written by a newer Geçit; this one does not touch it."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"Kayıt defteri daha yeni bir Geçit sürümüne ait (şema {found}), bu sürüm ona dokunmaz. Bu düğümün sistem "
            "yöneticisi o sürümü kurmalı ya da güncellemeden önceki yedeği bu sürümle geri yüklemeli "
            "(`gecit restore`). / "
            f"The ledger belongs to a newer Geçit (schema {found}), and this one does not touch it. This node's system "
            "administrator must install that version, or restore the backup from before the upgrade with this one "
            "(`gecit restore`)."
        )


def _configured() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration


def is_known(revision: str) -> bool:
    """Whether this Geçit can bring a ledger of that schema up to date, or has it already."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_configured()).walk_revisions()}


def migrate(engine: sa.Engine) -> str:
    """Upgrade to the newest schema, and return it. Of several processes that call this at once one does it.

    The others wait. Raises `LedgerTooNewError`, and has touched nothing then.
    """
    configuration = _configured()
    newest = ScriptDirectory.from_config(configuration).get_current_head()
    assert newest  # noqa: S101 -- for the type checker
    if _stands(engine) == newest:  # who has nothing to change waits for nobody who migrates, and who may wait long
        return newest
    with engine.begin() as connection:
        _one_at_a_time(connection)
        found = MigrationContext.configure(connection).get_current_revision()
        if found == newest:
            return newest
        if found is not None:
            if not is_known(found):
                raise LedgerTooNewError(found)
            shut(connection)
        log.info("the ledger's schema is brought from %s to %s", found or "nothing", newest)
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
    log.info("the ledger has schema %s", newest)
    return newest


def _stands(engine: sa.Engine) -> str | None:
    """Return which schema stands; whoever changes it afterwards is seen by the fence."""
    with engine.connect().execution_options(reading=True) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _one_at_a_time(connection: sa.Connection) -> None:
    """Wait until no other process migrates; SQLite's transaction has waited already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x6765636974)))
