"""The JSON interface and its OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, make_response, request

from gecit.core.access import Action
from gecit.core.values import to_json
from gecit.ports import Clock, Views, Vitals

from ..access import needs, open_to_all
from ..beside import Beside
from ..health import examine
from ..route import Route
from ..shown import show_detail, show_exam
from ..tracking import find_exam, list_exams
from .openapi import DEFAULT_LIMIT, LONGEST_LIMIT, ExamList, Live, description


def answer(value: object, status: int = 200) -> Response:
    """Answer with a value as JSON."""
    response = make_response(to_json(value), status)
    response.content_type = "application/json"
    return response


def read_limit() -> int:
    """Return `?limit=`; 400 where it is no number from 1 to the longest."""
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LONGEST_LIMIT):
        abort(400)
    return int(text)


def api(
    views: Views,
    vitals: Vitals,
    clock: Clock,
    node: str,
    expected: Sequence[str],
    beside: Beside,
    further: Sequence[Route] = (),
) -> Blueprint:
    """Build the JSON interface; `openapi.py` describes each route, and a test compares the two.

    `further`: routes under the same address that other capabilities answer.
    """
    routes = Blueprint("api", __name__, url_prefix="/gecit/api")

    @routes.get("/live")
    @open_to_all
    def live() -> Response:
        return answer(Live(ok=True))

    @routes.get("/health")
    @needs(Action.SEE_HEALTH)
    def health() -> Response:
        found = examine(vitals, clock, node, expected)
        return answer(found, 200 if found.ok else 503)

    @routes.get("/exams")
    @needs(Action.LIST_EXAMS)
    def exams() -> Response:
        found = list_exams(views, request.args.get("accession", "").strip(), read_limit())
        return answer(ExamList(exams=tuple(show_exam(one) for one in found)))

    @routes.get("/exams/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def exam(institution: str, accession: str) -> Response:
        found = find_exam(views, institution, accession)
        return answer(show_detail(found, views.timeline(found.key), beside))

    @routes.get("/openapi.json")
    @open_to_all
    def openapi() -> Response:
        return answer(description(further))

    return routes
