"""Between code and schema: a process whose ledger has another schema than when it began neither reads nor writes.

Each transaction asks first which schema stands. On PostgreSQL that question also keeps migrations apart from it: who
migrates takes the table of that one row for itself first, so it begins when no transaction runs, and those that come
meanwhile wait for it and then see what it left. No order of tables can make the two wait for each other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from gecit.ports import Unavailable

log = logging.getLogger("gecit.ledger")

TRY_SECONDS, LONGEST_TRY_SECONDS = 0.5, 8.0
"""For how long whoever locks tables has others wait the first time, and at most: each time twice as long as before,
since transactions that last longer than one try may follow each other without a gap. The first is shorter than
PostgreSQL's `deadlock_timeout`: a writer that waits for us, and we for it, goes on when we let go."""

RESTS = 3.0
"""How many times as long as it had them wait it lets them through then."""

TELL_SECONDS = 600.0
"""How often whoever waits says for whom."""

_HELD = ("55P03", "40P01")  # PostgreSQL: lock not available, deadlock
_ASK = "SELECT version_num FROM alembic_version"
_ASK_AND_FOLD = "SELECT version_num, pg_advisory_xact_lock_shared(hashtextextended('folding', 0)) FROM alembic_version"
_FOLD_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('folding', 0))"
_KEEP = "LOCK TABLE alembic_version IN ACCESS SHARE MODE"
_SHUT = "LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"
_HOLDERS = (
    "SELECT pid, coalesce(application_name, ''), date_trunc('seconds', xact_start) FROM pg_locks JOIN pg_stat_activity"
    " USING (pid) WHERE relation = 'alembic_version'::regclass AND granted AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY xact_start LIMIT 5"
)


class LedgerMovedError(Unavailable):
    """The ledger has another schema than when this process began: for it, it is away until the node is upgraded."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"Kayıt defteri artık şema {found}, bu süreç ise şema {expected} için: başka bir sürüm onu değiştirdi. Bu "
            "süreç artık ne okur ne yazar; gönderenlere geçici hata verilir, görüntüler saklanır. Bu düğümün sistem "
            "yöneticisi aynı sürümü kurup düğümü yeniden başlatmalı. / "
            f"The ledger has schema {found} now, and this process is for schema {expected}: another version changed "
            "it. This process neither reads nor writes any more; senders are told to try again, images are kept. This "
            "node's system administrator must install that version and start the node again."
        )


def hold_to(engine: sa.Engine, schema: str) -> None:
    """Have every transaction of an engine from now on begin by asking whether the ledger still has this schema.

    Where it has not, beginning one raises `LedgerMovedError`, and the first time a line is logged.
    """
    told: list[str] = []

    def ask(connection: sa.Connection) -> None:
        try:
            found = _asked(connection)
        except engine.dialect.loaded_dbapi.Error as fault:
            raise Unavailable("ledger") from fault
        if found != schema:
            moved = LedgerMovedError(schema, found)
            if not told:
                told.append(found)
                log.error("%s", moved)
            connection.connection.rollback()  # SQLite's has begun, and would keep others waiting
            raise moved

    sa.event.listen(engine, "begin", ask)


def _asked(connection: sa.Connection) -> str:
    """Ask the driver itself: of so short a question the way through SQLAlchemy would be the greater part."""
    driver: Any = connection.connection.driver_connection
    cursor: Any
    if connection.dialect.name == "postgresql" and connection.get_execution_options().get("reading", False):
        # A SELECT takes REPEATABLE READ's view before it waits for its table, and would see what stood before.
        cursor = driver.execute(f"{_KEEP}; {_ASK}", prepare=False)
        cursor.nextset()
    else:
        folding = connection.dialect.name == "postgresql" and connection.get_execution_options().get("folding", False)
        cursor = connection.connection.cursor()
        cursor.execute(_ASK_AND_FOLD if folding else _ASK)
    row = cursor.fetchone()
    cursor.close()
    return str(row[0]) if row else ""


def keep(connection: sa.Connection) -> None:
    """Have whoever migrates a PostgreSQL wait for the end of this transaction; to be called before it reads."""
    connection.exec_driver_sql(_KEEP)


def shut(connection: sa.Connection) -> None:
    """Wait until no transaction of the ledger runs, and let none begin before this one ends.

    SQLite's writing transaction excludes other writers by itself.
    """
    _lock(connection, [_SHUT], "the schema is changed")


def keep_writers_out(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Wait until nobody writes these tables, and let nobody before this transaction ends; they may be read.

    Nor does anybody go on then from what he read before: each transaction that folds says so as it begins, and is
    waited for as a whole. SQLite has one writer, and it is whoever asks this.
    """
    names = ", ".join(one.name for one in tables)
    _lock(connection, [_FOLD_ALONE, f"LOCK TABLE {names} IN EXCLUSIVE MODE"], "the events are folded anew")


def _lock(connection: sa.Connection, statements: Sequence[str], what: str) -> None:
    """Have PostgreSQL lock tables, however long others hold them.

    Where one holds them for long (`pg_dump`), those that come meanwhile would wait behind this one; and who holds the
    second of several tables may wait for the first. So it asks again and again, and lets them through between.
    """
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")  # it rests longer than many allow
    told_at, seconds = -TELL_SECONDS, TRY_SECONDS
    while not _is_locked(connection, statements, seconds):
        if time.monotonic() - told_at >= TELL_SECONDS:
            told_at = time.monotonic()
            holders = connection.exec_driver_sql(_HOLDERS)
            held = ", ".join(f"{pid} ({name}) since {since}" for pid, name, since in holders)
            log.warning("%s once these processes of PostgreSQL end their transactions: %s", what, held)
        time.sleep(RESTS * seconds)
        seconds = min(2 * seconds, LONGEST_TRY_SECONDS)


def _is_locked(connection: sa.Connection, statements: Sequence[str], seconds: float) -> bool:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(1000 * seconds)}")
            for one in statements:
                connection.exec_driver_sql(one)
            connection.exec_driver_sql("SET LOCAL lock_timeout = DEFAULT")
    except sa.exc.DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) not in _HELD:
            raise
        return False
    return True
