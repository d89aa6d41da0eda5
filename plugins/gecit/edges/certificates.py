"""When a TLS certificate ends: of a PEM file, and of what an address shows whoever connects."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ..ports import Unavailable

PATIENCE_SECONDS = 5.0
BEGINS, ENDS = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""What has no end is written as the last second of that year (RFC 5280, 4.1.2.5), which no clock east of UTC has."""


def end_of_file(path: Path) -> datetime:
    """Return when the first certificate of a PEM file ends, the one that is shown; raises `Unavailable`.

    Those after it are of authorities, and a chain may well carry one that has ended beside the one that is used.
    """
    try:
        _, _, text = path.read_bytes().partition(BEGINS)
        return _end(BEGINS + text.partition(ENDS)[0] + ENDS)
    except OSError as fault:
        raise Unavailable(f"certificate: {fault.strerror}") from fault
    except ValueError as fault:
        raise Unavailable("certificate: no PEM") from fault


def end_of_address(url: str, timeout: float = PATIENCE_SECONDS) -> datetime:
    """Return when the certificate ends that an https address shows; raises `Unavailable`.

    It is believed whoever signed it: what is asked is its end, nothing is sent and nothing else is read.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            shown = secured.getpeercert(binary_form=True)
        return _end(ssl.DER_cert_to_PEM_cert(shown or b"").encode())
    except (OSError, ValueError) as fault:
        raise Unavailable(f"certificate: {type(fault).__name__}") from fault


def _end(pem: bytes) -> datetime:
    # Here and not above: it takes 7 MiB, and most nodes' processes have no certificate to look at.
    from cryptography import x509

    try:
        return min(x509.load_pem_x509_certificate(pem).not_valid_after_utc, LATEST)
    except x509.InvalidVersion as fault:
        raise ValueError(str(fault)) from fault
