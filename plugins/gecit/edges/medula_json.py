"""MEDULA by the neutral contract of `docs/conformance/medula.md`: JSON over HTTP(S), one POST for each delivery."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from ..ports import AnswerUnknown, MedulaAnswer, Refused, Unavailable
from .bounded_http import told
from .json_http import Json, JsonService


class JsonMedula:
    """Implements `ports.Medula`; the address never holds an identifier, the key travels in header or body."""

    can_ask = True

    def __init__(
        self, url: str, token_file: Path | None = None, timeout: float = 30.0, *, ca_file: Path | None = None
    ) -> None:
        self._service = JsonService(url, token_file, timeout, ca_file=ca_file)

    def send(self, kind: str, key: str, payload: bytes) -> MedulaAnswer:
        """Deliver; the payload names its own `kind`. Percent-encoding keeps any accession number a legal header."""
        answer = self._service.post("/notifications", payload, {"Idempotency-Key": quote(key, safe=":")})
        return self._answer(answer, key)

    def ask(self, key: str, payload: bytes) -> MedulaAnswer | None:
        """Ask what became of a key, which is enough; whatever goes wrong with asking changes nothing over there."""
        try:
            answer = self._service.post("/notifications/ask", json.dumps({"key": key}).encode())
            return None if answer.get("known") is False else self._answer(answer, key)
        except (AnswerUnknown, Refused) as failure:
            raise Unavailable(f"asked, and not told: {told(failure)}") from failure

    def _answer(self, answer: Json, key: str) -> MedulaAnswer:
        """Read an answer, which must repeat the key: it is then surely of this delivery."""
        accepted, code = answer.get("accepted"), answer.get("code")
        if answer.get("key") != key:
            self._service.forget()
            raise AnswerUnknown("the answer is of another delivery")
        if not isinstance(accepted, bool) or not isinstance(code, str):
            raise AnswerUnknown("the answer lacks `accepted` or `code`")
        return MedulaAnswer(accepted=accepted, code=code[:64], message=str(answer.get("message") or "")[:300])
