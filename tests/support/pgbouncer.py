"""A real PgBouncer in front of the tests' PostgreSQL: transactions are pooled, sessions are not."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from .node import until
from .postgres import Cluster, free_port

PROGRAM = "/usr/sbin/pgbouncer"
CONFIGURATION = """[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {servers}
max_client_conn = 200
"""


@contextmanager
def pgbouncer(postgres: Cluster, servers: int) -> Iterator[int]:
    """Run one with so many connections to PostgreSQL for each database; yields its port."""
    folder, port = Path(tempfile.mkdtemp(prefix="gecit-pgb-")), free_port()
    file = folder / "pgbouncer.ini"
    # `auth_type = any` ignores who asks, and then the database's line must name whom it is asked as.
    file.write_text(CONFIGURATION.format(postgres=f"{postgres.port} user=gecit", port=port, servers=servers))
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = pwd.getpwnam("postgres")
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        shutil.chown(folder, user.pw_uid, user.pw_gid)
        shutil.chown(file, user.pw_uid, user.pw_gid)
    with (folder / "said.log").open("wb") as said:
        process = subprocess.Popen([PROGRAM, str(file)], stdout=said, stderr=said, cwd="/", **owner)

    def answers() -> bool:
        assert process.poll() is None, (folder / "said.log").read_text()
        try:
            psycopg.connect(f"postgresql://gecit@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        until(answers, 30, "PgBouncer answers")
        yield port
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)
