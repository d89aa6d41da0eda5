"""The web process's door and the headers of every answer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, current_app, g, make_response, redirect, request, url_for

from gecit.core.access import Action
from gecit.edges.credentials import visit_of
from gecit.edges.doors import Admission, Doors, Why
from gecit.edges.orthanc_host import CHALLENGE, LIVE_PATH, PROOF

from .access import NEEDS, may_at_all
from .audit import sent_on
from .elsewhere import by_link, vouching
from .frame import addresses
from .problem import BY_WHY, refuse
from .sender import address, is_crossing, is_forged, reads_pages, wants_page

LONGEST_CHALLENGE = 64
SIGN_IN = "sign_in.show"
OVER = ("over.take", "link.take")  # what another node sends, and what asks itself which one it is
LINK = "link.show"  # where whoever came by a link begins anew
HOME, FRONT = "/gecit", "front.show"  # whoever comes without an address in mind reads first what this is
API = "/gecit/api/"
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
        if is_crossing() and request.endpoint not in OVER:
            return refuse("csrf")
        if request.endpoint == STATIC:
            return None
        if needed is None:
            _look(doors)
            return None
        found = _look(doors)
        if not found.granted:
            return _sign_in_or_refuse(found.why or Why.MISSING)
        if is_forged():
            return refuse("csrf")
        if view is None:  # Flask answers 404 or 405
            return None
        if isinstance(needed, Action) and may_at_all(found.person, needed):
            return None
        return _first_page() if _comes_home() and reads_pages() else refuse("forbidden")

    return ask


def _look(doors: Doors) -> Admission:
    """Ask who it is, and remember it for the view; an open page greets whoever is signed in."""
    headers = request.headers
    found = doors.admit(headers.get("Authorization", ""), address(), headers.get("Cookie", ""))
    g.admission, g.person = found, found.person
    return found


def _sign_in_or_refuse(why: Why) -> Response:
    """Send a browser that has nothing to show to the sign-in page; tell everybody else what is wrong."""
    if why is not Why.MISSING or SIGN_IN not in current_app.view_functions:
        return refuse(BY_WHY[why])
    if "HX-Request" in request.headers:  # a part of a page is loaded anew: the whole page goes
        response = refuse(BY_WHY[why])
        response.headers["HX-Redirect"] = url_for(SIGN_IN)
        return response
    if not wants_page():
        return refuse(BY_WHY[why])
    if there := vouching():
        return make_response(redirect(there, 303))
    came_by_link = by_link() or visit_of(request.headers.get("Cookie", ""))
    if came_by_link and LINK in current_app.view_functions:
        return make_response(redirect(f"{url_for(LINK)}?said=visit-over", 303))
    if _comes_home() and FRONT in current_app.view_functions:
        return make_response(redirect(url_for(FRONT), 303))
    return make_response(redirect(url_for(SIGN_IN, next=request.full_path.rstrip("?")), 303))


def refuse_nul() -> Response | None:
    """Refuse what holds a NUL in address or form: PostgreSQL keeps none. The API itself says which field holds it."""
    if "\0" in request.path:
        return refuse("not-found")
    if request.path.startswith(API):
        return None
    fields = [*request.args.items(multi=True), *request.form.items(multi=True)]
    return refuse("bad-request") if any("\0" in text for one in fields for text in one) else None


def _comes_home() -> bool:
    """Whether the first address is asked for, with no page in mind."""
    return request.path.rstrip("/") == HOME


def _first_page() -> Response:
    """Send who has no right to the list, as after signing in, to the first page that there is for him."""
    allowed = addresses()
    if not allowed and FRONT not in current_app.view_functions:
        return refuse("forbidden")
    sent_on()
    return make_response(redirect(allowed[0] if allowed else url_for(FRONT), 303))


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
