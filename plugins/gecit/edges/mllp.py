"""MLLP: frames from many connections, committed in groups, answered in order and only after the commit.

An exception's own words never reach the log, since they may quote a message; its type and its place do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ..core.faults import described
from ..core.peers import written
from .mllp_connection import Connection, Frame
from .mllp_framer import Fault
from .mllp_room import largest, longest_silent

__all__ = ["Frame", "Listener"]

log = logging.getLogger("gecit.mllp")

GATHER_SECONDS = 0.002
HANDSHAKE_SECONDS = 20.0
STRANGERS, STRANGER_SECONDS = 16, 10.0
"""Connections of addresses that speak for nobody, all together, and how long each may be silent."""
ASKED = 64
"""Of one peer so many, or as many as may be open, wait until it is known who it is: a slow ledger gathers no crowd."""


class _Waiting(NamedTuple):
    frame: Frame
    answer: asyncio.Future[bytes]


class Listener:
    """An MLLP server. `handle_batch` runs in one worker thread and must have made its work durable when it returns.

    `handle_batch(frames)` returns one answer per frame. Where it raises, each frame is tried alone; one that raises
    still is answered by `on_failure(frame, error)`. `on_bad_frame(kind, peer, head)` answers what is no frame
    (`too-long`, `truncated`); an empty answer is not sent. Sizes are bytes, times seconds. At most `window` frames of
    one connection, and `max_waiting_bytes` of all, wait for their answers: then reading pauses. As much may be
    unfinished. Where the door is full, whoever takes most of it makes room (`mllp_room`). A peer that `knows` (asked
    in a thread) does not know is told so like any sender, but has a small room of its own with all its kind.
    """

    def __init__(
        self,
        host: str,
        port: int,
        handle_batch: Callable[[list[Frame]], list[bytes]],
        *,
        max_bytes: int,
        idle_seconds: float,
        max_connections: int,
        on_bad_frame: Callable[[str, str, bytes], bytes],
        on_failure: Callable[[Frame, Exception], bytes],
        group_max: int = 256,
        window: int = 64,
        max_waiting_bytes: int = 256 * 1024 * 1024,
        tls: ssl.SSLContext | None = None,
        knows: Callable[[str], bool] = lambda peer: True,
    ) -> None:
        self._knows = knows
        self._address = (host, port)
        self._handle_batch = handle_batch
        self._on_bad_frame = on_bad_frame
        self._on_failure = on_failure
        self._max_bytes = max_bytes
        self._idle = idle_seconds
        self._max_connections = max_connections
        self._group_max = group_max
        self._window = window
        self._max_waiting = max_waiting_bytes
        self._tls = tls
        self._waiting_bytes = 0
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._held = 0  # bytes of frames that are not whole yet, of all connections
        self._asking: Counter[str] = Counter()  # connections of each peer of which `knows` was not told yet
        self.stopping = asyncio.Event()  # set when no more bytes are to be read
        self._gathered = asyncio.Event()
        self._awaited = 0  # frames that the next group waits a moment for
        self._room = asyncio.Event()
        self._room.set()
        self.counts: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """The port that is listened on; chosen by the system where 0 was asked for."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def secured(self) -> bool:
        """Whether nobody is heard without TLS."""
        return self._tls is not None

    async def start(self) -> None:
        """Listen; OSError where the port is taken."""
        host, port = self._address
        patience = HANDSHAKE_SECONDS if self._tls else None
        self._server = await asyncio.start_server(
            self._connected, host, port, ssl=self._tls, ssl_handshake_timeout=patience, backlog=512
        )
        self._worker = ThreadPoolExecutor(1, "hl7-commit")
        self._committer = asyncio.create_task(self._commit_forever())

    async def stop(self, grace_seconds: float = 30.0) -> None:
        """Take no more connections or bytes, answer what was read, and close."""
        self._server.close()
        self.stopping.set()
        if self._connections:
            _, late = await asyncio.wait(set(self._connections), timeout=grace_seconds)
            for one in late:
                one.cancel()
        self._queue.put_nowait(None)
        await self._committer
        self._worker.shutdown()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer = _peer(writer)
        crowded = self._asking[peer] >= max(self._max_connections, ASKED)
        known = None if crowded else await self._is_known(peer)
        if task is None or known is None or self.stopping.is_set() or not self._has_room(known=known):
            self.counts["connections refused"] += 1
            log.warning("connection refused: %d are open already (peer %s)", len(self._connections), peer)
            writer.transport.abort()
            return
        idle = self._idle if known else min(self._idle, STRANGER_SECONDS)
        self._connections[task] = connection = Connection(self, reader, writer, peer, idle, known=known)
        self.counts["connections"] += 1
        try:
            await connection.run()
            writer.close()
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            log.info("connection broken off: %s (peer %s)", type(error).__name__, peer)
            writer.transport.abort()
        finally:
            self._connections.pop(task, None)
            self._held -= connection.held

    async def _is_known(self, peer: str) -> bool:
        """Ask whether a peer is known; where that fails it is let in, since of each message it is asked anew."""
        self._asking[peer] += 1
        try:
            return await asyncio.to_thread(self._knows, peer)
        except Exception as error:  # noqa: BLE001 - the boundary: nobody else would close the connection
            log.error("it cannot be asked who connects: %s", described(error))
            return True
        finally:
            self._asking[peer] -= 1
            if not self._asking[peer]:
                del self._asking[peer]

    def _has_room(self, *, known: bool) -> bool:
        """Whether one more may come; where the door is full, who takes most of it without need goes for a known one."""
        there = [one for one in self._connections.values() if one.known is known]
        if len(there) < (self._max_connections if known else STRANGERS):
            return True
        return known and self._dismiss(longest_silent(there), "the door is full")

    def holds(self, connection: Connection, size: int) -> None:
        """Take note of how much of a connection is unfinished; as much may be so in all as may wait for an answer."""
        if connection.dismissed:
            return
        self._held += size - connection.held
        connection.held = size
        if self._held > self._max_waiting:
            there = self._connections.values()
            leaving = largest(one for one in there if not one.known) or largest(there)
            self._dismiss(leaving, "too much is unfinished")

    def _dismiss(self, leaving: Connection | None, why: str) -> bool:
        task = next((task for task, one in self._connections.items() if one is leaving), None)
        if task is None or leaving is None:
            return False
        self.counts["connections dismissed"] += 1
        log.warning("connection closed: %s (peer %s)", why, leaving.peer)
        del self._connections[task]
        self._held -= leaving.held  # at once, so that nobody else has to go before the task has ended
        leaving.held, leaving.dismissed = 0, True
        task.cancel()
        return True

    async def submit(self, frame: Frame) -> asyncio.Future[bytes]:
        """Queue a frame for the next group; waits while too many bytes wait."""
        await self._room.wait()
        self._waiting_bytes += len(frame.data)
        if self._waiting_bytes >= self._max_waiting:
            self._room.clear()
        self.counts["frames"] += 1
        waiting = _Waiting(frame, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        if self._queue.qsize() >= self._awaited:
            self._gathered.set()
        return waiting.answer

    async def _commit_forever(self) -> None:
        """Take everything that waits, hand it to the worker thread, and go on with what has come meanwhile."""
        loop = asyncio.get_running_loop()
        batch: list[_Waiting] = []
        ended = False
        while not ended:
            one = await self._queue.get()
            await self._gather(len(batch))
            batch = []
            while one is not None:
                batch.append(one)
                if len(batch) >= self._group_max or self._queue.empty():
                    break
                one = self._queue.get_nowait()
            ended = one is None
            if batch:
                answers = await loop.run_in_executor(self._worker, self._commit, [each.frame for each in batch])
                self._settle(batch, answers)

    async def _gather(self, before: int) -> None:
        """Wait a moment for as many frames as were answered just now: their senders mostly have another.

        A commit costs the same for one frame as for many. Who sends alone waits for nobody.
        """
        self._awaited = before - 1  # one is in hand
        if self._queue.qsize() >= self._awaited:
            return
        self._gathered.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._gathered.wait()

    def _settle(self, batch: list[_Waiting], answers: list[bytes | None]) -> None:
        self.counts["groups"] += 1
        for waiting, answer in zip(batch, answers, strict=True):
            self._waiting_bytes -= len(waiting.frame.data)
            if waiting.answer.cancelled():
                continue
            if answer is None:
                waiting.answer.set_exception(ConnectionAbortedError("no answer could be made"))
            else:
                waiting.answer.set_result(answer)
        if self._waiting_bytes < self._max_waiting:
            self._room.set()

    def _commit(self, frames: list[Frame]) -> list[bytes | None]:
        """Run in the worker thread; never raises. None = the connection is to be closed without an answer."""
        try:
            return list(self._handle(frames))
        except Exception as error:  # noqa: BLE001 - one frame of many failed: find out which
            log.warning("a group of %d frames failed, each is tried alone: %s", len(frames), described(error))
            return [self._commit_alone(frame) for frame in frames]

    def _handle(self, frames: list[Frame]) -> list[bytes]:
        answers = self._handle_batch(frames)
        if len(answers) != len(frames):
            raise RuntimeError(f"{len(answers)} answers to {len(frames)} frames")
        return answers

    def _commit_alone(self, frame: Frame) -> bytes | None:
        try:
            return self._handle([frame])[0]
        except Exception as error:  # noqa: BLE001 - the boundary: the sender must hear that its message failed
            log.error("a frame of %d bytes failed (peer %s): %s", len(frame.data), frame.peer, described(error))
            self.counts["failures"] += 1
            return self._answer_failure(frame, error)

    def _answer_failure(self, frame: Frame, error: Exception) -> bytes | None:
        try:
            return self._on_failure(frame, error)
        except Exception as another:  # noqa: BLE001 - closing without an answer is what remains
            log.error("no answer could be made to a frame that failed: %s", described(another))
            return None

    def answer_bad(self, fault: Fault, peer: str) -> asyncio.Future[bytes]:
        """Count and log a fault; what its sender is told is made in the worker thread, empty for nothing."""
        self.counts[fault.kind] += 1
        log.warning("bad frame: %s, %d bytes (peer %s)", fault.kind, fault.size, peer)
        return asyncio.get_running_loop().run_in_executor(self._worker, self._tell_fault, fault, peer)

    def _tell_fault(self, fault: Fault, peer: str) -> bytes:
        try:
            return self._on_bad_frame(fault.kind, peer, fault.head) if fault.answered else b""
        except Exception as error:  # noqa: BLE001 - a frame that is none: closing without an answer is what remains
            log.error("no answer could be made to a bad frame: %s", described(error))
            return b""

    @property
    def limits(self) -> tuple[int, int]:
        """Bytes of a frame, unanswered frames of a connection."""
        return self._max_bytes, self._window


def _peer(writer: asyncio.StreamWriter) -> str:
    """Write who has connected; a certificate that is there was verified by the handshake."""
    address = str((writer.get_extra_info("peername") or ("",))[0])
    certificate = writer.get_extra_info("peercert") or {}
    subject = dict(pair for part in certificate.get("subject", ()) for pair in part)
    names = [
        subject.get("commonName", ""),
        *(name for kind, name in certificate.get("subjectAltName", ()) if kind == "DNS"),
    ]
    return written(address, next(filter(None, names), ""))
