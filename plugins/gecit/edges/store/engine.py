"""Opening a database, so that both engines keep the same promises."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

BUSY_SECONDS = 30
CHECKPOINT_PAGES = 8_000
"""The log is copied into the file when it has so many pages (32 MB): pages that change often are copied less often."""

WAIT_SECONDS = 0.0005
"""How long a writer rests before it tries again to be the next one."""


CONNECTIONS = 15
"""To PostgreSQL, from one process, at the most."""

KEPT = 5
"""Connections that stay open once they were needed; those above are closed again."""


ALIVE = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}
"""Of libpq, where the URL says nothing else: a server that vanishes without a word, or a cable that is pulled, would be
waited for by the kernel's quarter of an hour. A server that works for long answers these all the while."""


class LedgerEncodingError(Exception):
    """The database cannot keep every letter, or gives text back as bytes."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"Veritabanının kodlaması {found}; UTF8 olmalı. Veritabanı yöneticisi yeni ve boş bir veritabanı açmalı: "
            "createdb -E UTF8 -T template0 -O gecit ADI; adı Gecit.Database ayarına yazılır. / "
            f"The database's encoding is {found}; it must be UTF8. The database's administrator should make a new, "
            "empty one: createdb -E UTF8 -T template0 -O gecit NAME; it is named in Gecit.Database."
        )


def open_engine(url: str, connections: int = CONNECTIONS) -> sa.Engine:
    """Return an engine: SQLite in WAL mode with full sync and immediate transactions, or PostgreSQL by psycopg.

    `postgresql://` is read as `postgresql+psycopg://`; of PostgreSQL `connections` are opened at the most.
    """
    parsed = make_url(url)
    quiet: dict[str, Any] = {"hide_parameters": True}  # an error's text would quote what it could not write
    if parsed.get_backend_name() == "postgresql":
        return _open_postgresql(parsed, connections, quiet)
    memory = parsed.database in (None, "", ":memory:")
    if not memory:
        _make_private(str(parsed.database))
    # The connection that was given back last comes first: each has a page cache of its own, and few are then in use.
    options: dict[str, Any] = {"poolclass": StaticPool} if memory else {"pool_use_lifo": True}
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = sa.create_engine(parsed, connect_args=arguments, **options, **quiet)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(url: sa.URL, connections: int, quiet: dict[str, Any]) -> sa.Engine:
    kept = min(KEPT, connections)
    alive = {name: value for name, value in ALIVE.items() if name not in url.query}
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_use_lifo=True,
        pool_size=kept,
        max_overflow=connections - kept,
        connect_args={**alive, "fallback_application_name": _application()},
        **quiet,
    )
    sa.event.listen(engine, "connect", _prepare_postgresql)
    sa.event.listen(engine, "connect", _refuse_encoding, insert=True)  # before SQLAlchemy reads the server's version
    return engine


def _application() -> str:
    """Return what PostgreSQL's pg_stat_activity calls this process: `gecit work`; `gecit` inside Orthanc."""
    named = getattr(sys, "argv", [])[1:2]
    return " ".join(["gecit", *(one for one in named if one.isalpha())])


def _prepare_postgresql(connection: Any, _: ConnectionPoolEntry) -> None:
    """Prepare no statements where a pooler stands in between: each transaction may have another server process."""
    if behind_pooler(connection):
        connection.prepare_threshold = None


def _refuse_encoding(connection: Any, _: ConnectionPoolEntry) -> None:
    """Raise `LedgerEncodingError` where a database keeps another encoding: of a cluster made without a locale, say."""
    found = connection.info.parameter_status("server_encoding")
    if found not in ("UTF8", None):  # a pooler need not tell
        raise LedgerEncodingError(found)


def behind_pooler(connection: Any) -> bool:
    """Whether a driver's connection goes through PgBouncer: it tells a client a process id of its own making."""
    [found] = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    return bool(found != connection.info.backend_pid)


def _make_private(path: str) -> None:
    """Make the file this user's alone before SQLite makes it; the log beside it takes the file's mode."""
    with suppress(OSError):  # it stands, or SQLite says better why it cannot be made
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _prepare_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    waits = f"busy_timeout={BUSY_SECONDS * 1000}"
    for pragma in ("journal_mode=WAL", "synchronous=FULL", waits, f"wal_autocheckpoint={CHECKPOINT_PAGES}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another wrote meanwhile.
    if connection.get_execution_options().get("reading", False):
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_writing(connection)


def _begin_writing(connection: sa.Connection) -> None:
    """Begin as soon as the writer before has ended: SQLite's own waiting sleeps up to a tenth of a second at a time."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 -- for the type checker
    gives_up = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > gives_up:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, so that the fault is SQLAlchemy's
                    return
                time.sleep(WAIT_SECONDS)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
