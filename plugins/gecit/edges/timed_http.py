"""Connections for `requests` on which a time-out bounds a whole answer, not each read of it."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError


class _Timed(io.RawIOBase):
    """What arrives on a socket until `ends` (monotonic, seconds); then a read is a `TimeoutError`.

    A socket's own time-out bounds one read, so a peer that sends a byte now and then could hold us for ever.
    """

    def __init__(self, arriving: io.RawIOBase, sock: socket.socket, ends: float) -> None:
        self._arriving = arriving
        self._sock = sock
        self._ends = ends

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._arriving.readinto(buffer)

    def close(self) -> None:
        self._arriving.close()
        super().close()


class _TimedAnswer(http.client.HTTPResponse):
    """An answer whose status line, headers and body together have the time that one read would have."""

    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        limit = sock.gettimeout()  # urllib3 has set it for this answer
        if limit is not None:
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, time.monotonic() + limit))


Peer = Callable[[str, str], None]
"""Is given the host that was asked for and an address of it, before connecting and before the first byte; may raise."""


def _anybody(host: str, address: str) -> None:
    """Any peer will do."""


class _Checked:
    """A connection whose peer is looked at before it is connected to, and before anything is sent, TLS included.

    Connecting first would tell whoever chose the name which ports answer where he cannot reach himself.
    """

    peer: Peer = staticmethod(_anybody)
    host: str
    port: int
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        if self.peer is _anybody:
            return self._connected(self._dns_host)
        host, fault = self._dns_host, None
        for address in self._addresses():
            try:
                self._dns_host = address  # DNS is not asked again, which may say another one by now
                return self._connected(host)
            except (NewConnectionError, ConnectTimeoutError) as refused:
                fault = refused
            finally:
                self._dns_host = host
        raise fault or NewConnectionError(self, "no address")  # type: ignore[arg-type]

    def _addresses(self) -> list[str]:
        """Return where the host stands; raises what `peer` raises of any of them."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as fault:
            raise NameResolutionError(self.host, self, socket.gaierror(str(fault))) from fault  # type: ignore[arg-type]
        known = list(dict.fromkeys(str(one[4][0]) for one in found))
        for address in known:
            self.peer(self.host, address)
        return known

    def _connected(self, host: str) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            self.peer(host, str(made.getpeername()[0]))
        except BaseException:
            made.close()
            raise
        return made


class _Http(_Checked, HTTPConnection):
    response_class = _TimedAnswer


class _Https(_Checked, HTTPSConnection):
    response_class = _TimedAnswer


class TimedAdapter(HTTPAdapter):
    """Connects by connections whose answers are timed as a whole, and whose peers `peer` agrees to."""

    def __init__(self, peer: Peer = _anybody) -> None:
        self._peer = peer
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Make the pools of such connections."""
        super().init_poolmanager(*args, **named)
        look = {"peer": staticmethod(self._peer)}
        http, https = type("Http", (_Http,), look), type("Https", (_Https,), look)
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("HttpPool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("HttpsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }
