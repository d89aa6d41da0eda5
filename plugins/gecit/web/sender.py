"""Where a request came from, and whether it comes from our own pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g, request
from markupsafe import Markup

from gecit.edges.doors import Admission, How
from gecit.edges.same_origin import SAFE, carries, from_elsewhere

FIELD, HEADER = "csrf", "X-CSRF-Token"
HOME = "/gecit/"


def address() -> str:
    """Return the sender's address; proxies on loopback are looked through by the server (processes/web.py)."""
    return request.remote_addr or ""


def admission() -> Admission:
    """Return how the door was opened."""
    found = getattr(g, "admission", None)
    return found if isinstance(found, Admission) else Admission()


def is_crossing() -> bool:
    """Whether a browser says that another origin's page wants to change something here."""
    if request.method in SAFE or request.headers.get("Authorization", "").lower().startswith("bearer "):
        return False
    headers = request.headers
    return from_elsewhere(headers.get("Origin", ""), headers.get("Sec-Fetch-Site", ""), request.host)


def is_forged() -> bool:
    """Whether a session would change something without the token that only our own pages have."""
    if request.method in SAFE or admission().how not in (How.SESSION, How.VISIT):
        return False
    return not carries(request.headers.get(HEADER) or request.form.get(FIELD, ""), admission().csrf)


def csrf_field() -> Markup:
    """Return the hidden field of a form; nothing where no session is there to be misused."""
    token = admission().csrf
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token) if token else Markup("")


def reads_pages() -> bool:
    """Whether a browser asks for a page."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def wants_page() -> bool:
    """Whether a browser that shows nothing it can sign in by asks for a page."""
    return "Authorization" not in request.headers and reads_pages()


def safe_next(asked: str) -> str:
    """Return the page to go on to: one of ours, else the first one."""
    parts = urlsplit(asked)
    ours = parts.path == "/gecit" or parts.path.startswith(HOME)
    plain = not (parts.scheme or parts.netloc) and asked.isprintable() and "\\" not in asked and "//" not in parts.path
    climbs = ".." in parts.path.split("/")
    return asked if ours and plain and not climbs and not parts.path.startswith("/gecit/sign-") else HOME
