"""An HBYS that sends frames: `python -m bench.hl7_sender PORT FILE CONNECTIONS [--pace PER_SECOND] [--window COUNT]`.

Each connection sends a message after the answer to the one before, as MLLP has it, or so many before it waits for
their answers; with a pace, the messages leave at that rate, whatever the answers do. With `--reconnect` each message
has a connection of its own. Writes one JSON object: seconds in all, answers by MSA-1, latencies in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

END = b"\x1c\r"
ANSWER = re.compile(rb"\rMSA\|(A[AER])\|")


class Tally:
    """What was answered, and how long each answer took."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.seconds: list[float] = []

    def take(self, answer: bytes, seconds: float) -> None:
        """Count one answer."""
        found = ANSWER.search(answer)
        self.codes[found[1].decode() if found else "none"] += 1
        self.seconds.append(seconds)


async def speak(port: int, frames: Sequence[bytes], tally: Tally, pace: float, window: int) -> None:
    """Send frames over one connection, `window` before their answers are waited for, none before its turn."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start = time.monotonic()
    for number in range(0, len(frames), window):
        some = frames[number : number + window]
        turn = start + number / pace if pace else 0.0
        if (early := turn - time.monotonic()) > 0:
            await asyncio.sleep(early)
        asked = turn or time.monotonic()  # a message that must wait for the answer before it waits all the same
        writer.write(b"".join(some))
        for _ in some:
            tally.take(await reader.readuntil(END), time.monotonic() - asked)
    writer.close()


async def speak_once(port: int, frames: Sequence[bytes], tally: Tally) -> None:
    """Send frames one after the other, each over a connection of its own."""
    for one in frames:
        asked = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        writer.write(one)
        tally.take(await reader.readuntil(END), time.monotonic() - asked)
        writer.close()


def read_frames(path: Path) -> list[bytes]:
    """Read frames as `write_frames` wrote them."""
    return [one + END for one in path.read_bytes().split(END)[:-1]]


def write_frames(path: Path, messages: Iterator[bytes]) -> None:
    """Write messages one after the other, each in its frame."""
    with path.open("wb") as out:
        for one in messages:
            out.write(b"\x0b" + one + END)


def send(
    port: int, frames: Sequence[bytes], connections: int, pace: float, window: int, *, reconnect: bool = False
) -> dict[str, object]:
    """Send frames over so many connections and return what there is to say of it."""
    tally = Tally()

    async def everybody() -> None:
        shares = [frames[number::connections] for number in range(connections)]
        if reconnect:
            await asyncio.gather(*(speak_once(port, one, tally) for one in shares))
        else:
            await asyncio.gather(*(speak(port, one, tally, pace / connections, window) for one in shares))

    start = time.monotonic()
    asyncio.run(everybody())
    end = time.monotonic()
    cuts = quantiles(tally.seconds, n=100, method="inclusive")
    return {
        "seconds": end - start,
        "began": start,  # by the clock that all processes of the machine share
        "ended": end,
        "codes": dict(tally.codes),
        "p50": 1000 * cuts[49],
        "p99": 1000 * cuts[98],
        "most": 1000 * max(tally.seconds),
    }


def main() -> None:
    """Send what the command line names."""
    reader = argparse.ArgumentParser(prog="python -m bench.hl7_sender", description=__doc__)
    reader.add_argument("port", type=int)
    reader.add_argument("file", type=Path)
    reader.add_argument("connections", type=int)
    reader.add_argument("--pace", type=float, default=0.0)
    reader.add_argument("--window", type=int, default=1)
    reader.add_argument("--reconnect", action="store_true")
    chosen = reader.parse_args()
    frames = read_frames(chosen.file)
    ways = chosen.connections, chosen.pace, chosen.window
    print(json.dumps(send(chosen.port, frames, *ways, reconnect=chosen.reconnect)))


if __name__ == "__main__":
    main()
