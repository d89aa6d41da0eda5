"""Several versions and processes of Geçit meet at one PostgreSQL ledger: one migrates, an old one goes no further."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest
import sqlalchemy as sa

from gecit.core.backups import BackupFault
from gecit.edges import backup_ledger
from gecit.edges.store import SqlLedger, fence, open_ledger, schema
from gecit.edges.store.engine import open_engine
from gecit.edges.store.fence import LedgerMovedError, hold_to
from gecit.edges.store.migrate import migrate
from gecit.ports import Unavailable
from tests.support.node import until
from tests.support.postgres import Cluster

from .test_ledger import placed
from .test_upgrade_whole import before, walk

TOGETHER = 6
OPENS = """
import logging, sys
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s %(message)s")
from gecit.edges.store import open_ledger
open_ledger(sys.argv[1]).close()
"""
MIGRATING = f"SELECT pg_advisory_xact_lock({0x6765636974})"
IMPATIENT = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 2000',"
    " current_database()); END $$"
)
WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    " WHERE datname = current_database() AND NOT granted AND locktype = %s"
)


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.new_database()


@contextmanager
def asking(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        yield connection


def waiting(connection: psycopg.Connection, kind: str) -> int:
    found = connection.execute(WAITING, [kind]).fetchone()
    connection.rollback()
    return int(found[0]) if found else 0


def bare(url: str) -> None:
    """Leave the database as it is."""


def of_an_earlier_release(url: str) -> None:
    before(url)


@pytest.mark.postgres
@pytest.mark.parametrize("found", [bare, of_an_earlier_release])
def test_of_processes_that_start_at_the_same_moment_one_migrates_and_the_others_wait(
    url: str, found: Callable[[str], None]
) -> None:
    found(url)
    with asking(url) as holder, asking(url) as looking:
        holder.execute(MIGRATING)  # nobody begins before all are there
        started = [
            subprocess.Popen([sys.executable, "-c", OPENS, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(TOGETHER)
        ]
        try:
            until(lambda: waiting(looking, "advisory") == TOGETHER, 240, "all wait for their turn")
            holder.rollback()
            said = [one.communicate(timeout=240)[0].decode() for one in started]
        finally:
            for one in started:
                if one.poll() is None:
                    one.kill()
                    one.wait()
    assert [one.returncode for one in started] == [0] * TOGETHER, said
    assert sorted(text.count("the ledger's schema is brought from") for text in said) == [0] * (TOGETHER - 1) + [1]
    ledger = open_ledger(url)
    ledger.write(lambda tx: tx.append(placed()))
    ledger.close()


@pytest.mark.postgres
def test_while_a_migration_waits_for_a_long_dump_others_are_let_through(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fence, "RESTS", 0.5)
    before(url)
    engine = open_engine(url)
    with asking(url) as dump, asking(url) as other, asking(url) as looking:
        dump.execute("SELECT * FROM alembic_version")  # as pg_dump does, for as long as it runs
        migrating = threading.Thread(target=migrate, args=(engine,))
        migrating.start()
        try:
            until(lambda: waiting(looking, "relation") == 1, 60, "the migration waits for the dump")
            other.execute("SET lock_timeout = '60s'")
            other.execute("SELECT * FROM alembic_version")  # as every transaction begins; it would wait for the dump
            other.rollback()
            assert migrating.is_alive()
            until(lambda: f": {dump.info.backend_pid} (" in caplog.text, 60, "the log says for whom it waits")
        finally:
            dump.rollback()
            migrating.join(120)
    engine.dispose()
    assert not migrating.is_alive()
    open_ledger(url).close()


def test_each_try_has_others_wait_twice_as_long_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []
    rests: list[float] = []

    def tried(_: object, statement: str, seconds: float) -> bool:
        tries.append(seconds)
        return len(tries) == 6

    asked = SimpleNamespace(dialect=SimpleNamespace(name="postgresql"), exec_driver_sql=lambda _: [])
    monkeypatch.setattr(fence, "_is_locked", tried)
    monkeypatch.setattr(fence, "time", SimpleNamespace(monotonic=time.monotonic, sleep=rests.append))
    fence.shut(cast(sa.Connection, asked))
    assert (tries, rests) == ([0.5, 1, 2, 4, 8, 8], [1.5, 3, 6, 12, 24])


@pytest.mark.postgres
def test_a_migration_that_rests_is_not_ended_by_a_server_that_ends_idle_transactions(url: str) -> None:
    before(url)
    engine = open_engine(url)
    done: list[str] = []
    with asking(url) as dump, asking(url) as looking:
        dump.execute("SELECT * FROM alembic_version")
        looking.execute(IMPATIENT)
        looking.commit()  # of connections that begin from now on
        migrating = threading.Thread(target=lambda: done.append(migrate(engine)))
        migrating.start()
        try:
            until(lambda: waiting(looking, "relation") == 1, 60, "the migration waits for the dump")
            until(lambda: waiting(looking, "relation") == 0, 60, "it rests")
            until(lambda: waiting(looking, "relation") == 1, 60, "it waits again")
        finally:
            dump.rollback()
            migrating.join(120)
    engine.dispose()
    assert done and schema_of(url) == done[0]


@pytest.mark.postgres
def test_while_a_migration_waits_for_a_long_dump_processes_of_the_version_that_runs_start(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that died is started again, and `gecit` is asked something: they would stand until the dump has ended."""
    before(url)
    stands = schema_of(url)
    engine, same = open_engine(url), open_engine(url)
    with asking(url) as dump, asking(url) as looking:
        dump.execute("SELECT * FROM alembic_version")
        migrating = threading.Thread(target=migrate, args=(engine,))
        migrating.start()
        starting = threading.Thread(target=migrate, args=(same,))
        try:
            until(lambda: waiting(looking, "relation") == 1, 60, "the migration waits for the dump")
            monkeypatch.setattr("gecit.edges.store.migrate.newest", lambda: stands)
            starting.start()
            starting.join(20)
            assert not starting.is_alive()
            assert migrating.is_alive()
        finally:
            dump.rollback()
            migrating.join(120)
            starting.join(120)
    engine.dispose()
    same.dispose()


