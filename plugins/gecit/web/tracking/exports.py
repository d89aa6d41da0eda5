"""Exports: asked for on the list, made by a process of their own, followed by a bar, taken by who asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action, reach
from gecit.core.values import local
from gecit.edges.store import SqlLedger
from gecit.edges.store.tracking_desk import Export
from gecit.ports import Clock

from ..access import needs, person
from ..audit import only_watches, tell_first
from ..language import language
from .asked import Asked
from .export_file import KINDS

KEPT = timedelta(hours=24)
SILENT = timedelta(seconds=60)
"""An export of whose process nothing was heard for so long is taken for failed."""


class Exports(NamedTuple):
    """Where files of exports are put, and what starts the process that makes one by its id."""

    folder: Path
    start: Callable[[str], object]


def export_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock, node: str, exports: Exports) -> None:
    """Add the routes of exports."""

    def mine(number: str) -> Export:
        found = ledger.export(number)
        # A token is named like its owner and reaches less; and who was moved has left the old institution's behind.
        reached = found is not None and found.search.reach == reach(person(), Action.EXPORT)
        if found is None or found.owner != person().name or found.node != node or not reached:
            abort(404)
        return found

    def state(one: Export) -> str:
        silent = not one.finished and clock.now() - one.touched_at > SILENT
        return "failed" if silent else one.state

    @pages.post("/exports")
    @needs(Action.EXPORT)
    def ask_export() -> Redirect:
        asked, kind, now = Asked.of(request.form), request.form.get("kind", ""), clock.now()
        if kind not in KINDS:
            abort(400)
        before = ledger.exports_of(person().name, now - KEPT)
        if any(state(one) in ("waiting", "running") for one in before):
            return redirect(f"{url_for('tracking.exams')}?{asked.query(said='too-many-exports')}", 303)
        one = Export(
            id=secrets.token_hex(16),
            node=node,
            owner=person().name,
            kind=kind,
            language=language(),
            search=asked.search(reach(person(), Action.EXPORT)),
            asked_at=now,
            touched_at=now,
        )
        tell_first()
        ledger.add_export(one)
        exports.start(one.id)
        return redirect(url_for("tracking.show_export", number=one.id), 303)

    @pages.get("/exports/<number>")
    @only_watches
    @needs(Action.EXPORT)
    def show_export(number: str) -> str:
        one = mine(number)
        return render_template("export.html", export=one, state=state(one), hours=int(KEPT.total_seconds()) // 3600)

    @pages.get("/exports/<number>/progress")
    @only_watches
    @needs(Action.EXPORT)
    def export_progress(number: str) -> str:
        one = mine(number)
        return render_template("export_progress.html", export=one, state=state(one))

    @pages.get("/exports/<number>/file")
    @needs(Action.EXPORT)
    def export_file(number: str) -> Response:
        one = mine(number)
        path = exports.folder / f"{one.id}.{one.kind}"
        if one.state != "done" or not path.is_file():
            abort(404)
        response = make_response(path.read_bytes())
        response.content_type = KINDS[one.kind]
        name = f"gecit-{local(one.asked_at):%Y%m%d-%H%M}.{one.kind}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
