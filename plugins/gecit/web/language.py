"""Which language a page speaks: `?lang=`, then the cookie, then Turkish."""

from __future__ import annotations

from datetime import datetime

from flask import Response, request

from gecit.core.values import Text, local

COOKIE = "gecit_lang"
LANGUAGES = ("tr", "en")
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
