"""A ledger copied while it is written to, and put back: SQLite's online backup, or pg_dump with a snapshot."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url

from ..core.backups import said
from ..core.values import Value
from .store import schema
from .store.engine import behind_pooler, open_engine
from .store.fence import keep
from .store.standing import standing

LOCK_WAIT = "--lock-wait-timeout=30s"
"""Of pg_dump: behind a migration that waits for this backup's own transaction it would wait for ever, all nodes too."""

COUNTED = (*schema.RECORD, schema.exam, schema.study, schema.outbox, schema.audit)


class Copied(Value):
    """What a copy of a ledger holds."""

    schema: str
    rows: dict[str, int]


def engine_of(database: str) -> str:
    """Return `sqlite` or `postgresql`."""
    return make_url(database).get_backend_name()


def copy_ledger(database: str, to: Path) -> Copied:
    """Copy the ledger as it stands at one moment, while others write; raises `BackupFault`."""
    if engine_of(database) == "sqlite":
        copy_sqlite(Path(str(make_url(database).database)), to)
        with _engine(f"sqlite:///{to}") as engine, engine.connect() as connection:
            return _copied(connection)
    with _engine(database) as engine, engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            keep(connection)  # else a migration would begin between two tables: a rewritten one would look empty
            found = _copied(connection)
            snapshot = str(connection.scalar(sa.select(sa.func.pg_export_snapshot())))
            _run("pg_dump", database, "--format=custom", f"--snapshot={snapshot}", f"--file={to}", LOCK_WAIT)
    return found


def put_back(database: str, copy: Path, *, again: bool = False) -> None:
    """Put a copy in an empty ledger's place; `again`: over what an earlier try left there. Raises `BackupFault`."""
    if engine_of(database) == "sqlite":
        target = Path(str(make_url(database).database))
        for ending in ("", "-wal", "-shm"):
            Path(f"{target}{ending}").unlink(missing_ok=True)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(copy, target)
        target.chmod(0o600)
        return
    if again:
        _empty(database)
    _run("pg_restore", database, "--exit-on-error", "--single-transaction", str(copy))


def _empty(database: str) -> None:
    """Drop all tables, in one transaction: an earlier try may have brought them up to a later schema than the copy's.

    `pg_restore --clean` drops what the copy names alone, and what a migration made since would stand in its way.
    """
    with _engine(database) as engine, engine.begin() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        found.drop_all(connection)


def is_empty(database: str) -> bool:
    """Whether there is no ledger yet."""
    if engine_of(database) == "sqlite":
        return not Path(str(make_url(database).database)).exists()
    with _engine(database) as engine:
        return not sa.inspect(engine).get_table_names()


def counted(database: str) -> Copied:
    """Return what a ledger that nobody writes to holds."""
    with _engine(database) as engine, engine.connect() as connection:
        return _copied(connection)


def copy_sqlite(path: Path, to: Path) -> None:
    """Copy a file of SQLite whole, in one step: writers wait for nothing, what they commit meanwhile is left out."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=30)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    to.chmod(0o600)


@contextmanager
def _engine(database: str) -> Iterator[sa.Engine]:
    engine = open_engine(database)
    try:
        yield engine
    finally:
        engine.dispose()


def _copied(connection: sa.Connection) -> Copied:
    tables = {one.name: connection.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in COUNTED}
    return Copied(schema=standing(connection) or "", rows=tables)


def _run(program: str, database: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; no password stands on its command line.

    Both set what a session goes by (`search_path`), and a pooler of transactions would give that to others.
    """
    with _engine(database) as engine, engine.connect() as connection:
        if behind_pooler(connection.connection.driver_connection):
            raise said("pooler", program=program)
    url = make_url(database)
    command = [program, "--no-owner", "--no-privileges", f"--dbname={_conninfo(url)}", *arguments]
    environ = {**os.environ, **({"PGPASSWORD": url.password} if isinstance(url.password, str) else {})}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    except FileNotFoundError as fault:
        raise said("no program", program=program) from fault
    if done.returncode:
        raise said("program failed", program=program, why=" ".join(done.stderr.split())[:400])


def _conninfo(url: URL) -> str:
    parts: Mapping[str, object] = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    more = {name: value if isinstance(value, str) else _last(value) for name, value in url.query.items()}
    return make_conninfo(**{name: str(value) for name, value in {**parts, **more}.items() if value is not None})


def _last(values: Sequence[str]) -> str:
    return values[-1]
