"""An exam's hints and ratings as JSON."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort

from gecit.core.access import Action
from gecit.core.quality_data import QualityData
from gecit.edges.store import SqlLedger
from gecit.ports import Unavailable

from ..access import needs
from ..api.answers import answer
from ..problem import refuse
from ..route import Parameter, Route
from ..shown_quality import QualityOfExam, show_quality
from ..tracking.exam_page import read_exam

DESCRIBED = (
    Route(
        path="/gecit/api/quality/{institution}/{accession}",
        text="An exam's ratings in force, and what its facts give away by themselves: advice, no part of the verdict.",
        answers=QualityOfExam,
        parameters=(
            Parameter(name="institution", place="path", kind="string", text="SKRS code"),
            Parameter(name="accession", place="path", kind="string", text="accession number (0008,0050)"),
        ),
        errors=(400, 404),
    ),
)


def api_routes(routes: Blueprint, ledger: SqlLedger, data: Callable[[], QualityData]) -> None:
    """Add the route."""

    @routes.get("/<institution>/<path:accession>")
    @needs(Action.SEE_QUALITY)
    def quality(institution: str, accession: str) -> Response:
        if "\0" in f"{institution}{accession}":
            abort(404)
        found = read_exam(ledger, institution, accession, Action.SEE_QUALITY)
        return answer(show_quality(found, data().reasons))

    @routes.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        return refuse("unavailable")
