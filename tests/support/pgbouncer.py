"""A real PgBouncer with the shipped configuration in front of the tests' PostgreSQL."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from .certificates import Authority
from .front import replaced as changed
from .node import HOME, until
from .postgres import Cluster, free_port

PROGRAM = "/usr/sbin/pgbouncer"
SHIPPED = HOME / "deploy/pgbouncer"
ROLE, PASSWORD = "pooled", "pooled%3Apassword"
SITE = re.compile(r"^; SITE.*\n(\S+) = .*$", re.M)


class Pooler(NamedTuple):
    """What PgBouncer listens on, and what it stands in front of."""

    port: int
    postgres: int
    authority: str = ""

    def before(self, url: str) -> str:
        """Return the address of a database by way of the pooler, as a role with a password."""
        return url.replace(f"gecit@127.0.0.1:{self.postgres}/", f"{ROLE}:{PASSWORD}@127.0.0.1:{self.port}/")

    def url(self, database: str) -> str:
        """Return the address of a database by way of the pooler, as libpq takes it."""
        url = self.before(f"postgresql://gecit@127.0.0.1:{self.postgres}/{database}")
        return f"{url}?sslmode=verify-ca&sslrootcert={self.authority}" if self.authority else url


def replaced(places: dict[str, str]) -> str:
    """Return the shipped file with other values below each SITE, and nothing else; fails where the keys differ."""
    text = (SHIPPED / "pgbouncer.ini").read_text()
    assert SITE.findall(text) == list(places)
    return SITE.sub(lambda found: places[found[1]], text)


def with_tls(text: str, folder: Path) -> str:
    """Switch the shipped lines of TLS on, with a certificate for this computer; its authority lies in the folder."""
    pair = Authority(folder).sign("localhost")
    on = text.replace("\n;client_tls", "\nclient_tls")
    places = {"/etc/pgbouncer/pooler.pem": str(pair.certificate), "/etc/pgbouncer/pooler.key": str(pair.key)}
    return changed(on, places)


def open_files() -> int:
    """Return how many files the shipped unit lets it open."""
    found = re.search(r"^LimitNOFILE=(\d+)$", (SHIPPED / "limits.conf").read_text(), re.M)
    assert found
    return int(found[1])


def role(postgres: Cluster) -> str:
    """Have a role that PostgreSQL lets in by SCRAM alone; returns its line of PgBouncer's file, by the page's query."""
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD '{PASSWORD.replace('%3A', ':')}'")
        ((path,),) = connection.execute("SHOW hba_file").fetchall()
        hba, line = Path(path), f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n"
        if line not in hba.read_text():
            hba.write_text(line + hba.read_text())
        connection.execute("SELECT pg_reload_conf()")
        page = (HOME / "docs/howto/availability.md").read_text()
        query = re.search(r"psql -Atc \"(SELECT .*)\" > /etc/pgbouncer/userlist.txt", page)
        assert query
        shown = query[1].replace("\\", "").replace("'gecit'", f"'{ROLE}'")
        ((found,),) = connection.execute(shown.encode()).fetchall()
    return f"{found}\n"


@contextmanager
def pgbouncer(postgres: Cluster, servers: int, *, tls: bool = False) -> Iterator[Pooler]:
    """Run one with so many connections to PostgreSQL for each database."""
    folder = Path(tempfile.mkdtemp(prefix="gecit-pgb-"))
    pooler = Pooler(free_port(), postgres.port, str(folder / "authority.pem") if tls else "")
    users, file = folder / "userlist.txt", folder / "pgbouncer.ini"
    users.write_text(role(postgres))
    places = {
        "gecit": f"* = host=127.0.0.1 port={postgres.port}",
        "listen_addr": "listen_addr = 127.0.0.1",
        "listen_port": f"listen_port = {pooler.port}",
        "auth_file": f"auth_file = {users}",
        "stats_users": f"stats_users = {ROLE}",
        "default_pool_size": f"default_pool_size = {servers}",
    }
    file.write_text(with_tls(replaced(places), folder) if tls else replaced(places))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = pwd.getpwnam("postgres")
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for one in (folder, *folder.iterdir()):
            shutil.chown(one, user.pw_uid, user.pw_gid)
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen(
            ["/usr/bin/prlimit", f"--nofile={open_files()}", PROGRAM, str(file)],
            stdout=said, stderr=said, cwd="/", **owner,
        )  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, (folder / "said.log").read_text()
        try:
            psycopg.connect(pooler.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        until(answers, 30, "PgBouncer answers")
        yield pooler
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
