"""Posts to addresses that others chose: only where the site allows it, asked of the peer that is connected to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..core.webhook_urls import NOT_ALLOWED, may_connect, url_fault
from ..ports import Refused
from .bounded_http import BoundedHttp, failure

FORBIDDEN = "address-not-allowed"


class ForbiddenPeer(Exception):
    """The connection ended at an address that nothing is sent to; nothing was sent."""


class WebhookHttp:
    """Implements `ports.Poster`. Thread-safe.

    Redirects are not followed and proxies of the environment not used. The check stands between connecting and the
    first byte, so that a name that resolves to another address a moment later changes nothing.
    """

    def __init__(
        self,
        allow: tuple[str, ...] = (),
        *,
        plain_http: bool = False,
        timeout: float = 10.0,
        ca_file: Path | None = None,
    ) -> None:
        self._allow, self._plain_http = allow, plain_http
        self._http = BoundedHttp("", timeout, ca_file=ca_file, peer=self._check)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post JSON; raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        fault = url_fault(url, self._allow, plain_http=self._plain_http)
        if fault is not None:
            raise Refused(FORBIDDEN, fault.en)
        try:
            answer = self._http.post(url, body, {"Content-Type": "application/json", **headers})
        except ForbiddenPeer:
            raise Refused(FORBIDDEN, NOT_ALLOWED.en) from None
        if answer.status // 100 != 2:
            raise failure(answer)

    def _check(self, host: str, address: str) -> None:
        if not may_connect(host, address, self._allow):
            raise ForbiddenPeer
