"""A bearer token by OAuth2's password grant (RFC 6749 section 4.3), kept until shortly before its end."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus, urlencode

from urllib3.util import make_headers

from gecit.ports import Clock, Unavailable

from .duplicates_http import Wire

MARGIN = timedelta(seconds=30)  # a token that ends so soon is not used any more
SHORTEST, LONGEST = 60, 24 * 3600  # seconds; a server that says no more is believed for a minute


class PasswordGrant:
    """Implements `duplicates_http.Tokens`; both secrets are read anew for each token. Thread-safe."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        client: str,
        client_secret_file: Path,
        user: str,
        password_file: Path,
        scope: str,
    ) -> None:
        self._url, self._clock = url, clock
        self._client, self._client_secret_file = client, client_secret_file
        self._user, self._password_file = user, password_file
        self._scope = scope
        self._wire = Wire()
        self._lock = threading.Lock()
        self._token = ""
        self._until: datetime | None = None

    def token(self, timeout: float) -> str:
        """Return the token that is kept, or fetch one; raises `Unavailable`."""
        with self._lock:
            now = self._clock.now()
            if self._until is None or now >= self._until:
                self._token, seconds = self._fetch(timeout)
                self._until = now + timedelta(seconds=seconds) - MARGIN
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token that was refused, unless another thread has a newer one already."""
        with self._lock:
            if token == self._token:
                self._until = None

    def _fetch(self, timeout: float) -> tuple[str, float]:
        client = f"{quote_plus(self._client)}:{quote_plus(_secret(self._client_secret_file))}"  # RFC 6749 section 2.3.1
        headers = {
            **make_headers(basic_auth=client),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = {
            "grant_type": "password",
            "username": self._user,
            "password": _secret(self._password_file),
            "scope": self._scope,
        }
        status, body = self._wire.ask("POST", self._url, headers, timeout, urlencode(form))
        if status != 200:
            raise Unavailable(f"the token service answers HTTP {status}")
        return _read(body)


def _read(body: bytes) -> tuple[str, float]:
    """Return token and seconds (RFC 6749 section 5.1)."""
    try:
        answer = json.loads(body)
        token, seconds = answer["access_token"], float(answer.get("expires_in") or SHORTEST)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise Unavailable("the token service's answer is not of its form") from None
    if not isinstance(token, str) or not token.isprintable() or not token.isascii() or not token:
        raise Unavailable("the token service's answer is not of its form")
    return token, min(max(SHORTEST, seconds), LONGEST)  # in this order: what is no number (NaN) is the shortest


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as fault:
        raise Unavailable(f"a secret's file cannot be read: {type(fault).__name__}") from None
