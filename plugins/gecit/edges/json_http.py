"""JSON by POST to a service of which we know only the address (see `bounded_http`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..ports import AnswerUnknown, Unavailable
from .bounded_http import BoundedHttp, Exchanged, failure

Json = dict[str, object]


class JsonService:
    """A service that answers JSON; `timeout` (seconds) bounds connecting, and then the whole answer.

    The token is read anew for each request, so that it can be replaced while we run. Thread-safe.
    """

    def __init__(
        self,
        url: str,
        token_file: Path | None = None,
        timeout: float = 30.0,
        *,
        ca_file: Path | None = None,
        max_request: int = 1024 * 1024,
        max_answer: int = 64 * 1024,
    ) -> None:
        self._http = BoundedHttp(url, timeout, ca_file=ca_file, max_request=max_request, max_answer=max_answer)
        self._token_file = token_file

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Json:
        """Post JSON and return the object answered; raises `Refused`, `Unavailable` or `AnswerUnknown`."""
        answer = self._http.post(path, body, {**self._headers(), **(headers or {})})
        if answer.status // 100 != 2:
            raise _failure(answer)
        found = _json(answer.content)
        if found is None:
            self.forget()
            raise AnswerUnknown("the answer is no JSON object")
        return found

    def forget(self) -> None:
        """Drop this thread's connections: what was read on one of them did not belong to the question."""
        self._http.forget()

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "Accept": "application/json", **token_header(self._token_file)}


def token_header(token_file: Path | None) -> dict[str, str]:
    """Return the header that shows the token of a file, read anew; none without a file. Raises `Unavailable`."""
    if token_file is None:
        return {}
    try:
        return {"Authorization": f"Bearer {token_file.read_text().strip()}"}
    except OSError as fault:
        raise Unavailable(f"the token file cannot be read: {fault.strerror}") from fault


def _json(content: bytes) -> Json | None:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _failure(answer: Exchanged) -> Exception:
    """Say what an answer other than 2xx means for the message."""
    problem = _json(answer.content) or {}
    # RFC 9457: `detail` explains this occurrence, `title` the kind of problem
    message = problem.get("message") or problem.get("detail") or problem.get("title") or ""
    return failure(answer, str(problem.get("code") or ""), str(message))
