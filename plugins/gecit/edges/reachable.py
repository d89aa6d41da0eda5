"""Whether somebody answers at an address, as far as can be told without asking anything of him."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit


def fault_of(url: str, seconds: float = 5.0, ca_file: Path | None = None) -> str:
    """Connect to where a URL points, with TLS where it says https; return what is wrong, "" where nothing is."""
    where = urlsplit(url)
    secure = where.scheme == "https"
    try:
        port = where.port or (443 if secure else 80)
        with socket.create_connection((where.hostname or "", port), seconds) as plain:
            if secure:
                context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
                context.wrap_socket(plain, server_hostname=where.hostname).close()
    except (OSError, ValueError) as fault:
        return getattr(fault, "verify_message", "") or getattr(fault, "strerror", "") or type(fault).__name__
    return ""
