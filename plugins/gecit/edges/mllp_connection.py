"""One connection of the HL7 door: a reader that queues frames, and a writer that answers them in the same order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from .mllp_framer import Fault, Framer, wrap

log = logging.getLogger("gecit.mllp")

_CHUNK = 65536


class Frame(NamedTuple):
    """A message as it came: without its framing, from whom (`core.peers`), when."""

    data: bytes
    peer: str
    received_at: datetime  # UTC


class Host(Protocol):
    """The door that a connection came through."""

    stopping: asyncio.Event

    @property
    def limits(self) -> tuple[int, int]:
        """Bytes of a frame, unanswered frames of a connection."""
        ...

    def holds(self, connection: Connection, size: int) -> None:
        """Take note of how much of a connection is unfinished."""
        ...

    async def submit(self, frame: Frame) -> asyncio.Future[bytes]:
        """Queue a frame."""
        ...

    def answer_bad(self, fault: Fault, peer: str) -> asyncio.Future[bytes]:
        """Count and log a fault."""
        ...


class Connection:
    """One sender: a reader that queues frames and a writer that sends their answers in the same order."""

    def __init__(
        self,
        listener: Host,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        peer: str,
        idle: float,
        *,
        known: bool,
    ) -> None:
        self._listener = listener
        self._reader = reader
        self._writer = writer
        self.peer, self.known = peer, known
        self.held = 0
        self.dismissed = False
        self.touched = time.monotonic()
        self._begun: float | None = None  # since when a frame is under way
        self._idle = idle
        max_bytes, window = listener.limits
        self._framer = Framer(max_bytes)
        self._slots = asyncio.Semaphore(window)
        self._answers: asyncio.Queue[asyncio.Future[bytes] | None] = asyncio.Queue()
        self._unanswered = 0
        self._receiving = False  # nothing that was read is in hand, so that reading may be broken off

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return self._unanswered > 0

    async def run(self) -> None:
        """Serve until the peer closes, idles, breaks the rules, or the listener stops."""
        writing = asyncio.create_task(self._write())
        reading = asyncio.create_task(self._read())
        stopping = asyncio.create_task(self._listener.stopping.wait())
        try:
            await asyncio.wait({writing, reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():  # the peer is gone or does not read: nothing more can be told
                return await writing
            if self._receiving:
                reading.cancel()
            await asyncio.wait({reading})
            self._answers.put_nowait(None)
            await writing
        finally:
            for task in (writing, reading, stopping):
                task.cancel()
            await asyncio.gather(writing, reading, stopping, return_exceptions=True)

    async def _read(self) -> None:
        while not self._framer.dead and not self._listener.stopping.is_set():
            data = await self._receive()
            for one in self._framer.feed(data) if data else self._framer.finish():
                self._begun = None
                await self._take(one)
            self._note()
            if not data:
                return

    def _note(self) -> None:
        self.touched = time.monotonic()
        self._begun = None if self._framer.empty else self._begun or self.touched
        self._listener.holds(self, self._framer.held)

    def _patience(self) -> float:
        """Seconds for which the next bytes are waited for; a frame that drips is whole in as many or never."""
        return self._idle if self._begun is None else max(self._begun + self._idle - time.monotonic(), 0.001)

    async def _receive(self) -> bytes:
        """Read some bytes; none at the end of the stream, after idling, or where a frame takes too long."""
        while True:
            try:
                self._receiving = True
                async with asyncio.timeout(self._patience()):
                    return await self._reader.read(_CHUNK)
            except TimeoutError:
                if not self._unanswered or self._begun is not None:
                    log.info("idle connection closed (peer %s)", self.peer)
                    return b""
            except OSError:
                return b""
            finally:
                self._receiving = False

    async def _take(self, one: bytes | Fault) -> None:
        await self._slots.acquire()
        self._unanswered += 1
        if isinstance(one, bytes):
            answer = await self._listener.submit(Frame(one, self.peer, datetime.now(UTC)))
        else:
            answer = self._listener.answer_bad(one, self.peer)
        self._answers.put_nowait(answer)

    async def _write(self) -> None:
        while (waiting := await self._answers.get()) is not None:
            answer = await waiting
            if answer:
                self._writer.write(wrap(answer))
                async with asyncio.timeout(self._idle):
                    await self._writer.drain()
            self._unanswered -= 1
            self._slots.release()
        with contextlib.suppress(OSError):
            await self._writer.drain()
