"""The receiving side of a pretend HBYS: an MLLP server that keeps what it is sent and acknowledges it, or does not.

GET `/inspect` shows what came, decoded; POST `/faults` takes `{"next": ["AE", "silence", ...]}` for coming messages.
"""

from __future__ import annotations

import base64
import json
import socket
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, jsonify, request

from ..core.remarks import Remark, Severity, Where
from ..core.values import Text
from ..edges import hl7_ack, hl7_reader
from ..edges.mllp_framer import Fault, Framer, wrap
from ..ports import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KINDS = ("AE", "AR", "silence", "close", "nonsense", "other", "cut")
"""Refused twice; no answer; closed before one; no HL7; an ACK of another message; closed before it was kept."""
LONGEST_SILENCE = 60.0  # seconds


class PretendHbys:
    """Keeps messages by MSH-10, in the order of their arrival; the same MSH-10 again changes nothing. Thread-safe."""

    def __init__(self, clock: Clock, journal: Path | None = None) -> None:
        self.clock = clock
        self.frames: list[bytes] = []  # every arrival, repetitions too
        self.kept: dict[str, bytes] = {}  # by MSH-10
        self.released = threading.Event()
        self._journal = journal
        self._next: deque[str] = deque()
        self._lock = threading.Lock()

    def plan(self, *kinds: str) -> None:
        """Spoil the coming messages, one each; ValueError for an unknown kind."""
        if unknown := [one for one in kinds if one not in KINDS]:
            raise ValueError(", ".join(unknown))
        with self._lock:
            self._next.extend(kinds)

    def receive(self, frame: bytes) -> bytes | None:
        """Take a message in and return the answer; None = close without one."""
        with self._lock:
            kind = self._next.popleft() if self._next else ""
            self.frames.append(frame)
        message = hl7_reader.parse(frame)
        if kind in ("", "silence", "close", "nonsense", "other"):
            self._keep(message.get("MSH", 10), frame)
        if kind == "silence":
            self.released.wait(LONGEST_SILENCE)
        if kind in ("silence", "close", "cut"):
            return None
        if kind == "nonsense":
            return b"MERHABA"
        answer = hl7_ack.acknowledge(message, _remarks(kind), self.clock.now(), f"A{len(self.frames)}")
        return answer.replace(message.get("MSH", 10).encode(), b"BASKA") if kind == "other" else answer

    def stop(self) -> None:
        """Let go what hangs."""
        self.released.set()

    def _keep(self, control_id: str, frame: bytes) -> None:
        with self._lock:
            new = control_id not in self.kept
            self.kept.setdefault(control_id, frame)
            if new and self._journal:
                with self._journal.open("a", encoding="utf-8") as file:
                    file.write(
                        json.dumps({"control_id": control_id, "message": frame.decode("utf-8", "replace")}) + "\n"
                    )


def _remarks(kind: str) -> Sequence[Remark]:
    if kind not in ("AE", "AR"):
        return ()
    text = Text(tr="Sınama için reddedildi.", en="Refused for a trial.")
    return (Remark(code="trial", severity=Severity(kind), where=Where(segment="OBX", field=5), text=text),)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        framer = Framer(16 * 1024 * 1024)
        while data := self.request.recv(65536):
            for one in framer.feed(data):
                answer = None if isinstance(one, Fault) else self.server.hbys.receive(one)
                if answer is None:
                    return
                self.request.sendall(wrap(answer))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, hbys: PretendHbys, port: int, context: ssl.SSLContext | None) -> None:
        self.hbys = hbys
        self.context = context
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        return (self.context.wrap_socket(connection, server_side=True) if self.context else connection), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever breaks off notices it himself, and what was sent may not be printed."""


@contextmanager
def listening(hbys: PretendHbys, port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Listen on 127.0.0.1 for the length of a block and give the port; 0 takes a free one."""
    with _Server(hbys, port, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="pretend hbys", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            hbys.stop()
            server.shutdown()
            thread.join()


def hbys_app(hbys: PretendHbys) -> WSGIApplication:
    """Return the pages by which one looks at it and spoils it."""
    app = Flask(__name__)

    @app.get("/inspect")
    def inspect() -> Response:
        note = "A pretend HBYS for trying things out."
        return jsonify(note=note, arrivals=len(hbys.frames), reports=[_shown(one) for one in hbys.kept.values()])

    @app.post("/faults")
    def faults() -> tuple[Response, int]:
        asked = request.get_json(silent=True) or {}
        try:
            hbys.plan(*asked.get("next", ()))
        except (ValueError, TypeError) as fault:
            return jsonify(error=str(fault), kinds=KINDS), 400
        return jsonify(planned=asked.get("next", [])), 200

    return app.wsgi_app


def _shown(frame: bytes) -> dict[str, object]:
    message = hl7_reader.parse(frame)
    codec = message.codec
    parts = [one.split("^") for one in (message.first("OBX") or message.segments[0]).repetitions(5)]
    return {
        "control_id": message.get("MSH", 10),
        "accession": message.get("OBR", 3),
        "status": message.get("OBX", 11),
        "parts": {part[1]: base64.b64decode(part[0]).decode(codec, "replace") for part in parts if len(part) > 1},
    }
