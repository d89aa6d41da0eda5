"""MLLP over TLS: who is heard, under which name, and what is refused."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hl7.client import MLLPClient

from gecit.edges.mllp import Frame, Listener
from gecit.edges.mllp_framer import wrap
from gecit.settings.tls import MllpTlsSettings, server_context
from tests.support.certificates import Authority, Pair

MESSAGE = b"MSH|^~\\&|HBYS"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Pair:
    return authority.sign("gecit.example")


@pytest.fixture(scope="module")
def client(authority: Authority) -> Pair:
    return authority.sign("hbys.example")


@contextlib.contextmanager
def listening(chosen: MllpTlsSettings) -> Iterator[tuple[int, list[Frame]]]:
    seen: list[Frame] = []
    loop = asyncio.new_event_loop()

    def handle(frames: list[Frame]) -> list[bytes]:
        seen.extend(frames)
        return [b"ACK" for _ in frames]

    listener = Listener(
        "127.0.0.1",
        0,
        handle,
        max_bytes=10_000,
        idle_seconds=20,
        max_connections=10,
        on_bad_frame=lambda *_: b"",
        on_failure=lambda *_: b"AE",
        tls=server_context(chosen),
    )
    loop.run_until_complete(listener.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield listener.port, seen
    finally:
        asyncio.run_coroutine_threadsafe(listener.stop(1), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)


def send(port: int, authority: Authority, pair: Pair | None = None, *, oldest: bool = False) -> bytes:
    context = ssl.create_default_context(cafile=authority.certificate)
    if oldest:
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    with context.wrap_socket(plain, server_hostname="gecit.example") as secured:
        secured.sendall(wrap(MESSAGE))
        return secured.recv(1000)


def refused(port: int, authority: Authority, pair: Pair | None = None, *, oldest: bool = False) -> bool:
    """Whether nothing is answered: by TLS 1.3 a client learns of a refusal only when it reads."""
    try:
        return send(port, authority, pair, oldest=oldest) == b""
    except (ssl.SSLError, ConnectionError):
        return True


def test_a_message_over_tls_is_heard_and_answered(authority: Authority, server: Pair) -> None:
    with listening(MllpTlsSettings(certificate=server.certificate, key=server.key)) as (port, seen):
        assert send(port, authority) == wrap(b"ACK")
        assert (seen[0].data, seen[0].peer) == (MESSAGE, "127.0.0.1")


def test_another_program_is_heard_too(authority: Authority, server: Pair) -> None:
    """The `hl7` package's client, its socket over TLS, and OpenSSL's own."""
    with listening(MllpTlsSettings(certificate=server.certificate, key=server.key)) as (port, seen):
        context = ssl.create_default_context(cafile=authority.certificate)
        with MLLPClient("127.0.0.1", port) as other:
            other.socket = context.wrap_socket(other.socket, server_hostname="gecit.example")
            assert other.send_message(MESSAGE) == wrap(b"ACK")
        command = ["openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", str(authority.certificate)]
        openssl = subprocess.Popen(
            [*command, "-connect", f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert openssl.stdin and openssl.stdout and openssl.stderr
        openssl.stdin.write(wrap(MESSAGE))
        openssl.stdin.flush()
        assert openssl.stdout.read(6) == wrap(b"ACK")
        for pipe in (openssl.stdin, openssl.stdout, openssl.stderr):
            pipe.close()
        openssl.terminate()
        openssl.wait(20)
        assert len(seen) == 2


def test_a_certificate_gives_the_peer_its_name(authority: Authority, server: Pair, client: Pair) -> None:
    named = authority.sign("turkce.example", subject="Işıl HBYS")
    chosen = MllpTlsSettings(certificate=server.certificate, key=server.key, client_authorities=authority.certificate)
    with listening(chosen) as (port, seen):
        for pair in (client, named, None):
            assert send(port, authority, pair) == wrap(b"ACK")
        assert [one.peer for one in seen] == ["127.0.0.1 cert:hbys.example", "127.0.0.1 cert:Işıl HBYS", "127.0.0.1"]


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority, server: Pair, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "Başka").sign("hbys.example")
    chosen = MllpTlsSettings(certificate=server.certificate, key=server.key, client_authorities=authority.certificate)
    with listening(chosen) as (port, seen):
        assert refused(port, authority, stranger)
        assert seen == []
        assert send(port, authority) == wrap(b"ACK"), "the listener goes on"


def test_where_a_certificate_is_required_nobody_is_heard_without(
    authority: Authority, server: Pair, client: Pair
) -> None:
    chosen = MllpTlsSettings(
        certificate=server.certificate,
        key=server.key,
        client_authorities=authority.certificate,
        client_required=True,
    )
    with listening(chosen) as (port, seen):
        assert refused(port, authority)
        assert seen == []
        assert send(port, authority, client) == wrap(b"ACK")


def test_plain_mllp_and_old_tls_are_not_heard(authority: Authority, server: Pair) -> None:
    with listening(MllpTlsSettings(certificate=server.certificate, key=server.key)) as (port, seen):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(wrap(MESSAGE))
            with contextlib.suppress(ConnectionError):
                assert b"ACK" not in plain.recv(1000)
        assert refused(port, authority, oldest=True)
        assert seen == []
        assert send(port, authority) == wrap(b"ACK")


def test_key_and_certificate_may_stand_in_one_file(authority: Authority, server: Pair, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(server.certificate.read_bytes() + server.key.read_bytes())
    with listening(MllpTlsSettings(certificate=both)) as (port, _):
        assert send(port, authority) == wrap(b"ACK")
