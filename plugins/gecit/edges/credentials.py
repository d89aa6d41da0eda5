"""What somebody shows at a door: HTTP Basic, a bearer token, a session's cookie; and what is kept of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from ipaddress import ip_address
from unicodedata import normalize

COOKIE = "gecit"
SECURE_COOKIE = "__Host-gecit"  # only over TLS: browsers take it from nobody else then (RFC 6265bis 4.1.3.2)

VISIT, SECURE_VISIT = "gecit_visit", "__Host-gecit-visit"
"""The cookie of whoever came by a link and its code."""


def new_token() -> str:
    """Return a fresh token, or value of a session's cookie, of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what the ledger keeps of a token or a session: its SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_loopback(address: str) -> bool:
    """Whether the address is this machine; False for what is no address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def read_basic(secret: str) -> tuple[str, str] | None:
    """Return user (NFC) and password of an HTTP Basic credential (RFC 7617, UTF-8); None where it is none."""
    try:
        user, colon, password = base64.b64decode(secret, validate=True).decode().partition(":")
    except ValueError:  # no base64, no ASCII before it or no UTF-8 after it
        return None
    return (normalize("NFC", user), password) if colon and user else None


def session_of(cookies: str, *, secure_only: bool = False) -> str:
    """Return a session's value out of a Cookie header; "" where there is none. The protected one goes first."""
    return _cookie(cookies, COOKIE, SECURE_COOKIE, secure_only=secure_only)


def visit_of(cookies: str, *, secure_only: bool = False) -> str:
    """Return the value of a visit by a link likewise."""
    return _cookie(cookies, VISIT, SECURE_VISIT, secure_only=secure_only)


def _cookie(cookies: str, plain: str, protected: str, *, secure_only: bool) -> str:
    found: dict[str, str] = {}
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        found.setdefault(name, value.strip('" '))
    value = found.get(protected, "")
    return value or ("" if secure_only else found.get(plain, ""))


def csrf_of(session: str) -> str:
    """Return what a form must carry to be of this session: HMAC-SHA-256 under the cookie's value, hex."""
    return hmac.new(session.encode(), b"gecit csrf", "sha256").hexdigest()
