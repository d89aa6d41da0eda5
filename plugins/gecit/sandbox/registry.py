"""A pretend registry of physicians. A reconstruction: no public interface of the real one is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flask import Flask, Response, jsonify, request

from ..core.events import RegistryAnswer
from ..core.values import Value, local
from ..edges import codes
from ..ports import Clock, Unavailable


class Physician(Value):
    """Somebody in the registry; days are YYYY-MM-DD, inclusive, empty = open."""

    name: str
    radiologist: bool
    valid_from: str = ""
    valid_until: str = ""


def read_physicians(csv_path: Path) -> dict[str, Physician]:
    """Read a `radiologists` list (`edges.code_columns`), by number."""
    return {
        str(row["identifier"]): Physician(
            name=str(row["name"]),
            radiologist=bool(row["is_radiologist"]),
            valid_from=str(row["valid_from"] or ""),
            valid_until=str(row["valid_until"] or ""),
        )
        for row in codes.read_csv("radiologists", csv_path)
    }


class FakeRegistry:
    """Implements `ports.Registry` from a mapping; `down` makes it unreachable."""

    def __init__(self, physicians: Mapping[str, Physician], clock: Clock) -> None:
        self._physicians = physicians
        self._clock = clock
        self.down = False
        self.asked = 0

    def look_up(self, identifier: str) -> RegistryAnswer:
        """Say whose number it is today in Istanbul."""
        self.asked += 1
        if self.down:
            raise Unavailable("the pretend registry is switched off")
        now = self._clock.now()
        found = self._physicians.get(identifier)
        if found is not None and not (found.valid_from <= local(now).date().isoformat() <= (found.valid_until or "9")):
            found = None
        return RegistryAnswer(
            identifier=identifier,
            known=found is not None,
            radiologist=found is not None and found.radiologist,
            name=found.name if found else "",
            source="sandbox",
            as_of=now,
        )


def registry_app(registry: FakeRegistry) -> Flask:
    """Put the pretend registry behind HTTP."""
    app = Flask("gecit.sandbox.registry")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

    @app.post("/radiologists/ask")
    def ask() -> Response:
        identifier = str((request.get_json(silent=True) or {}).get("identifier", ""))
        answer = registry.look_up(identifier)
        return jsonify(identifier=identifier, known=answer.known, radiologist=answer.radiologist, name=answer.name)

    return app
