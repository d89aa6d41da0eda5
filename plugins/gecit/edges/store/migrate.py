"""Bringing a ledger's schema up to date with Alembic, from code: no ini file, no command line."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"


class LedgerTooNewError(Exception):
    """The ledger was written by a newer Geçit; this one does not touch it."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"Kayıt defteri daha yeni bir Geçit sürümüne ait (şema {found}), bu sürüm ona dokunmaz: o sürümü yeniden "
            "kurun ya da güncellemeden önceki yedeği bu sürümle geri yükleyin (`gecit restore`). / "
            f"The ledger belongs to a newer Geçit (schema {found}), and this one does not touch it: install that "
            "version again, or restore the backup from before the upgrade with this one (`gecit restore`)."
        )


def _configured() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    return configuration


def is_known(revision: str) -> bool:
    """Whether this Geçit can bring a ledger of that schema up to date, or has it already."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_configured()).walk_revisions()}


def migrate(engine: sa.Engine) -> None:
    """Upgrade to the newest schema; several processes may call this at once."""
    configuration = _configured()
    scripts = ScriptDirectory.from_config(configuration)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x6765636974)))
        found = MigrationContext.configure(connection).get_current_revision()
        if found == scripts.get_current_head():
            return
        if found is not None and not is_known(found):
            raise LedgerTooNewError(found)
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
