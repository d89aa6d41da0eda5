"""The registry of physicians over HTTP(S): the number travels in the body, and an answer is used again for a while."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path

from ..core.events import RegistryAnswer
from ..ports import Clock, Refused, Unavailable
from .json_http import Json, JsonService


class HttpRegistry:
    """Implements `ports.Registry`; "not known" is kept like any other answer, a failure never is. Thread-safe."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        token_file: Path | None = None,
        timeout: float = 5.0,
        *,
        keep: timedelta = timedelta(hours=1),
        most: int = 20_000,
        ca_file: Path | None = None,
    ) -> None:
        self._service = JsonService(url, token_file, timeout, ca_file=ca_file)
        self._clock = clock
        self._keep = keep
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[datetime, RegistryAnswer]] = OrderedDict()

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say whose number it is; raises `Unavailable`, also where the registry refuses to be asked."""
        now = self._clock.now()
        kept = self._remembered(identifier, now)
        if kept is not None:
            return kept
        try:
            answer = self._service.post("/radiologists/ask", json.dumps({"identifier": identifier}).encode())
        except Refused as refusal:
            raise Unavailable(f"the registry refused the question: {refusal.code}") from refusal
        return self._remember(_read(answer, identifier, now), now)

    def _remembered(self, identifier: str, now: datetime) -> RegistryAnswer | None:
        with self._lock:
            until, answer = self._kept.get(identifier, (now, None))
        return answer if now < until else None

    def _remember(self, answer: RegistryAnswer, now: datetime) -> RegistryAnswer:
        with self._lock:
            self._kept[answer.identifier] = (now + self._keep, answer)
            self._kept.move_to_end(answer.identifier)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return answer


def _read(answer: Json, identifier: str, now: datetime) -> RegistryAnswer:
    """Read an answer; one that is not of this number or not complete is none."""
    known, radiologist = answer.get("known"), answer.get("radiologist", False)
    if answer.get("identifier") != identifier or not isinstance(known, bool) or not isinstance(radiologist, bool):
        raise Unavailable("the registry's answer is not of its form")
    name = str(answer.get("name") or "")[:120]
    return RegistryAnswer(
        identifier=identifier, known=known, radiologist=known and radiologist, name=name, source="http", as_of=now
    )
