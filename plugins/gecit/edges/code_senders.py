"""One-time codes by e-mail, and by an SMS gateway: our own plain JSON (`docs/conformance/sms.md`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..ports import Mailer, Unavailable
from .bounded_http import BoundedHttp, failure
from .json_http import token_header


class CodesByEmail:
    """Implements `ports.CodeSender`; `mailer` makes what sends to one address."""

    def __init__(self, mailer: Callable[[str], Mailer]) -> None:
        self._mailer = mailer

    def send(self, address: str, subject: str, text: str, number: str) -> None:
        """Send one message."""
        self._mailer(address).send(subject, text, number)


class SmsGateway:
    """Implements `ports.CodeSender`. The token is read anew for each message; nothing of one is in a fault's text."""

    def __init__(
        self, url: str, token_file: Path | None = None, timeout: float = 10.0, ca_file: Path | None = None
    ) -> None:
        self._http = BoundedHttp(url, timeout, ca_file=ca_file, max_request=4096)
        self._token_file = token_file

    def send(self, address: str, subject: str, text: str, number: str) -> None:
        """Send one message; an SMS has no subject. Whatever 2xx is answered, the gateway has taken it."""
        body = json.dumps({"id": number, "to": address, "text": text}, ensure_ascii=False).encode()
        answer = self._http.post("", body, self._headers())
        if answer.status // 100 == 3:
            raise Unavailable("the SMS gateway sends elsewhere")
        if answer.status // 100 != 2:
            raise failure(answer, "", "the SMS gateway says no")

    def _headers(self) -> dict[str, str]:
        kinds = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
        return {**kinds, **token_header(self._token_file)}
