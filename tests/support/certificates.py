"""Certificates of an authority that lives for one test, made by OpenSSL's own program."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

SHIPPED = Path(__file__).parents[2] / "orthanc-config"
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


class Pair(NamedTuple):
    """A certificate and its private key, PEM."""

    certificate: Path
    key: Path

    @property
    def spki(self) -> str:
        """Its public key's SHA-256 in base64, by which Chromium is told to believe it as if an authority had signed."""
        one = subprocess.run(
            ["openssl", "pkey", "-in", str(self.key), "-pubout", "-outform", "DER"],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        return base64.b64encode(hashlib.sha256(one.stdout).digest()).decode()


class Authority:
    """Signs certificates; `certificate` is what those trust who believe it."""

    def __init__(self, folder: Path, name: str = "Deneme Yetkilisi") -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self._key = folder / "authority.pem", folder / "authority.key"
        # Python 3.13 believes no authority that does not say that it may sign (RFC 5280 4.2.1.3).
        _openssl(
            *EC,
            *("-addext", "keyUsage=critical,keyCertSign", "-subj", f"/CN={name}"),
            *("-keyout", str(self._key), "-out", str(self.certificate)),
        )

    def sign(self, name: str, *, subject: str = "", days: int = 2) -> Pair:
        """Make a certificate for a DNS name, and for 127.0.0.1; `subject` is its commonName, by default the name."""
        made = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        _openssl(
            *EC,
            *("-days", str(days)),
            *("-utf8", "-subj", f"/CN={subject or name}"),
            *("-addext", f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1"),
            *("-addext", "basicConstraints=CA:FALSE"),
            *("-CA", str(self.certificate), "-CAkey", str(self._key)),
            *("-keyout", str(made.key), "-out", str(made.certificate)),
        )
        return made


@contextmanager
def showing(pair: Pair) -> Iterator[int]:
    """Serve TLS on a port of loopback, with that certificate, for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", "req", "-x509", *arguments], check=True, capture_output=True, timeout=60)


def config_with_dicom_tls(folder: Path, ours: Pair, authority: Authority) -> Path:
    """Copy Orthanc's shipped configuration with its five lines for DICOM over TLS switched on, as tls.md says."""
    files = {"dicom.pem": ours.certificate, "dicom.key": ours.key, "senders.pem": authority.certificate}
    shutil.copytree(SHIPPED, folder)
    written = re.sub(r"// (\"DicomTls)", r"\1", (folder / "orthanc.json").read_text())
    for name, path in files.items():
        written = written.replace(f"/etc/gecit/tls/{name}", str(path))
    (folder / "orthanc.json").write_text(written)
    return folder
