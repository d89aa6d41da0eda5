"""Keeps every other page and JSON of an exam shut to whoever has a blind review of it to do."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from gecit.core.access import Action
from gecit.core.order import ExamKey
from gecit.core.values import Text
from gecit.ports.reviews import ReviewDoors

from ..access import may_at_all, person
from ..audit import about
from ..problem import Problem, show

BLIND = Problem(
    type="blind-review",
    status=403,
    title=Text(tr="Bu tetkik kör incelemede", en="This exam is under your blind review"),
    detail=Text(
        tr="Raporu yazanın adı bu sayfada görünürdü. İnceleme turu kapanınca açılır; Teleradyoloji Birimi kapatır.",
        en="This page would name who wrote the report. It opens when the round of reviews is closed, which the "
        "Teleradiology unit does.",
    ),
)


def blind_guard(reviews: ReviewDoors) -> Callable[[], Response | None]:
    """Return what Flask asks before each request that names an exam: None lets it pass."""

    def ask() -> Response | None:
        named = request.view_args or {}
        institution, accession = _named(named, "institution"), _named(named, "accession")
        if not (institution and accession) or not may_at_all(person(), Action.REVIEW_REPORT):
            return None
        if not reviews.is_blind(person().name, ExamKey(institution=institution, accession=accession)):
            return None
        about(institution, accession, refused=True)
        return show(BLIND)

    return ask


def _named(given: dict[str, object], name: str) -> str:
    """Return it as pages look it up: with blanks around it, it is the same exam."""
    return str(given.get(name) or request.form.get(name, "") or request.args.get(name, "")).strip()
