"""hl7apy's MLLPServer: `python -m bench.anchors.hl7apy_server`. Answers without parsing, and keeps nothing.

It takes one message of a connection and closes it. Writes its port on the first line and ends with its standard input.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from hl7apy.mllp import AbstractHandler, MLLPServer

START, END = "\x0b", "\x1c\r"
KINDS = ("ORM^O01", "ORU^R01")


class Accept(AbstractHandler):  # type: ignore[misc]
    """Accepts whatever it is given."""

    def reply(self) -> str:
        """Return the answer in its frame."""
        head = self.incoming_message.split("\r", 1)[0].split("|")
        head[2:6], head[8] = [*head[4:6], *head[2:4]], "ACK"
        return f"{START}{'|'.join(head)}\rMSA|AA|{head[9]}\r{END}"


class Server(MLLPServer):  # type: ignore[misc]
    """One whose threads do not keep it from ending."""

    daemon_threads = True
    request_queue_size = 64


def main() -> None:
    """Listen until standard input ends."""
    handlers: dict[str, tuple[Any, ...]] = dict.fromkeys(
        [*KINDS, *(f"{one}^{one.replace('^', '_')}" for one in KINDS)], (Accept,)
    )
    server = Server("127.0.0.1", 0, handlers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
