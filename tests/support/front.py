"""A server of others in front of a node, in the foreground, with its own word in a file."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from tests.support.node import until


class Front:
    """What starts one and ends it. Who inherits gives `folder`, `port` and `command`."""

    folder: Path
    port: int
    command: list[str]
    process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start it and wait until it listens."""
        with (self.folder / "said.log").open("wb") as said:
            self.process = subprocess.Popen(self.command, stdout=said, stderr=said)
        until(self._listens, 20, f"{self.command[0]} listens; {self._said()}")

    def _said(self) -> str:
        return (self.folder / "said.log").read_text()

    def _listens(self) -> bool:
        assert self.process and self.process.poll() is None, self._said()
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> None:
        """End it, by its own pid."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def replaced(text: str, places: dict[str, str]) -> str:
    """Put what is here in the place of what is shipped; fails where that is not shipped any more."""
    for shipped, here in places.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text