def schema_of(url: str) -> str:
    with asking(url) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return each table with its columns and rows, whoever made it."""
    engine = open_engine(url)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            name: [tuple(str(one) for one in table.columns), *sorted(connection.execute(sa.select(table)), key=repr)]
            for name, table in tables.tables.items()
        }
    engine.dispose()
    return found


def test_a_process_of_an_older_version_says_so_in_both_languages_and_touches_nothing(
    ledger_url: str, tmp_path: Path
) -> None:
    open_ledger(ledger_url).close()
    newer(ledger_url)
    stood = everything(ledger_url)
    environ = {**os.environ, "GECIT_DATA": str(tmp_path / "data"), "ORTHANC__GECIT__DATABASE": ledger_url}
    for command in (["listen"], ["ledger", "rebuild"]):
        done = subprocess.run(
            [sys.executable, "-m", "gecit.cli", *command], env=environ, capture_output=True, text=True, check=False,
            timeout=240,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        for words in (
            "(şema 9999)",
            "sistem yöneticisi",
            "(schema 9999)",
            "system administrator must",
            "gecit restore",
        ):
            assert words in done.stderr, (command, done.stderr)
    assert everything(ledger_url) == stood


def newer(url: str) -> None:
    """Leave a ledger as a version to come would."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()


def test_a_process_that_runs_while_the_schema_moves_on_stops_and_says_so_once(
    ledger: SqlLedger, ledger_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.write(lambda tx: tx.append(placed()))
    newer(ledger_url)
    stood = everything(ledger_url)
    for _ in range(3):
        with pytest.raises(Unavailable, match=r"9999.*sistem yöneticisi.*9999.*system administrator"):
            ledger.write(lambda tx: tx.append(placed()))
        with pytest.raises(LedgerMovedError):
            ledger.recent_exams(10)
    assert everything(ledger_url) == stood
    assert len([one for one in caplog.records if one.name == "gecit.ledger" and "9999" in one.getMessage()]) == 1


@pytest.mark.postgres
def test_a_reader_that_waited_for_a_migration_sees_that_the_schema_moved_on(url: str) -> None:
    ledger = open_ledger(url)
    found: list[object] = []

    def reads() -> None:
        try:
            found.append(ledger.recent_exams(10))
        except LedgerMovedError as fault:
            found.append(fault)

    with asking(url) as migrating, asking(url) as looking:
        migrating.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        late = threading.Thread(target=reads)
        late.start()
        until(lambda: waiting(looking, "relation") == 1, 30, "the reader waits for the migration")
        migrating.execute("UPDATE alembic_version SET version_num = '9999'")
        migrating.commit()
        late.join(60)
    assert [type(one) for one in found] == [LedgerMovedError]
    ledger.close()


@pytest.mark.postgres
def test_a_backup_that_meets_a_migration_ends_and_the_migration_goes_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration waits for the backup, pg_dump for the migration, the backup for pg_dump: PostgreSQL sees none."""
    open_ledger(url).close()
    monkeypatch.setattr(backup_ledger, "LOCK_WAIT", "--lock-wait-timeout=1s")
    copied = backup_ledger._copied
    with asking(url) as migrating, asking(url) as looking:
        comes = threading.Thread(target=migrating.execute, args=["LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"])

        def meets(connection: sa.Connection) -> backup_ledger.Copied:
            comes.start()
            until(lambda: waiting(looking, "relation") == 1, 30, "the migration waits for the backup")
            return copied(connection)

        monkeypatch.setattr(backup_ledger, "_copied", meets)
        with pytest.raises(BackupFault, match="pg_dump"):
            backup_ledger.copy_ledger(url, tmp_path / "copy")
        comes.join(60)
        assert not comes.is_alive()


@pytest.mark.postgres
def test_what_was_begun_before_a_migration_is_kept_and_what_comes_after_it_is_refused(url: str) -> None:
    """The migration waits for a transaction that runs, others for the migration: none is written in between."""
    walk(url, "0019").dispose()
    old = open_engine(url)
    hold_to(old, "0019")
    write = sa.insert(schema.cursor).values(node="n1", change=7)
    new = open_engine(url)
    refused: list[Exception] = []

    def comes_late() -> None:
        try:
            with old.begin() as connection:
                connection.execute(write)
        except LedgerMovedError as fault:
            refused.append(fault)

    with asking(url) as looking:
        migrating = threading.Thread(target=migrate, args=[new])
        late = threading.Thread(target=comes_late)
        with old.begin() as connection:
            connection.execute(write)
            migrating.start()
            until(lambda: waiting(looking, "relation") == 1, 30, "the migration waits for who writes")
            late.start()
            until(lambda: waiting(looking, "relation") == 2, 30, "who comes late waits for the migration")
        migrating.join(60)
        late.join(60)
    old.dispose()
    assert len(refused) == 1
    with new.connect() as connection:
        assert connection.scalar(sa.select(schema.cursor.c.change)) == 7
    assert migrate(new) != "0019"
    new.dispose()
