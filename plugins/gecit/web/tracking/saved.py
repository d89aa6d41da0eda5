"""Views of the list that a person keeps under a name."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action
from gecit.edges.store import SqlLedger
from gecit.edges.store.tracking_desk import SavedView
from gecit.ports import Clock

from ..access import needs, person
from ..audit import tell_first
from ..masking import mask
from .asked import Asked

LONGEST_NAME = 60


def saved_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock) -> None:
    """Add the routes of saved views."""

    @pages.post("/views")
    @needs(Action.LIST_EXAMS)
    def save_view() -> Redirect:
        asked, name = Asked.of(request.form), request.form.get("name", "").strip()
        right = 0 < len(name) <= LONGEST_NAME and mask(name) == name
        if right:
            tell_first()
            ledger.save_view(person().name, SavedView(name=name, fields=asked.fields), clock.now())
        said = "view-saved" if right else "view-unnamed"
        return redirect(f"{url_for('tracking.exams')}?{asked.query(said=said)}", 303)

    @pages.post("/views/delete")
    @needs(Action.LIST_EXAMS)
    def delete_view() -> Redirect:
        tell_first()
        ledger.delete_view(person().name, request.form.get("name", ""))
        return redirect(f"{url_for('tracking.exams')}?said=view-deleted", 303)
