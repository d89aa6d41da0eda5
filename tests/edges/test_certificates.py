"""When certificates end: of files made by OpenSSL's own program, and of a server that shows one."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gecit.core.values import local
from gecit.edges.certificates import end_of_address, end_of_file
from gecit.ports import Unavailable
from tests.support.certificates import Authority, showing
from tests.support.postgres import free_port


def by_python(path: Path) -> datetime:
    """What Python's own reader says of a file with one certificate."""
    written = ssl._ssl._test_decode_cert(str(path))["notAfter"]  # type: ignore[attr-defined]
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(written), UTC)


def test_a_file_says_when_its_first_certificate_ends_whatever_stands_around_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    long, short = authority.sign("long.example", days=100), authority.sign("short.example", days=1)
    assert end_of_file(long.certificate) == by_python(long.certificate)
    assert end_of_file(short.certificate) == by_python(short.certificate)
    assert timedelta(days=98) < end_of_file(long.certificate) - end_of_file(short.certificate) < timedelta(days=100)
    together = tmp_path / "together.pem"
    together.write_bytes(b"".join(one.read_bytes() for one in (long.key, long.certificate, short.certificate)))
    assert end_of_file(together) == by_python(long.certificate), (
        "the key before it and the chain behind it are not asked"
    )


def test_a_file_that_is_none_or_no_certificate_cannot_be_said(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    pair = Authority(tmp_path).sign("a.example")
    broken = tmp_path / "broken.pem"
    broken.write_bytes(pair.certificate.read_bytes()[:200])
    second = tmp_path / "second.pem"
    second.write_text(ssl.DER_cert_to_PEM_cert(of_version_two(pair.certificate)))
    for path in (tmp_path / "none.pem", tmp_path / "text.pem", pair.key, broken, second, tmp_path):
        with pytest.raises(Unavailable, match="certificate"):
            end_of_file(path)


def of_version_two(path: Path) -> bytes:
    """Return a certificate of the version that nobody writes: the reader has a fault of its own for it."""
    written = ssl.PEM_cert_to_DER_cert(path.read_text())
    assert b"\xa0\x03\x02\x01\x02" in written
    return written.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)


def test_one_that_never_ends_has_an_end_that_can_be_said_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    """One overflow would silence all incidents of the ledger, at every node of it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    )  # fmt: skip
    path = tmp_path / "device.pem"
    path.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    assert local(end_of_file(path)).year == 9999


def test_an_address_says_when_the_certificate_ends_that_it_shows_whoever_signed_it(tmp_path: Path) -> None:
    pair = Authority(tmp_path).sign("gecit.example", days=30)
    with showing(pair) as port:
        assert end_of_address(f"https://127.0.0.1:{port}/gecit/") == by_python(pair.certificate)


def test_an_address_where_nobody_is_or_nobody_speaks_tls_cannot_be_said() -> None:
    plain = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=plain.serve_forever)
    thread.start()
    try:
        for port in (plain.server_port, free_port()):
            with pytest.raises(Unavailable):
                end_of_address(f"https://127.0.0.1:{port}", timeout=1)
    finally:
        plain.shutdown()
        thread.join()
        plain.server_close()
