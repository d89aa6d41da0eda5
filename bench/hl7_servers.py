"""HL7 servers of others that answer the very same messages from the very same sender: how many a second.

Each does the least that it can: python-hl7's and simple-hl7 (Node.js) parse and answer, hl7apy's answers without
parsing; none keeps anything. hl7apy's takes one message of a connection, simple-hl7 one at a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gecit.core.values import Value

from .nodes import HOME

NODE = HOME / "build" / "bench-node"
FETCHED = ("bench/anchors/node", "build/bench-node", "ölçümün HL7 sunucusu alınıyor | fetching the bench's HL7 server")


class Server(Value):
    """How one is started, and what it can do."""

    said: str
    command: tuple[str, ...]
    windows: bool = True  # takes messages before it has answered those before
    reconnect: bool = False  # a connection for each message

    def figure(self, frames: Path, connections: int, window: int, count: int) -> float:
        """Return messages a second over so many connections; RuntimeError where one was not accepted."""
        with listening(self.command) as port:
            seconds = said_by(sender(port, frames, connections, window=window, reconnect=self.reconnect), count)
        return count / seconds["seconds"]


SERVERS = {
    "python_hl7_server": Server(
        said="python-hl7's MLLP server, nothing kept", command=(sys.executable, "-m", "bench.anchors.python_hl7_server")
    ),
    "node_server": Server(
        said="simple-hl7 on Node.js, nothing kept",
        command=("node", "bench/anchors/node/server.cjs", str(NODE)),
        windows=False,
    ),
    "hl7apy_server": Server(
        said="hl7apy's MLLPServer, nothing kept",
        command=(sys.executable, "-m", "bench.anchors.hl7apy_server"),
        windows=False,
        reconnect=True,
    ),
}


def fetch() -> None:
    """Fetch what npm has, once."""
    subprocess.run(["scripts/npm-folder.sh", *FETCHED], cwd=HOME, check=True)


@contextmanager
def listening(command: tuple[str, ...]) -> Iterator[int]:
    """Run a server that writes its port on its first line and ends with its standard input; yield the port."""
    process = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate(timeout=30)


def sender(
    port: int, frames: Path, connections: int, *, pace: float = 0.0, window: int = 1, reconnect: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process that sends a file of frames."""
    command = [sys.executable, "-m", "bench.hl7_sender", str(port), str(frames), str(connections)]
    more = ["--pace", str(pace), "--window", str(window), *(["--reconnect"] if reconnect else [])]
    return subprocess.Popen([*command, *more], cwd=HOME, stdout=subprocess.PIPE)


def said_by(sending: subprocess.Popen[bytes], count: int) -> dict[str, float]:
    """Wait for a sender and return what it says; RuntimeError where not every message was accepted."""
    out, _ = sending.communicate()
    said = json.loads(out)
    if said.pop("codes") != {"AA": count}:
        raise RuntimeError(f"not every message was accepted: {out!r}")
    return {name: float(value) for name, value in said.items()}
