"""Keeps every other page and JSON of an exam shut to whoever has a blind review of it to do."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from gecit.core.order import ExamKey
from gecit.ports.reviews import ReviewDoors

from ..audit import about
from ..blinded import BLIND, is_blinded
from ..problem import show


def blind_guard(reviews: ReviewDoors) -> Callable[[], Response | None]:
    """Return what Flask asks before each request that names an exam: None lets it pass."""

    def ask() -> Response | None:
        named = request.view_args or {}
        institution, accession = _named(named, "institution"), _named(named, "accession")
        if not (institution and accession):
            return None
        if not is_blinded(reviews, ExamKey(institution=institution, accession=accession)):
            return None
        about(institution, accession, refused=True)
        return show(BLIND)

    return ask


def _named(given: dict[str, object], name: str) -> str:
    """Return it as pages look it up: with blanks around it, it is the same exam."""
    return str(given.get(name) or request.form.get(name, "") or request.args.get(name, "")).strip()
