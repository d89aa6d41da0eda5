"""Where the images stand: beside the editor, in a frame of our own origin, or in a window of their own."""

from __future__ import annotations

from flask import Response, request

from ..guard import HEADERS
from ..language import YEAR_SECONDS

COOKIE = "gecit_images"
BESIDE, WINDOW = "beside", "window"
PLACES = (WINDOW, BESIDE)  # the first one where nobody chose


def images_place() -> str:
    """Return where they stand: `?images=`, then the cookie, then a window of their own."""
    asked = (request.args.get("images"), request.cookies.get(COOKIE))
    return next((one for one in asked if one in PLACES), PLACES[0])


def remember_place(response: Response) -> Response:
    """Keep a place that was asked for."""
    asked = request.args.get("images")
    if asked in PLACES:
        response.set_cookie(COOKIE, asked, max_age=YEAR_SECONDS, path="/gecit", httponly=True, samesite="Lax")
    return response


def framing(response: Response) -> Response:
    """Let a page of ours hold the viewer; nobody may frame the page itself."""
    response.headers["Content-Security-Policy"] = f"{HEADERS['Content-Security-Policy']}; frame-src 'self'"
    return response
