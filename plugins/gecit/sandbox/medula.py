"""A pretend MEDULA: keeps what `docs/conformance/medula.md` promises and nothing more.

A reconstruction: the real interface between the Ministry and SGK is not public, and this is not it.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from flask import Flask, Response, jsonify, request

from ..core.billing import Notification, read_notification
from ..core.values import Value, to_json
from ..ports import MedulaAnswer, Refused
from .medula_rows import RowStore
from .medula_soap import NOBODY, Account, SoapDoor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ACCEPTED = "0000"
HTTP_STATUS = {"malformed": 400, "key-reused": 409}  # of a refusal; any other is 422
MOST_BYTES = 1024 * 1024


class Told(Value):
    """One delivery that was carried out."""

    key: str
    content: Notification


class PretendMedula:
    """Implements `ports.Medula` in memory; with `journal`, a file of JSON lines, it outlives its process. Thread-safe.

    The same key with the same content is carried out once and answered alike. A refusal leaves nothing behind.
    `rows` is what it was told over SOAP: one store, so that an exam is in force once, whichever way it came.
    """

    can_ask = True

    def __init__(self, journal: Path | None = None) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._told: dict[str, Told] = {}
        self._effective: dict[tuple[str, str], Told] = {}  # the notification in force of (institution, accession)
        self.arrivals = 0  # deliveries that arrived, repetitions and refused ones included
        self.rows = RowStore(self._lock, self._append, self._in_force)
        if journal and journal.is_file():
            for line in journal.read_bytes().splitlines():
                if not self.rows.recall(line):
                    self._keep(msgspec.json.decode(line, type=Told))

    def send(self, kind: str, key: str, payload: bytes) -> MedulaAnswer:
        """Carry a delivery out, once for each key; raises `Refused`."""
        content = self._read(kind, key, payload)
        with self._lock:
            self.arrivals += 1
            earlier = self._told.get(key)
            if earlier is None:
                self._check(content)
                self._write(Told(key=key, content=content))
            elif earlier.content != content:
                raise Refused("key-reused", "the key was used for another content")
        return MedulaAnswer(accepted=True, code=ACCEPTED)

    def arrived(self) -> None:
        """Count a delivery that came over SOAP."""
        with self._lock:
            self.arrivals += 1

    def ask(self, key: str, payload: bytes = b"") -> MedulaAnswer | None:
        """Say what became of a key; None = never carried out."""
        with self._lock:
            return MedulaAnswer(accepted=True, code=ACCEPTED) if key in self._told else None

    def effective(self) -> list[Told]:
        """Return the notifications in force: told as JSON, and not withdrawn."""
        with self._lock:
            return [self._effective[one] for one in sorted(self._effective)]

    def carried_out(self) -> list[Told]:
        """Return all that was carried out, in its order."""
        with self._lock:
            return list(self._told.values())

    def exams(self) -> list[tuple[str, str]]:
        """Return (MEDULA code, accession) of every exam of which anything is in force, whichever way it was told."""
        told = {(one.content.institution_medula, one.content.accession) for one in self.effective()}
        return sorted(told | {(one.facility, one.accession) for one in self.rows.standing()})

    def _in_force(self, facility: str, accession: str) -> bool:
        """Whether a notification told as JSON is in force; for who holds the lock."""
        mine = (one.content for one in self._effective.values() if one.content.accession == accession)
        return any(one.institution_medula == facility for one in mine)

    def _read(self, kind: str, key: str, payload: bytes) -> Notification:
        try:
            content = read_notification(payload)
        except msgspec.MsgspecError as fault:
            raise Refused("malformed", str(fault)) from fault
        named = f"{content.institution_skrs}:{content.accession}:{content.generation}:{content.kind}"
        if content.kind not in ("notify", "withdraw") or content.kind != kind or key != named:
            raise Refused("malformed", "the key is not of this content")
        return content

    def _check(self, content: Notification) -> None:
        """Refuse what the contract does not allow."""
        effective = self._effective.get((content.institution_skrs, content.accession))
        if content.kind == "withdraw":
            if effective is None or effective.content.generation != content.generation:
                raise Refused("nothing-to-withdraw", "no notification of this generation is in force")
            return
        if effective is not None:
            raise Refused("already-notified", f"generation {effective.content.generation} is in force")
        if self.rows.of_exam(content.institution_medula, content.accession):
            raise Refused("already-notified", "rows told over SOAP are in force")
        missing = [name for name in ("institution_medula", "modality", "procedures") if not getattr(content, name)]
        if missing:
            raise Refused("field-missing", ", ".join(missing))

    def _write(self, told: Told) -> None:
        self._append(told)
        self._keep(told)

    def _append(self, record: Value) -> None:
        if self._journal:
            with self._journal.open("ab") as file:
                file.write(to_json(record) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def _keep(self, told: Told) -> None:
        self._told[told.key] = told
        exam = (told.content.institution_skrs, told.content.accession)
        if told.content.kind == "withdraw":
            self._effective.pop(exam, None)
        else:
            self._effective[exam] = told


def medula_app(medula: PretendMedula, token: str = "", account: Account = NOBODY) -> Flask:
    """Put the pretend MEDULA behind HTTP: JSON, with `token` only for those who bring it, and `/soap` for `account`."""
    app = Flask("gecit.sandbox.medula")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES

    @app.before_request
    def check_token() -> Response | None:
        brought = request.headers.get("Authorization", "")
        return None if not token or brought == f"Bearer {token}" else problem("token", "who are you?", 401)

    @app.errorhandler(Refused)
    def refuse(refusal: Refused) -> Response:
        return problem(refusal.code, refusal.message, HTTP_STATUS.get(refusal.code, 422))

    @app.post("/notifications")
    def notifications() -> Response:
        key = unquote(request.headers.get("Idempotency-Key", ""))
        kind = key.rpartition(":")[2]
        return _answer(key, medula.send(kind, key, request.get_data()))

    @app.post("/notifications/ask")
    def ask() -> Response:
        key = str((request.get_json(silent=True) or {}).get("key", ""))
        answer = medula.ask(key)
        return jsonify(known=False, key=key) if answer is None else _answer(key, answer)

    @app.get("/inspect")
    def inspect() -> Response:
        lists = {
            "effective": medula.effective(),
            "carried_out": medula.carried_out(),
            "rows": medula.rows.standing(),
            "exams": medula.exams(),
        }
        note = "A reconstruction for trying things out; not the real MEDULA."
        return jsonify(note=note, arrivals=medula.arrivals, **{k: msgspec.to_builtins(v) for k, v in lists.items()})

    door, rest = SoapDoor(medula.rows, medula.arrived, account), app.wsgi_app

    def entrance(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = door if environ.get("PATH_INFO") == "/soap" else rest  # SOAP needs nothing of Flask
        return chosen(environ, start_response)

    app.wsgi_app = entrance  # type: ignore[method-assign]
    return app


def _answer(key: str, answer: MedulaAnswer) -> Response:
    return jsonify(known=True, key=key, accepted=answer.accepted, code=answer.code, message=answer.message)


def problem(code: str, detail: str, status: int) -> Response:
    """Word a refusal as a problem (RFC 9457) with a `code` of ours."""
    body = json.dumps({"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code})
    return Response(body, status, content_type="application/problem+json")
