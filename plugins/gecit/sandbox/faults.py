"""Faults on demand in front of any pretend service: what networks and servers do to a delivery, each by name.

POST `/faults` takes `{"next": ["500", ...]}` for the coming requests, or `{"probability": 0.2, "kinds": [...],
"seed": 7}`; `{}` ends them and lets go what hangs. "before" = the request is not carried out, "after" = it is.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Answer = Iterable[bytes]
Fault = Callable[["Faults", "WSGIEnvironment", "StartResponse"], Answer]

LONGEST_HANG = 120.0  # seconds
ROW_ERROR = "gecit.row_error"  # in the environ: the SOAP door refuses the last row


class Faults:
    """WSGI middleware that spoils requests of `app` as it was told; POST `/faults` tells it.

    `method`: only requests of this method are spoilt.
    """

    def __init__(self, app: WSGIApplication, method: str = "POST") -> None:
        self.app = app
        self.method = method
        self.released = threading.Event()
        self.spoilt: list[str] = []  # which faults were played, in order
        self._lock = threading.Lock()
        self._next: deque[str] = deque()
        self._kinds: Sequence[str] = ()
        self._probability = 0.0
        self._random = random.Random(0)  # noqa: S311 - repeatable on purpose

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
        """Answer one request, spoilt or not."""
        if environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO") == "/faults":
            return self._told(Request(environ))(environ, start_response)
        if environ["REQUEST_METHOD"] != self.method:
            return self.app(environ, start_response)
        kind = self._draw()
        return KINDS[kind](self, environ, start_response) if kind else self.app(environ, start_response)

    def plan(self, *kinds: str) -> None:
        """Spoil the coming requests, one each; KeyError for an unknown kind."""
        for one in kinds:
            KINDS[one]
        with self._lock:
            self._next.extend(kinds)

    def spoil(self, probability: float, kinds: Sequence[str], seed: int = 0) -> None:
        """Spoil each request with a probability; nothing planned, nothing held and 0.0 = none."""
        for one in kinds:
            KINDS[one]
        with self._lock:
            self._probability, self._kinds, self._random = probability, kinds, random.Random(seed)  # noqa: S311

    def stop(self) -> None:
        """End all faults and let go what hangs."""
        with self._lock:
            self._next.clear()
            self._probability = 0.0
        self.released.set()
        self.released = threading.Event()

    def _draw(self) -> str:
        with self._lock:
            kind = self._next.popleft() if self._next else ""
            if not kind and self._kinds and self._random.random() < self._probability:
                kind = self._random.choice(self._kinds)
            if kind:
                self.spoilt.append(kind)
        return kind

    def _told(self, request: Request) -> Response:
        try:
            wish = json.loads(request.get_data() or b"{}")
            if not wish:
                self.stop()
            self.plan(*wish.get("next", ()))
            if "probability" in wish:
                self.spoil(float(wish["probability"]), list(wish.get("kinds", KINDS)), int(wish.get("seed", 0)))
        except (ValueError, TypeError, AttributeError, KeyError) as fault:
            return Response(f"no such fault: {fault}; there are {', '.join(KINDS)}\n", 400)
        return Response("ok\n")


def _carry_out(faults: Faults, environ: WSGIEnvironment) -> tuple[bytes, str, list[tuple[str, str]]]:
    """Let the service do its work and keep its answer back."""
    pieces, status, headers = run_wsgi_app(faults.app, environ, buffered=True)
    return b"".join(pieces), status, list(headers)


def _reset(environ: WSGIEnvironment) -> NoReturn:
    """Break the connection; the development server takes the exception as a client that went away."""
    connection: socket.socket = environ["werkzeug.socket"]
    with suppress(OSError):  # whoever asked may be gone already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("a fault on demand")


def _status(status: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"{}") -> Fault:
    def fault(_faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
        Request(environ).get_data()  # an unread body would spoil the next request on the connection
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
        return [body]

    return fault


def _500_after(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    return _status("500 Internal Server Error")(faults, environ, start_response)


def _hang_before(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    faults.released.wait(LONGEST_HANG)
    _reset(environ)


def _hang_after(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    faults.released.wait(LONGEST_HANG)
    _reset(environ)


def _reset_before(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _reset(environ)


def _reset_after(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    _reset(environ)


def _raw(status: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _half(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    body, status, headers = _carry_out(faults, environ)
    environ["werkzeug.socket"].sendall(_raw(status, headers, body[: len(body) // 2]))
    _reset(environ)


def _duplicate(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    body, status, headers = _carry_out(faults, environ)
    connection: socket.socket = environ["werkzeug.socket"]
    connection.sendall(_raw(status, headers, body) * 2)
    connection.shutdown(socket.SHUT_WR)
    raise ConnectionAbortedError("a fault on demand")


def _wrong_json(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    return _status("200 OK", body=b'{"accepted": tru')(faults, environ, start_response)


def _other_answer(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    body = b'{"known": true, "key": "somebody:else:1:notify", "accepted": true, "code": "0000"}'
    return _status("200 OK", body=body)(faults, environ, start_response)


def _soap_fault(code: str, words: str) -> Fault:
    """SOAP 1.1 4.4: a fault comes with HTTP 500."""
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
        f"<faultcode>{code}</faultcode><faultstring>{words}</faultstring></s:Fault></s:Body></s:Envelope>"
    )

    def fault(_faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
        Request(environ).get_data()
        return _xml(start_response, "500 Internal Server Error", body.encode())

    return fault


def _xml(start_response: StartResponse, status: str, body: bytes) -> Answer:
    start_response(status, [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


def _soap_server_after(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    return _soap_fault("s:Server", "a fault on demand")(faults, environ, start_response)


def _wrong_xml(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    _carry_out(faults, environ)
    return _xml(start_response, "200 OK", b'<?xml version="1.0"?><s:Envelope><s:Body><hizmet')


def _row_error(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    environ[ROW_ERROR] = True
    return faults.app(environ, start_response)


def _slow(faults: Faults, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
    body, status, headers = _carry_out(faults, environ)
    start_response(status, headers)
    for number in range(len(body)):
        faults.released.wait(0.01)
        yield body[number : number + 1]


KINDS: dict[str, Fault] = {
    "400": _status("400 Bad Request", body=b'{"code": "made-up", "detail": "a fault on demand"}'),
    "401": _status("401 Unauthorized"),
    "500": _status("500 Internal Server Error"),
    "500-after": _500_after,
    "503": _status("503 Service Unavailable", [("Retry-After", "1")]),
    "hang-before": _hang_before,
    "hang-after": _hang_after,
    "reset-before": _reset_before,
    "reset-after": _reset_after,
    "half": _half,  # carried out, and the answer breaks off
    "duplicate": _duplicate,  # carried out, and the answer comes twice
    "wrong-json": _wrong_json,  # carried out, and the answer cannot be read
    "other-answer": _other_answer,  # carried out, and the answer is somebody else's
    "slow": _slow,  # carried out, and the answer drips
    "soap-client": _soap_fault("s:Client", "a fault on demand"),
    "soap-server": _soap_fault("s:Server", "a fault on demand"),
    "soap-server-after": _soap_server_after,  # carried out, and a fault says that it was not
    "soap-security": _soap_fault("wsse:FailedAuthentication", "a fault on demand"),
    "wrong-xml": _wrong_xml,  # carried out, and the answer is no XML
    "row-error": _row_error,  # SOAP: the last row is refused, the others are carried out
}
