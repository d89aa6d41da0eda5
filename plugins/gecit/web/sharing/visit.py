"""The door for whoever comes by a link: the token, then the code, then a visit; before it nothing of a patient."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.edges.credentials import SECURE_VISIT, VISIT, new_token, token_digest, visit_of
from gecit.edges.doors import Doors, How
from gecit.edges.passwords import network_of
from gecit.steps.share_links import Said

from ..access import needs, open_to_all
from ..audit import tell_first
from ..sender import address, admission
from .cookies import begun
from .desk import SharingDesk
from .over import over_routes

STATUS = {Said.SENT: 200, Said.NOTHING: 404, Said.WRONG: 401, Said.TOO_MANY: 429, Said.NOT_SENT: 503}


def visit_pages(desk: SharingDesk, doors: Doors) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("link", __name__, url_prefix="/gecit/link")

    def page(token: str = "", said: Said | None = None) -> Response:
        signed_in = admission().granted and admission().how is not How.VISIT
        drawn = render_template("share_link.html", token=token, answer=said, somebody=signed_in)
        return make_response(drawn, STATUS.get(said, 200) if said else 200)

    @pages.get("")
    @open_to_all
    def show() -> Response:
        return page()

    @pages.post("/code")
    @open_to_all
    def code() -> Response:
        token = request.form.get("token", "").strip()
        return page(token, desk.links.send_code(token_digest(token), network_of(address()), address()))

    @pages.post("/open")
    @open_to_all
    def enter() -> Response:
        token, value = request.form.get("token", "").strip(), new_token()
        if admission().how is How.SESSION:  # the session would hide what the link opens
            return page(token, Said.SENT)
        said = desk.links.enter(
            token_digest(token), request.form.get("code", ""), token_digest(value), network_of(address()), address()
        )
        if said is not Said.OPEN:
            return page(token, said)
        if before := visit_of(request.headers.get("Cookie", "")):  # of whoever sat there before, also at other nodes
            desk.links.leave(token_digest(before))
        onward = make_response(redirect(url_for("shared.show"), 303))
        return begun(onward, desk, value, int(desk.links.terms.visit.total_seconds()))

    @pages.post("/leave")
    @needs(Action.SEE_SHARED)
    def leave() -> Response:
        cookies = request.headers.get("Cookie", "")
        tell_first()
        desk.links.leave(token_digest(visit_of(cookies)))
        doors.forget(cookies)
        response = make_response(redirect(url_for("link.show"), 303))
        for name in (VISIT, SECURE_VISIT):
            response.delete_cookie(name, path="/", secure=name == SECURE_VISIT, httponly=True, samesite="Lax")
        return response

    over_routes(pages, desk)
    return pages
