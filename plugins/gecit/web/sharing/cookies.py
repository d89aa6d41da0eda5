"""The cookie of a visit."""

from __future__ import annotations

from flask import Response, request

from gecit.edges.credentials import COOKIE, SECURE_COOKIE, SECURE_VISIT, VISIT

from .desk import SharingDesk


def begun(response: Response, desk: SharingDesk, value: str, seconds: int) -> Response:
    """Have a browser show a visit's cookie for so long, and no session that ended."""
    for name in (COOKIE, SECURE_COOKIE):  # one that ended and is still shown would hide the visit
        response.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="Lax")
    secure = desk.public_url.startswith("https:") or request.is_secure
    response.set_cookie(
        SECURE_VISIT if secure else VISIT, value, path="/", secure=secure, httponly=True, samesite="Lax",
        max_age=seconds,
    )  # fmt: skip
    return response
