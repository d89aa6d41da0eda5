"""Which language a page speaks: `?lang=`, then the cookie, then Turkish."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from flask import Response, request
from flask.globals import request_ctx

from gecit.core.values import Text, local

COOKIE = "gecit_lang"
LANGUAGES = ("tr", "en")
HOME = "/gecit/"
JUST_NOW = frozenset({"lang", "said", "count"})
YEAR_SECONDS = 365 * 24 * 3600


def language() -> str:
    """Return `tr` or `en` for this request."""
    asked = (request.args.get("lang"), request.cookies.get(COOKIE))
    return next((one for one in asked if one in LANGUAGES), LANGUAGES[0])


def remember_language(response: Response) -> Response:
    """Keep a language that was asked for."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(COOKIE, asked, max_age=YEAR_SECONDS, path="/gecit", httponly=True, samesite="Lax")
    return response


def other_language() -> str:
    """Return the language that the page does not speak."""
    return "tr" if language() == "en" else "en"


def in_other_language() -> str:
    """Return the address of the same page in the other language: with its filters, and without what was just said.

    What was posted to an address that cannot be read is answered by a page that has no address: that leads home.
    """
    wanted = ("lang", other_language())
    if request.method not in ("GET", "HEAD"):
        adapter = request_ctx.url_adapter
        readable = adapter is not None and adapter.test(request.path, "GET")
        return f"{quote(request.path) if readable else HOME}?{urlencode([wanted])}"
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in JUST_NOW]
    return f"{quote(request.path)}?{urlencode([*kept, wanted])}"


def say(text: Text | None) -> str:
    """Return a text in the request's language."""
    if text is None:
        return ""
    return text.en if language() == "en" else text.tr


def moment(at: datetime | None) -> str:
    """Write an instant as people in Turkey read it, in Europe/Istanbul."""
    return local(at).strftime("%d.%m.%Y %H:%M") if at else ""


def share(count: int, of: int) -> str:
    """Write a share in per cent as the request's language does: %12,5 in Turkish, 12.5% in English."""
    percent = f"{100 * count / of if of else 0:.1f}"
    return f"{percent}%" if language() == "en" else f"%{percent.replace('.', ',')}"
