"""POST to a service of which we know only the address: bounded in time and size, and clear about what is known.

A failure says what is known (see `ports`): `Unavailable` = surely not carried out, `AnswerUnknown` = perhaps it was.
Nothing of a body or a header is ever in an exception's text, since those texts are logged and kept.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from ..ports import AnswerUnknown, Refused, Unavailable
from .timed_http import Peer, TimedAdapter

# Statuses that speak of us, of the address or of the moment, not of the message: the message waits.
# RFC 9110: 401, 404, 405, 407, 408; RFC 8470: 425; RFC 6585: 429.
NOT_THE_MESSAGE = frozenset({401, 404, 405, 407, 408, 425, 429})
# Of the 5xx only these say that nothing was done (RFC 9110 15.6.2, 15.6.4, 15.6.6; RFC 6585 6). Any other may come of a
# gateway that gave up on an answer (502, 504, 52x, 598), or after the work was done (500).
SURELY_NOT_DONE = frozenset({501, 503, 505, 511})

_CODE = re.compile(r"(?!.*\d{6})[\w .-]{1,40}", re.ASCII)  # nobody's number is so short
LONGEST_WAIT = 10**9  # seconds; no delivery waits so long, but a time span must be able to hold it


class Busy(Unavailable):
    """The service asks to be left alone for `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Exchanged(NamedTuple):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class BoundedHttp:
    """A service that is posted to; `timeout` (seconds) bounds connecting, sending, and then the whole answer.

    The whole is from the first byte of the status line to the last of the body, however slowly they drip.
    No redirects are followed; proxies and `.netrc` of the environment are not used; `ca_file` replaces the system's
    list of authorities; `peer` may object to the address that was connected to. Thread-safe: each thread has its own
    connections.
    """

    def __init__(
        self,
        url: str,
        timeout: float = 30.0,
        *,
        ca_file: Path | None = None,
        max_request: int = 1024 * 1024,
        max_answer: int = 64 * 1024,
        peer: Peer | None = None,
    ) -> None:
        self._peer = peer
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._ca_file = ca_file
        self._max_request = max_request
        self._max_answer = max_answer
        self._local = threading.local()

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Exchanged:
        """Post and return the answer, whatever its status; raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        if len(body) > self._max_request:
            raise Refused("too-large", f"the message has {len(body)} bytes, the limit is {self._max_request}")
        ends = time.monotonic() + self._timeout
        with self._send(path, body, headers) as response:
            return Exchanged(response.status_code, response.headers, self._read(response, ends))

    def forget(self) -> None:
        """Drop this thread's connections: what was read on one of them did not belong to the question."""
        self._session().close()

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, TimedAdapter(self._peer) if self._peer else TimedAdapter())
            session.verify = str(self._ca_file) if self._ca_file else True
            self._local.session = session
        held: requests.Session = self._local.session
        return held

    def _send(self, path: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        try:
            return self._session().post(
                self._url + path, data=body, headers=headers, timeout=self._timeout, stream=True, allow_redirects=False
            )
        except requests.RequestException as fault:
            raise _not_answered(fault) from None  # the original's text holds the address, ours does not

    def _read(self, response: requests.Response, ends: float) -> bytes:
        content = b""
        try:
            # `read1` returns what has arrived; `iter_content` would wait for a whole piece, however slowly it drips
            while piece := response.raw.read1(8192, decode_content=True):
                content += piece
                if len(content) > self._max_answer:
                    raise AnswerUnknown(f"the answer is longer than {self._max_answer} bytes")
                if time.monotonic() > ends:
                    raise AnswerUnknown(f"the answer took longer than {self._timeout:g} s")
        except ReadTimeoutError:
            raise AnswerUnknown(f"the answer took longer than {self._timeout:g} s") from None
        except HTTPError as fault:
            raise AnswerUnknown(f"the answer broke off: {type(fault).__name__}") from None
        return content


def _not_answered(fault: requests.RequestException) -> Unavailable:
    """Say what a request without an answer means: before it was sent, or after."""
    if isinstance(fault, requests.ConnectTimeout | requests.exceptions.SSLError) or _never_connected(fault):
        return Unavailable(f"no connection: {type(fault).__name__}")
    if isinstance(fault, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
        return Unavailable(f"the request could not be made: {type(fault).__name__}")
    return AnswerUnknown(f"sent, and no answer: {type(fault).__name__}")


def _never_connected(fault: requests.RequestException) -> bool:
    cause = fault.args[0] if fault.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError)


def failure(answer: Exchanged, code: str = "", message: str = "") -> Exception:
    """Say what a status other than 2xx means for the message; `code` and `message`: what the body says of it."""
    status = answer.status
    retry_after = _seconds(answer.headers.get("Retry-After", ""))
    if status >= 500 and status not in SURELY_NOT_DONE:
        return AnswerUnknown(f"HTTP {status}")
    if status in NOT_THE_MESSAGE or status >= 500 or status < 400:
        return Busy(f"HTTP {status}", retry_after) if retry_after else Unavailable(f"HTTP {status}")
    return Refused((code or f"HTTP {status}")[:64], message[:300])


def told(failure: Unavailable | Refused) -> str:
    """Return what may be logged of a failure: what a refusal says in its own words may name a patient."""
    if isinstance(failure, Refused):
        return f"refused {failure.code}" if _CODE.fullmatch(failure.code) else "refused"
    return str(failure)


def _seconds(retry_after: str) -> float:
    """Read `Retry-After` (RFC 9110 10.2.3), seconds or a date; 0 where there is none or neither."""
    said = retry_after.strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:10]), LONGEST_WAIT))
    try:
        then = parsedate_to_datetime(said)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return min(max(0.0, (then - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)
    except (ValueError, OverflowError, TypeError):
        return 0.0
