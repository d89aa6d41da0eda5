"""Starts the node's processes, starts them again when they die, and stops them.

Each child holds the reading end of a pipe as its standard input. The writing end stays here and is never written to: it
closes when this process ends in whatever way, SIGKILL included, and the child then stops (see `life.py`).
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gecit.core.values import Value

log = logging.getLogger("gecit.supervisor")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
GOOD_LIFE_SECONDS = 60.0  # after such a life the next wait is the first one again
STOP_SECONDS = 10.0
SUPERVISED = "GECIT_SUPERVISED"  # set for the children: their standard input is the pipe
ALLOCATOR = {"MALLOC_ARENA_MAX": "2"}
"""Of glibc, where the environment says nothing else. The children have many threads, of which Python lets one run at a
time: by itself glibc keeps freed memory for each of them apart, and a process grows with every thread that was busy."""


class Child(Value):
    """A process to keep alive."""

    name: str
    command: tuple[str, ...]


class State(Value):
    """How a child is: `pid` 0 while it waits to be started again."""

    name: str
    pid: int
    since: datetime
    restarts: int


class Keeper:
    """Keeps one child alive, in its own thread."""

    def __init__(self, child: Child, environ: Mapping[str, str]) -> None:
        self._child = child
        self._environ = {**ALLOCATOR, **environ, SUPERVISED: "1"}
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # between starting a process and stopping the keeper
        self._restarts = 0
        self._since = datetime.now(UTC)
        self._thread = threading.Thread(target=self._keep, name=f"keep {child.name}", daemon=True)

    def start(self) -> None:
        """Start the child and watch it."""
        self._thread.start()

    def state(self) -> State:
        """Return how the child is."""
        process = self._process
        alive = process is not None and process.returncode is None
        pid = process.pid if process and alive else 0
        return State(name=self._child.name, pid=pid, since=self._since, restarts=self._restarts)

    def ask_to_stop(self) -> None:
        """Close the pipe; the child is not started again."""
        with self._lock:
            self._stopping.set()
            if self._process and self._process.stdin:
                self._process.stdin.close()

    def wait_stopped(self, seconds: float) -> None:
        """Wait for the child to end, then kill it, by its own pid."""
        if self._process is None:
            return
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            log.error("%s (pid %d) does not stop and is killed", self._child.name, self._process.pid)
            self._process.kill()
            self._process.wait()

    def _keep(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._live_once()
            if self._stopping.is_set():
                return
            wait = FIRST_WAIT_SECONDS if time.monotonic() - started >= GOOD_LIFE_SECONDS else wait
            log.error("%s ended with %s and is started again in %.1f s", self._child.name, code, wait)
            self._restarts += 1
            self._since = datetime.now(UTC)
            self._stopping.wait(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _live_once(self) -> int | str:
        try:
            process = self._begin()
        except OSError as fault:
            return f"cannot start: {fault.strerror}"
        if process is None:
            return "stopping"
        code = process.wait()
        if process.stdin:
            process.stdin.close()
        return code

    def _begin(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C in a terminal reaches the parent only, which then closes the pipe.
            self._process = subprocess.Popen(
                self._child.command, stdin=subprocess.PIPE, env=self._environ, start_new_session=True
            )
            self._since = datetime.now(UTC)
        log.info("%s started, pid %d", self._child.name, self._process.pid)
        return self._process


class Supervisor:
    """Keeps all children alive; usable inside Orthanc and outside of it."""

    def __init__(self, children: Sequence[Child], environ: Mapping[str, str] | None = None) -> None:
        self._keepers = [Keeper(one, os.environ if environ is None else environ) for one in children]
        self._stopped = False

    def start(self) -> None:
        """Start all children and return."""
        for keeper in self._keepers:
            keeper.start()

    def states(self) -> list[State]:
        """Return how the children are, in their order."""
        return [keeper.state() for keeper in self._keepers]

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask all children to stop, wait, and kill those that do not; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        for keeper in self._keepers:
            keeper.ask_to_stop()
        deadline = time.monotonic() + seconds
        for keeper in self._keepers:
            keeper.wait_stopped(deadline - time.monotonic())
