"""The web process's door and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from gecit.edges.doors import Doors
from gecit.edges.orthanc_host import CHALLENGE, LIVE_PATH, PROOF

from .problem import BY_WHY, refuse

LONGEST_CHALLENGE = 64
OPEN = ("/gecit/api/live", "/gecit/static/")  # nothing of anybody stands there

# No script at all runs on these pages, so none is allowed.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def guard(doors: Doors) -> Callable[[], Response | None]:
    """Return what Flask asks before each request: None lets it pass."""

    def ask() -> Response | None:
        if request.path.startswith(OPEN):
            return None
        admission = doors.admit(request.headers.get("Authorization", ""), request.remote_addr or "")
        return None if admission.granted or admission.why is None else refuse(BY_WHY[admission.why])

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
    response.headers.extend(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
