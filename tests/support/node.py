"""A real Orthanc with our own configuration and plugin, on free ports and a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import requests
from argon2 import PasswordHasher

from gecit.edges.store import open_ledger

HOME = Path(__file__).parents[2]
ORTHANC = "/usr/sbin/Orthanc"
ADMINISTRATOR = ("yönetici", "çok gizli: parola")
START_SECONDS = 90.0
STOP_SECONDS = 20.0


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is true; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.05)


class Node:
    """One Orthanc process. `environ` is laid over the usual environment."""

    def __init__(self, data: Path, config: Path = HOME / "orthanc-config", environ: Mapping[str, str] = {}) -> None:
        self.data = data
        self.config = config
        self.http, self.dicom, self.mllp, self.web = free_ports(4)
        self.url = f"http://127.0.0.1:{self.http}"
        self.log = data / "orthanc.log"
        self.database = f"sqlite:///{data}/ledger.db"
        self.process: subprocess.Popen[bytes] | None = None
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GECIT_", "ORTHANC__"))},
            "GECIT_HOME": str(HOME),
            "GECIT_VENV": sys.prefix,
            "GECIT_DATA": str(data),
            "GECIT_HTTP_PORT": str(self.http),
            "GECIT_DICOM_PORT": str(self.dicom),
            "GECIT_MLLP_PORT": str(self.mllp),
            "GECIT_WEB_PORT": str(self.web),
            "ORTHANC__GECIT__PYTHON": str(Path(sys.prefix) / "bin/python"),
            "TCP_NODELAY": "1",
            **environ,
        }

    def add_administrator(self) -> None:
        """Give the node somebody who can sign in."""
        ledger = open_ledger(self.database)
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        ledger.add_administrator(ADMINISTRATOR[0], cheap.hash(ADMINISTRATOR[1]), datetime.now(UTC))
        ledger.close()

    def start(self) -> Node:
        """Start Orthanc and return at once."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [ORTHANC, str(self.config)], cwd=self.data, env=self.environ, stdout=log, stderr=log
            )
        return self

    def wait_live(self) -> Node:
        """Return when Orthanc and the web process answer."""
        until(self._lives, START_SECONDS, "Orthanc and the web process answer")
        return self

    def _lives(self) -> bool:
        assert self.process
        assert self.process.poll() is None, f"Orthanc ended with {self.process.returncode}"
        try:
            return self.get("/gecit/api/live").status_code == 200 and self.get("/system").status_code == 200
        except requests.ConnectionError:
            return False

    def ask(self, method: str, path: str, *, signed_in: bool = True, **more: object) -> requests.Response:
        """Send a request to Orthanc's port."""
        if signed_in:
            user, password = (one.encode() for one in ADMINISTRATOR)
            more["auth"] = (user, password)
        return requests.request(method, self.url + path, timeout=20, allow_redirects=False, **more)  # type: ignore[arg-type]

    def get(self, path: str, *, signed_in: bool = True, **more: object) -> requests.Response:
        """Read from Orthanc's port."""
        return self.ask("GET", path, signed_in=signed_in, **more)

    def internal(self) -> dict[str, str]:
        """Return the header by which the node's own processes open Orthanc."""
        return {"Authorization": f"Bearer {(self.data / 'run/internal.token').read_text()}"}

    def children(self) -> dict[str, psutil.Process]:
        """Return the node's processes by their name: web, listen, work."""
        assert self.process
        found = psutil.Process(self.process.pid).children()
        return {_last_word(one): one for one in found if alive(one)}

    def stop(self) -> float:
        """Send SIGTERM and wait; returns how long it took, in seconds."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)
        return time.monotonic() - began

    def end(self) -> None:
        """End it in whatever way, by its own pid."""
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log_text(self) -> str:
        """Return what Orthanc and its processes wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def alive(process: psutil.Process) -> bool:
    """Whether a process runs: one that nobody has waited for yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _last_word(process: psutil.Process) -> str:
    """Return `work` of `python -m gecit.cli work`."""
    try:
        return (process.cmdline() or [""])[-1]
    except psutil.Error:
        return ""


@pytest.fixture
def make_node(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Node]]:
    """Make nodes that are not started yet; all are ended after the test, with their log where it failed."""
    made: list[Node] = []

    def make(**more: object) -> Node:
        data = tmp_path / f"node{len(made)}"
        data.mkdir()
        made.append(Node(data, **more))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for node in made:
        node.end()
        sys.stdout.write(f"--- log of {node.data.name}\n{node.log_text()}")


@pytest.fixture(scope="module")
def orthanc_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A running node with an administrator, shared by the tests of one file."""
    node = Node(tmp_path_factory.mktemp("node"))
    node.add_administrator()
    try:
        yield node.start().wait_live()
    finally:
        node.end()
        sys.stdout.write(f"--- log of the node\n{node.log_text()}")
