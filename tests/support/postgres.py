"""A PostgreSQL cluster of the tests' own: in a temporary folder, on loopback, stopped by its own process."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path:
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not newest:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, which installs it")
    return newest[-1].parent


class Cluster:
    """A running server; `new_database` gives each test its own."""

    def __init__(self, folder: Path, *, durable: bool = False, connections: int = 60) -> None:
        self.folder = folder
        self._fsync, self._connections = "on" if durable else "off", connections
        self.port = free_port()
        self._as: dict[str, str | int] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam("postgres")
            shutil.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid}
        if not (folder / "data").exists():
            self._run("initdb", "-D", str(folder / "data"), "-U", "gecit", "--auth=trust", "-E", "UTF8", "--no-sync")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(_programs() / program), *arguments],
            capture_output=True, text=True, check=False, cwd="/", extra_groups=[] if self._as else None, **self._as,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [
            "-c",
            f"fsync={self._fsync}",
            "-c",
            f"unix_socket_directories={self.folder}",
            "-c",
            f"max_connections={self._connections}",
        ]
        self.process = subprocess.Popen(
            [
                str(_programs() / "postgres"), "-D", str(self.folder / "data"),
                "-h", "127.0.0.1", "-p", str(self.port), *options,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            extra_groups=[] if self._as else None, **self._as,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres").replace("+psycopg", ""), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """SIGKILL of the postmaster, by process id; returns when its back ends have noticed and ended."""
        ends = psutil.Process(self.process.pid).children()
        self.process.kill()
        self.process.wait()
        _, left = psutil.wait_procs(ends, 30)
        assert not left, "back ends outlive their postmaster: a start would find its memory in use"

    def stop(self) -> None:
        """Fast shutdown (SIGINT), by process id."""
        self.process.send_signal(2)
        self.process.wait(30)

    def databases(self) -> set[str]:
        """Return the names of its databases."""
        with psycopg.connect(self.url("postgres").replace("+psycopg", "")) as connection:
            return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://gecit@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str = "") -> str:
        """Make an empty database and return its URL."""
        name = name or f"t{uuid4().hex}"
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


@contextmanager
def cluster(*, durable: bool = False, kept: Path | None = None, connections: int = 60) -> Iterator[Cluster]:
    """Run a cluster for as long as the block lasts; `durable`: a commit waits for the disk, as in a hospital.

    Where `kept` names a folder, its databases stay for another run.
    """
    folder = kept or Path(tempfile.mkdtemp(prefix="gecit-pg-"))
    folder.mkdir(parents=True, exist_ok=True)
    running = Cluster(folder, durable=durable, connections=connections)
    try:
        yield running
    finally:
        running.stop()
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)
