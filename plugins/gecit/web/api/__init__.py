"""The JSON interface and its OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, request

from gecit.core.access import Action
from gecit.ports import Clock, Unavailable, Views, Vitals

from ..access import needs, open_to_all
from ..beside import Beside
from ..health import examine
from ..problem import refuse
from ..problem import show as show_problem
from ..route import Route
from ..shown import show_detail, show_exam
from ..tracking import list_exams
from .answers import answer
from .exams import exam_at
from .integration import DESCRIBED, EXAMS, Integrating
from .openapi import DEFAULT_LIMIT, LONGEST_LIMIT, ExamList, Live, description
from .queries import Faulty


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
    integrating: Integrating | None = None,
) -> Blueprint:
    """Build the JSON interface; `openapi.py` describes each route, and a test compares the two.

    `further`: routes under the same address that other capabilities answer. `integrating`: the ledger's own search,
    outbox, rules and webhooks; None = only what `views` and `vitals` know.
    """
    routes = Blueprint("api", __name__, url_prefix="/gecit/api")
    _errors(routes)
    if integrating:
        integrating.add_to(routes, views, clock)
    else:
        _plain_list(routes, views)

    described = description((*further, *DESCRIBED), [EXAMS]) if integrating else description(further)

    @routes.get("/live")
    @open_to_all
    def live() -> Response:
        return answer(Live(ok=True))

    @routes.get("/health")
    @needs(Action.SEE_HEALTH)
    def health() -> Response:
        found = examine(vitals, clock, node, expected)
        return answer(found, 200 if found.ok else 503)

    @routes.get("/exams/<institution>/<path:accession>")
    @needs(Action.SEE_EXAM)
    def exam(institution: str, accession: str) -> Response:
        found = exam_at(views, institution, accession)
        return answer(show_detail(found, views.timeline(found.key), beside))

    @routes.get("/openapi.json")
    @open_to_all
    def openapi() -> Response:
        return answer(described)

    return routes


def _plain_list(routes: Blueprint, views: Views) -> None:
    @routes.get("/exams")
    @needs(Action.LIST_EXAMS)
    def exams() -> Response:
        found = list_exams(views, request.args.get("accession", "").strip(), read_limit())
        return answer(ExamList(exams=tuple(show_exam(one) for one in found)))


def _errors(routes: Blueprint) -> None:
    @routes.errorhandler(Faulty)
    def on_faulty(fault: Faulty) -> Response:
        return show_problem(fault.problem)

    @routes.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        return refuse("unavailable")
