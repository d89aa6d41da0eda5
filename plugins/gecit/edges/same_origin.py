"""Whether a request that changes something comes from our own pages (CSRF)."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 9.2.1


def from_elsewhere(origin: str, fetch_site: str, host: str) -> bool:
    """Whether a browser says that the page of another origin sent this.

    `origin`, `fetch_site`: the headers Origin and Sec-Fetch-Site, "" where a program sent it. `host`: of the request.
    """
    if fetch_site and fetch_site not in ("same-origin", "none"):
        return True
    try:
        return bool(origin) and (not host or urlsplit(origin).netloc.lower() != host.lower())
    except ValueError:  # no address of anybody
        return True


def carries(token: str, expected: str) -> bool:
    """Whether a form or header carries the session's token."""
    return bool(expected) and hmac.compare_digest(token.encode(), expected.encode())
