"""python-hl7's own MLLP server: `python -m bench.anchors.python_hl7_server`. Parses, answers, keeps nothing.

Writes its port on the first line and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from hl7.mllp import start_hl7_server

LIMIT = 1 << 20  # bytes of a frame


async def answer(reader: Any, writer: Any) -> None:
    """Answer every message of a connection, one after the other."""
    try:
        while True:
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    """Listen until standard input ends."""
    server = await start_hl7_server(answer, "127.0.0.1", 0, limit=LIMIT, encoding="utf-8")
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
