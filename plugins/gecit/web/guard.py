"""The web process's door and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, current_app, g, request

from gecit.core.access import Action
from gecit.edges.doors import Doors, Why
from gecit.edges.orthanc_host import CHALLENGE, LIVE_PATH, PROOF

from .access import NEEDS, may_at_all
from .problem import BY_WHY, refuse

LONGEST_CHALLENGE = 64
STATIC = "static"  # Flask's own route, which nobody can mark


class Undeclared:
    """What a view needs that says nothing: nobody may call it."""


# Scripts and styles are files of our own origin; none stands in a page. Bootstrap's small pictures are `data:`.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def guard(doors: Doors) -> Callable[[], Response | None]:
    """Return what Flask asks before each request: None lets it pass."""

    def ask() -> Response | None:
        view = current_app.view_functions.get(request.endpoint or "")
        needed = getattr(view, NEEDS, Undeclared)
        if needed is None or request.endpoint == STATIC:
            return None
        admission = doors.admit(request.headers.get("Authorization", ""), request.remote_addr or "")
        if not admission.granted:
            return refuse(BY_WHY[admission.why or Why.MISSING])
        g.person = admission.person
        if view is None:  # Flask answers 404 or 405
            return None
        return None if isinstance(needed, Action) and may_at_all(g.person, needed) else refuse("forbidden")

    return ask


def prove(doors: Doors) -> Callable[[Response], Response]:
    """Return what answers the forwarder's challenge, so that it knows us from a stranger on our port."""

    def answer(response: Response) -> Response:
        challenge = request.headers.get(CHALLENGE, "")
        if 0 < len(challenge) <= LONGEST_CHALLENGE and request.path == LIVE_PATH:
            response.headers[PROOF] = doors.proof(challenge)
        return response

    return answer


def add_headers(response: Response) -> Response:
    """Add the security headers; what names a patient is never kept by a browser or a proxy."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
