"""A peer that answers by drops: `timeout` bounds the whole of an answer, from its first byte to its last."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gecit.edges.bounded_http import BoundedHttp
from gecit.ports import AnswerUnknown

TIMEOUT = 0.5
DROPS = {
    "header lines": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
    "the status line": (b"HTTP/1.1 200 ", b"O"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "a chunked body": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's length": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
}
"""What is sent at once, and what is then sent again and again, each time before the time-out of one read."""


def arrived(peer: socket.socket) -> None:
    """Read one request, whose body is `{}`."""
    request = b""
    while not request.endswith(b"{}"):
        request += peer.recv(65536) or b"{}"


@contextmanager
def answering(*parts: bytes, drop: bytes = b"", wait: float = 0.0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A peer for one connection: `parts`, one for each request and `wait` after it, then `drop` for four seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        gone = threading.Event()

        def serve() -> None:
            plain, _ = listening.accept()
            with plain:
                try:
                    peer = tls.wrap_socket(plain, server_side=True) if tls else plain
                    for part in parts:
                        arrived(peer)
                        gone.wait(wait)
                        peer.sendall(part)
                    for _ in range(20 if drop else 0):
                        if gone.wait(0.2):
                            return
                        peer.sendall(drop)
                except OSError:
                    pass  # hung up on: as it should be

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
        gone.set()
        thread.join()


@pytest.mark.parametrize("what", DROPS)
def test_an_answer_that_drips_ends_with_the_time_out_and_is_unknown(what: str) -> None:
    first, drop = DROPS[what]
    with answering(first, drop=drop) as url:
        began = time.monotonic()
        with pytest.raises(AnswerUnknown):
            BoundedHttp(url, TIMEOUT).post("/", b"{}", {})
        assert time.monotonic() - began < 2 * TIMEOUT


def test_each_answer_on_a_connection_has_the_whole_time() -> None:
    """What was left of the first answer's time is not what the second one has."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with answering(answer, answer, answer, wait=0.6 * TIMEOUT) as url:
        http = BoundedHttp(url, TIMEOUT)
        assert [http.post("/", b"{}", {}).content for _ in range(3)] == [b"{}"] * 3


def test_an_answer_that_ends_with_its_connection_is_read_whole() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}") as url:
        assert BoundedHttp(url, TIMEOUT).post("/", b"{}", {}).content == b"{}"


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and the file of the authority that vouches for it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=deneme"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([openssl, *made, *files], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context, tmp_path / "cert.pem"


@pytest.mark.parametrize("what", ["header lines", "a body", ""])
def test_over_tls_an_answer_has_the_same_time(what: str, tls: tuple[ssl.SSLContext, Path]) -> None:
    context, authority = tls
    first, drop = DROPS[what] if what else (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"")
    with answering(first, drop=drop, tls=context) as url:
        http = BoundedHttp(url, TIMEOUT, ca_file=authority)
        began = time.monotonic()
        if not drop:
            assert http.post("/", b"{}", {}).content == b"{}"
        else:
            with pytest.raises(AnswerUnknown):
                http.post("/", b"{}", {})
        assert time.monotonic() - began < 2 * TIMEOUT
