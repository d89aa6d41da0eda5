"""A receiver that only answers: `python -m bench.receiver`. Every delivery is accepted, at once.

Writes its port on the first line; when standard input ends, how many deliveries came, how many different ones, and when
each key first came (seconds of the machine's monotonic clock).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from urllib.parse import unquote

KEY = re.compile(rb"\r\nIdempotency-Key: ([^\r]+)", re.IGNORECASE)
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)


class Seen:
    """What came."""

    def __init__(self) -> None:
        self.count = 0
        self.first: dict[str, float] = {}

    def take(self, key: str) -> None:
        """Count a delivery."""
        self.count += 1
        self.first.setdefault(key, time.monotonic())


class Answering(asyncio.Protocol):
    """HTTP/1.1 as far as a client of ours speaks it: one request after the other on a kept connection."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._rest[:end])
            whole = end + 4 + int(length[1] if length else 0)
            if len(self._rest) < whole:
                return
            self._answer(self._rest[:end])
            self._rest = self._rest[whole:]

    def _answer(self, head: bytes) -> None:
        found = KEY.search(head)
        key = unquote(found[1].decode()) if found else ""
        self._seen.take(key)
        body = json.dumps({"key": key, "accepted": True, "code": "0000"}).encode()
        length = str(len(body)).encode()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + length + b"\r\n\r\n" + body
        )


async def serve(seen: Seen) -> None:
    """Answer until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(seen), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Serve, then say what came."""
    seen = Seen()
    asyncio.run(serve(seen))
    print(json.dumps({"count": seen.count, "first": seen.first}))


if __name__ == "__main__":
    main()
