"""What the plugin hands to Orthanc."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import InternalError

from gecit import app
from gecit.app import register, start_when_orthanc_answers
from gecit.processes.registered import Membership
from gecit.settings import from_orthanc


class Careless:
    """An `orthanc` module that keeps no callback alive, as plugin 5.0 does not when it stops."""

    def __init__(self) -> None:
        self.found: dict[str, weakref.ref[object]] = {}

    def RegisterRestCallback(self, pattern: str, callback: object) -> None:
        self.found[pattern] = weakref.ref(callback)

    def RegisterIncomingHttpRequestFilter(self, callback: object) -> None:
        pass


def test_no_rest_callback_dies_where_orthanc_lets_go_of_it() -> None:
    """Orthanc 1.12.7 with Python 3.13 aborts at its stop where one does: `make debian-test` sees it."""
    orthanc = Careless()
    register(orthanc, SimpleNamespace(proof=""), SimpleNamespace(), 8043, SimpleNamespace())  # type: ignore[arg-type]
    gc.collect()
    assert len(orthanc.found) == 3
    assert [pattern for pattern, callback in orthanc.found.items() if callback() is None] == []


class ReadOnly:
    """A ledger on a PostgreSQL that lets nobody write, and the Orthanc of its node."""

    def claim_node(self, new: object) -> None:
        raise InternalError("INSERT", {}, Exception("cannot execute INSERT in a read-only transaction"))

    def identity(self) -> str:
        return "A@mark"

    def version(self) -> str:
        return "1.10.1"


def test_the_processes_start_where_the_node_cannot_be_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "WAIT_FOR_ORTHANC_SECONDS", 0.25)
    monkeypatch.setattr(app, "answers", lambda url, token: True)
    settings = from_orthanc({"Name": "A", "Gecit": {"Data": str(tmp_path)}}, {})
    member = Membership(settings, ReadOnly(), ReadOnly())  # type: ignore[arg-type]
    started: list[bool] = []
    supervisor = SimpleNamespace(start=lambda: started.append(True))
    assert start_when_orthanc_answers(settings, "token", supervisor, member)  # type: ignore[arg-type]
    assert started == [True]
    app.told_to_live(member)
