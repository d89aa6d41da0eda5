"""What a patient does with links: makes one, and sees its address once."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.share_links import Channel
from gecit.core.sharing import Fault
from gecit.edges.credentials import new_token, token_digest
from gecit.steps.sharing import SharingRefused

from ..access import needs, person
from ..audit import about, tell_first
from .consents import draw, written, written_days
from .desk import SharingDesk


def link_routes(pages: Blueprint, desk: SharingDesk) -> None:
    """Add the route. A token stands behind `#`, which browsers send to nobody: in no access log, no referrer."""

    @pages.post("/links")
    @needs(Action.SHARE)
    def add_link() -> Response:
        about(patient=person().tckn)
        days, now = written_days(), desk.clock.now()
        channel = next((one for one in Channel if one.value == request.form.get("channel")), None)
        if days is None or channel is None:
            return draw(desk, (Fault.DAYS if days is None else Fault.NO_CHANNEL,))
        asked = written(days, now)
        token = new_token()
        tell_first()
        try:
            desk.links.make(asked, channel, request.form.get("address", ""), token_digest(token), person().name)
        except SharingRefused as refused:
            return draw(desk, refused.faults)
        shown = f"{_place(desk.public_url)}#{token}"
        return make_response(render_template("share_link_made.html", link=shown))


def _place(public_url: str) -> str:
    return public_url.rstrip("/") + url_for("link.show") if public_url else url_for("link.show", _external=True)
