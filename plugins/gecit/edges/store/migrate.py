"""Bringing a ledger's schema up to date with Alembic, from code: no ini file, no command line."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from .fence import shut
from .standing import MIGRATIONS, newest, revisions, standing

log = logging.getLogger("gecit.ledger")


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


def migrate(engine: sa.Engine) -> str:
    """Upgrade to the newest schema, and return it. Of several processes that call this at once one does it.

    The others wait. Raises `LedgerTooNewError`, and has touched nothing then.
    """
    wanted = newest()
    if _stands(engine) == wanted:  # who has nothing to change waits for nobody who migrates, and who may wait long
        return wanted
    with engine.begin() as connection:
        _one_at_a_time(connection)
        found = standing(connection)
        if found == wanted:
            return wanted
        if found is not None:
            if found not in revisions():
                raise LedgerTooNewError(found)
            shut(connection)
        log.info("the ledger's schema is brought from %s to %s", found or "nothing", wanted)
        _upgrade(connection)
    log.info("the ledger has schema %s", wanted)
    return wanted


def _upgrade(connection: sa.Connection) -> None:
    # Here and not above: with what they need they take 8 MiB of each process, of which next to none ever migrates.
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


def _stands(engine: sa.Engine) -> str | None:
    """Return which schema stands; whoever changes it afterwards is seen by the fence."""
    with engine.connect().execution_options(reading=True) as connection:
        return standing(connection)


def _one_at_a_time(connection: sa.Connection) -> None:
    """Wait until no other process migrates; SQLite's transaction has waited already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x6765636974)))
