"""The ledger through a real PgBouncer that pools transactions, and with few connections of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core.backups import BackupFault
from gecit.core.order import ExamKey
from gecit.edges.backup_ledger import copy_ledger
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.edges.store.engine import open_engine
from gecit.ports import Unavailable
from tests.support.pgbouncer import PASSWORD, ROLE, Pooler, pgbouncer
from tests.support.postgres import Cluster

from .test_ledger import NOW, order, placed

pytestmark = pytest.mark.postgres
MANY, ROUNDS, SERVERS = 8, 12, 2
"""A statement is prepared when it comes for the sixth time: fewer rounds would show nothing."""
IDLE = 1100
"""More than the open files that systemd gives a service that says nothing of them."""


@pytest.fixture(scope="module")
def between(postgres: Cluster) -> Iterator[Pooler]:
    with pgbouncer(postgres, SERVERS) as pooler:
        yield pooler


@pytest.fixture
def url(postgres: Cluster, between: Pooler) -> str:
    return between.before(postgres.new_database())


def an_exam(writer: int, number: int) -> ExamKey:
    return ExamKey(institution="10001", accession=f"W{writer}N{number}")


def work(ledger: SqlLedger, writer: int) -> None:
    """Write exams, queue what is to be delivered, lease it, read: what processes do all day."""
    for number in range(ROUNDS):
        key = an_exam(writer, number)
        ledger.write(lambda tx, key=key: tx.append(replace(placed(), exam=key, order=order(key))))  # type: ignore[misc]
        ledger.write(lambda tx, key=key: tx.queue("d", "k", str(key), key, b"{}", NOW))  # type: ignore[misc]
        ledger.lease("d", f"owner{writer}", NOW, NOW + timedelta(minutes=1), 1)
        assert ledger.read(lambda tx, key=key: tx.exam(key)) is not None  # type: ignore[misc]
        ledger.version()


def test_several_processes_work_through_a_pooler_of_transactions(url: str) -> None:
    processes = [open_ledger(url) for _ in range(2)]
    with ThreadPoolExecutor(MANY) as pool:
        for one in [pool.submit(work, processes[writer % 2], writer) for writer in range(MANY)]:
            one.result()
    assert len(processes[0].recent_exams(1000)) == MANY * ROUNDS
    leased = [one for one in processes[1].deliveries(limit=1000) if one.leased_by]
    assert len(leased) == MANY * ROUNDS, "each row was leased once"
    for process in processes:
        process.close()


def test_a_thousand_clients_at_rest_cost_no_connection_and_the_next_one_is_served(between: Pooler) -> None:
    with ExitStack() as held:
        for _ in range(IDLE):
            held.enter_context(psycopg.connect(between.url("postgres"), connect_timeout=10))
        last = held.enter_context(psycopg.connect(between.url("postgres"), connect_timeout=10))
        assert last.execute("SELECT 1").fetchone() == (1,)
        last.commit()
        asked = held.enter_context(psycopg.connect(between.url("pgbouncer"), autocommit=True))
        pools = asked.execute("SHOW POOLS").fetchall()
        (clients,) = [row[2] for row in pools if row[:2] == ("postgres", ROLE)]
        assert clients == IDLE + 1
        assert len([row for row in asked.execute("SHOW SERVERS").fetchall() if row[2] == "postgres"]) <= SERVERS


def test_nobody_is_let_in_without_the_roles_password(between: Pooler) -> None:
    for wrong in (between.url("postgres").replace(PASSWORD, "guessed"), between.url("postgres").replace(ROLE, "gecit")):
        with pytest.raises(psycopg.OperationalError, match=r"(?i)authentication|SASL|password"):
            psycopg.connect(wrong, connect_timeout=10)


def test_with_the_shipped_lines_of_tls_nobody_is_let_in_without(postgres: Cluster) -> None:
    with pgbouncer(postgres, SERVERS, tls=True) as pooler:
        url = pooler.url("postgres")
        psycopg.connect(url, connect_timeout=10).close()
        with pytest.raises(psycopg.OperationalError, match="SSL required"):
            psycopg.connect(url.replace("verify-ca", "disable"), connect_timeout=10)


def test_without_a_pooler_statements_are_prepared(postgres: Cluster, url: str) -> None:
    found = []
    for address in (postgres.new_database(), url):
        engine = open_engine(address)
        with engine.connect() as connection:
            found.append(connection.connection.driver_connection.prepare_threshold)  # type: ignore[union-attr]
        engine.dispose()
    assert found == [5, None]


def test_a_process_opens_no_more_connections_than_it_may(postgres: Cluster) -> None:
    url = postgres.new_database()
    ledger = open_ledger(url, connections=4)
    with ThreadPoolExecutor(MANY) as pool:
        for one in [pool.submit(work, ledger, writer) for writer in range(MANY)]:
            one.result()
    ours = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    with ledger.engine.connect() as connection:
        assert 1 <= (connection.scalar(ours) or 0) <= 4
    ledger.close()


def test_where_none_is_free_the_ledger_is_unavailable_and_recovers(postgres: Cluster) -> None:
    ledger = open_ledger(postgres.new_database(), connections=4)
    vars(ledger.engine.pool)["_timeout"] = 0.1  # thirty seconds are the product's
    held = [ledger.engine.connect() for _ in range(4)]
    with pytest.raises(Unavailable):
        ledger.write(lambda tx: tx.append(placed()))
    for one in held:
        one.close()
    ledger.write(lambda tx: tx.append(placed()))
    with ledger.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.event)) == 1
    ledger.close()


def test_a_backup_asks_for_postgresql_itself(url: str, tmp_path: Path) -> None:
    open_ledger(url).close()
    with pytest.raises(BackupFault, match=r"PgBouncer.*pg_dump.*PgBouncer.*pg_dump"):
        copy_ledger(url, tmp_path / "ledger.dump")
    assert not (tmp_path / "ledger.dump").exists()


def test_a_server_that_vanishes_is_not_waited_for_unless_the_address_says_so(postgres: Cluster) -> None:
    plain = postgres.new_database()
    for url, expected in ((plain, "30000"), (f"{plain}?tcp_user_timeout=1000", "1000")):
        engine = open_engine(url)
        with engine.connect() as connection:
            told = connection.connection.driver_connection.info.get_parameters()
        engine.dispose()
        assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("10", expected)
