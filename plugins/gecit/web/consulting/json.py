"""Consultations as JSON: those of the person, and one of them."""

from __future__ import annotations

from flask import Blueprint, Response

from gecit.core.access import Action
from gecit.core.values import Value

from ..access import may_at_all, needs, person
from ..api.answers import answer
from ..route import Parameter, Route
from .desk import Consulting
from .page import LIST, SEE, lines_of, seen_here
from .shown import ShownConsultation, show

BASE = "/gecit/api/consultations"


class Consultations(Value):
    """What the person was asked and what he asked, what waits first."""

    asked: tuple[ShownConsultation, ...]
    asking: tuple[ShownConsultation, ...]


DESCRIBED = (
    Route(path=BASE, text="Consultations that the person was asked for, and those he asked.", answers=Consultations),
    Route(
        path=f"{BASE}/{{number}}",
        text="One consultation with its thread; the exam stands in it while it is open to the person.",
        answers=ShownConsultation,
        parameters=(Parameter(name="number", place="path", kind="string", text="the consultation's id, `k-...`"),),
        errors=(404,),
    ),
)


def json_routes(desk: Consulting) -> Blueprint:
    """Build the routes."""
    routes = Blueprint("consulting_api", __name__, url_prefix=BASE)

    @routes.get("")
    @needs(Action.ANSWER_CONSULTATION)
    def listed() -> Response:
        now = desk.room.clock.now()
        desk.room.record(person(), LIST, None)
        asks = may_at_all(person(), Action.ASK_CONSULTATION)
        return answer(
            Consultations(
                asked=tuple(lines_of(desk, now)),
                asking=tuple(lines_of(desk, now, asked_by=True)) if asks else (),
            )
        )

    @routes.get("/<number>")
    @needs(Action.ANSWER_CONSULTATION)
    def one(number: str) -> Response:
        found = seen_here(desk, number)
        desk.room.record(person(), SEE, found.key, tckn=found.exam.patient.tckn)
        return answer(show(desk, found, desk.room.clock.now()))

    return routes
