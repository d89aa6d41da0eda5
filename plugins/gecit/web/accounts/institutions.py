"""Institutions: both codes, who may speak for them at the doors, how their messages are laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.values import Text
from gecit.ports import Institution
from gecit.steps.accounts import Desk
from gecit.steps.record_institution import CHARACTER_SETS, OWNERSHIPS, institution_of, lines_of

from ..access import needs, person
from ..sender import address

if TYPE_CHECKING:
    from . import Institutions

TAKEN = Text(tr="Bu SKRS kodu zaten kayıtlı.", en="This SKRS code is recorded already.")
"""Said rather than overwriting what stands there."""


def institution_pages(desk: Desk, institutions: Institutions) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("institutions", __name__, url_prefix="/gecit/institutions")

    def form(values: dict[str, str], *, new: bool, faults: tuple[Text, ...] = ()) -> Response:
        page = render_template(
            "institution.html",
            values=values,
            new=new,
            faults=faults,
            ownerships=OWNERSHIPS,
            character_sets=CHARACTER_SETS,
            profiles=sorted(institutions.profiles()),
        )
        return make_response(page, 422 if faults else 200)

    def known(skrs: str) -> Institution:
        return next((one for one in institutions.all() if one.skrs == skrs), None) or abort(404)

    def keep(values: dict[str, str], *, new: bool) -> Response:
        made = institution_of(values, institutions.profiles())
        faults = made if isinstance(made, tuple) else ()
        if new and any(one.skrs == values.get("skrs", "").strip() for one in institutions.all()):
            faults = (*faults, TAKEN)
        if faults or isinstance(made, tuple):
            return form(values, new=new, faults=faults)
        desk.record(person(), "add an institution" if new else "change an institution", made.skrs, address())
        institutions.record(made, person())
        return make_response(redirect(url_for("institutions.show"), 303))

    @pages.get("")
    @needs(Action.MANAGE_INSTITUTIONS)
    def show() -> str:
        return render_template("institutions.html", institutions=institutions.all())

    @pages.get("/new")
    @needs(Action.MANAGE_INSTITUTIONS)
    def new() -> Response:
        return form(lines_of(Institution(skrs="")), new=True)

    @pages.post("/new")
    @needs(Action.MANAGE_INSTITUTIONS)
    def add() -> Response:
        return keep({**request.form, "trial": ""}, new=True)

    @pages.get("/<skrs>")
    @needs(Action.MANAGE_INSTITUTIONS)
    def one(skrs: str) -> Response:
        return form(lines_of(known(skrs)), new=False)

    @pages.post("/<skrs>")
    @needs(Action.MANAGE_INSTITUTIONS)
    def change(skrs: str) -> Response:
        stands = lines_of(known(skrs))  # whether it is one for trials is said once, by `gecit institutions add --trial`
        return keep({**request.form, "skrs": stands["skrs"], "trial": stands["trial"]}, new=False)

    return pages
