"""A visit by a link goes over to the node that holds the images, as a sign-in does (`accounts.over`).

The ticket binds node and end: what a browser posts besides it can be no other.
"""

from __future__ import annotations

import time
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.edges.credentials import new_token, token_digest, visit_of
from gecit.edges.doors import REFUSED_SECONDS, How, Remembered
from gecit.edges.passwords import network_of

from ..access import needs, open_to_all
from ..accounts.over import towards
from ..audit import tell_first
from ..elsewhere import LINK_OVER, OVER, other, sender_of, this_node
from ..problem import refuse
from ..sender import address, admission, safe_next
from .cookies import begun
from .desk import SharingDesk


def over_routes(pages: Blueprint, desk: SharingDesk) -> None:
    """Add the page that gives a ticket, and the address that takes it."""
    told: Remembered[bool] = Remembered()

    def refused() -> None:
        """Tell once a minute of what any program can repeat as fast as it likes, or it would fill the audit."""
        network, now = network_of(address()).encode(), time.monotonic()
        if not told.get(network, now):
            desk.links.no_ticket(address())
            told.put(network, True, now + REFUSED_SECONDS)

    @pages.get("/over")
    @needs(Action.SEE_SHARED)
    def give() -> Response:
        if request.method == "HEAD":
            return make_response("")  # it is to change nothing
        own, nodes = this_node()
        if admission().how is not How.VISIT:  # who signed in since goes over as himself
            return make_response(redirect(f"{OVER}?{request.query_string.decode('ascii', 'ignore')}", 303))
        there = other(request.args.get("node", ""), own, nodes) if nodes else None
        if there is None:
            return refuse("not-found")
        ticket, visit = new_token(), token_digest(visit_of(request.headers.get("Cookie", "")))
        tell_first()
        until = desk.links.hand_over(visit, lambda end: _digest(ticket, there.name, end.isoformat()), address())
        if until is None:
            return make_response(redirect(f"{url_for('link.show')}?said=visit-over", 303))
        page = render_template(
            "over.html",
            there=there,
            door=LINK_OVER,
            ticket=ticket,
            until=until.isoformat(),
            next=safe_next(request.args.get("next", "")),
        )
        return towards(there, make_response(page))

    @pages.post("/over")
    @open_to_all
    def take() -> Response:
        """What another origin sends: the guard lets it through, so that this asks which one it is."""
        own, nodes = this_node()
        vouched_for = nodes is not None and sender_of(request.headers.get("Origin", ""), own, nodes)
        if admission().how is How.SESSION:  # the session would hide what the link opens
            return make_response(render_template("share_link.html", somebody=True))
        until, value = request.form.get("until", ""), new_token()
        ticket = _digest(request.form.get("ticket", ""), own, until)
        end = _instant(until) if vouched_for else None
        if end is None or not desk.links.take_over(ticket, token_digest(value), end, address()):
            refused()
            return make_response(redirect(f"{url_for('link.show')}?said=visit-over", 303))
        onward = make_response(redirect(safe_next(request.form.get("next", "")), 303))
        return begun(onward, desk, value, int((end - desk.clock.now()).total_seconds()))


def _digest(ticket: str, node: str, until: str) -> str:
    """Return what is kept of a ticket: no cookie has it, and no other node's ticket or end."""
    return token_digest(f"visit\0{node}\0{until}\0{ticket}")


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
