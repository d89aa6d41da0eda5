"""The duplicate query for HBYS: asked by POST, and by the Ministry's GET where a site switches that on."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urljoin

import msgspec
from flask import Blueprint, Response, abort, make_response, request

from gecit.core.access import Action
from gecit.core.background import Answering, DuplicateQuery
from gecit.core.duplicate_question import Question, QuestionRefused
from gecit.core.values import to_json
from gecit.edges.report_text import text_of
from gecit.ports import Unavailable
from gecit.ports.reviews import ReviewDoors
from gecit.steps.ask_above import UpstreamUnavailable
from gecit.steps.duplicates import DuplicateDesk, Opened

from ..access import may_touch, needs
from ..audit import about, tell_first
from ..blinded import BLIND, is_blinded
from ..picture_places import address_of_study
from ..problem import refuse, show
from . import wire
from .description import BASE, INTEGRATION, described
from .problems import ABOVE, NO_QUESTION, PROBLEMS

__all__ = ["described", "duplicates"]

T = TypeVar("T")


def duplicates(desk: DuplicateDesk, *, ministry_get: bool, reviews: ReviewDoors | None = None) -> Blueprint:
    """Build the routes; `description.py` describes each, and a test compares the two.

    `reviews`: whose blind reviews are under way, None = there are none; a report under one is shut to its reviewer.
    """
    routes = Blueprint("duplicates", __name__)
    _errors(routes)
    _of_ours(routes, desk, reviews)
    if ministry_get:
        _ministry(routes, desk, reviews)
    return routes


def _of_ours(routes: Blueprint, desk: DuplicateDesk, reviews: ReviewDoors | None) -> None:
    @routes.post(f"{BASE}/previous-studies")
    @needs(Action.QUERY_DUPLICATES)
    def previous_studies() -> Response:
        return _studies(desk.previous_studies(_own_question(desk, _body(wire.SutQuestion).read())))

    @routes.post(f"{BASE}/previous-studies-for-sut-code-list")
    @needs(Action.QUERY_DUPLICATES)
    def previous_studies_for_list() -> Response:
        return _studies(desk.previous_studies(_own_question(desk, _body(wire.SutListQuestion).read())))

    @routes.post(f"{BASE}/previous-studies-search-detail")
    @needs(Action.QUERY_DUPLICATES)
    def search_detail() -> Response:
        return _answer(wire.search_detail(desk.opened_since(_own_question(desk, _body(wire.SutListQuestion).read()))))

    @routes.get(f"{BASE}/orders/<order>/report")
    @needs(Action.QUERY_DUPLICATES)
    def report(order: str) -> Response:
        return _shut(desk, reviews, order) or _text(_report(desk.open_report(_own_order(desk, order))))

    @routes.get(f"{BASE}/orders/<order>/images")
    @needs(Action.QUERY_DUPLICATES)
    def images(order: str) -> Response:
        opened = desk.open_images(_own_order(desk, order))
        return _answer(wire.image_links(opened.studies, opened.link, address_of_study))


def _ministry(routes: Blueprint, desk: DuplicateDesk, reviews: ReviewDoors | None) -> None:
    @routes.get(f"{INTEGRATION}/GetPreviousStudies")
    @needs(Action.QUERY_DUPLICATES)
    def get_previous_studies() -> Response:
        return _studies(desk.previous_studies(_own_question(desk, _parameter(wire.SutQuestion).read())))

    @routes.get(f"{INTEGRATION}/GetPreviousStudiesForSutCodeList")
    @needs(Action.QUERY_DUPLICATES)
    def get_previous_studies_for_list() -> Response:
        return _studies(desk.previous_studies(_own_question(desk, _parameter(wire.SutListQuestion).read())))

    @routes.get(f"{INTEGRATION}/GetPreviousStudiesSearchDetail")
    @needs(Action.QUERY_DUPLICATES)
    def get_search_detail() -> Response:
        return _answer(
            wire.search_detail(desk.opened_since(_own_question(desk, _parameter(wire.SutListQuestion).read())))
        )

    @routes.get(f"{INTEGRATION}/GetReport")
    @needs(Action.QUERY_DUPLICATES)
    def get_report() -> Response:
        order = _parameter(wire.OrderQuestion).order_id
        return _shut(desk, reviews, order) or _answer(
            wire.ReportText(report=_report(desk.open_report(_own_order(desk, order))))
        )

    @routes.get(f"{INTEGRATION}/GetImageLink")
    @needs(Action.QUERY_DUPLICATES)
    def get_image_link() -> Response:
        opened = desk.open_images(_own_order(desk, _parameter(wire.OrderQuestion).order_id))
        first = wire.image_links(opened.studies[:1], "", address_of_study).studies
        return _answer(wire.Address(url=opened.link or urljoin(request.host_url, first[0].dicom_web)))


def _errors(routes: Blueprint) -> None:
    @routes.errorhandler(QuestionRefused)
    def on_refused(refused: QuestionRefused) -> Response:
        return show(PROBLEMS[refused.wrong])

    @routes.errorhandler(RecursionError)  # JSON nested beyond measure
    @routes.errorhandler(UnicodeDecodeError)  # bytes that are no UTF-8
    @routes.errorhandler(msgspec.MsgspecError)
    def on_unreadable(fault: Exception) -> Response:
        return show(NO_QUESTION)

    @routes.errorhandler(UpstreamUnavailable)
    def on_above_down(fault: UpstreamUnavailable) -> Response:
        return show(ABOVE)

    @routes.errorhandler(Unavailable)
    def on_unavailable(fault: Unavailable) -> Response:
        return refuse("unavailable")


def _own_question(desk: DuplicateDesk, question: Question) -> Question:
    """Return a question that is asked for the asker's own institution; another one's is refused."""
    skrs = desk.asker_of(question)
    _own(skrs, question.tckn)
    return question


def _own_order(desk: DuplicateDesk, order: str) -> str:
    """Return what names an exam that a query of the asker's own institution found."""
    query = desk.query_of(order)
    _own(query.institution, query.tckn)
    return order


def _shut(desk: DuplicateDesk, reviews: ReviewDoors | None, order: str) -> Response | None:
    """Return the refusal where who asks has a blind review of that exam to do: its report's text names people."""
    exam = desk.exam_of(order)
    if reviews is None or not is_blinded(reviews, exam):
        return None
    about(exam.institution, exam.accession, refused=True)
    return show(BLIND)


def _own(skrs: str, tckn: str) -> None:
    mine = may_touch(Action.QUERY_DUPLICATES, skrs)
    about(skrs, patient=tckn, refused=not mine)
    if not mine:
        abort(403)
    tell_first()


def _body(kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data(), type=kind)


def _parameter(kind: type[T]) -> T:
    return msgspec.json.decode(request.args.get("parameter", ""), type=kind)


def _studies(query: DuplicateQuery) -> Response:
    """Answer with earlier exams; what an array cannot say stands in headers."""
    response = _answer(wire.previous_studies(query))
    response.headers["Gecit-Query"] = query.id
    response.headers["Gecit-Complete"] = "true" if query.state is Answering.ANSWERED else "false"
    if query.reason:
        response.headers["Gecit-Reason"] = query.reason
    return response


def _report(opened: Opened) -> str:
    return text_of(opened.report, "HTML" if opened.html else "TXT")


def _text(text: str) -> Response:
    """Answer with plain text, which no browser takes for mark-up (`nosniff` is set for every answer)."""
    response = make_response(text)
    response.content_type = "text/plain; charset=utf-8"
    return response


def _answer(value: object) -> Response:
    response = make_response(to_json(value))
    response.content_type = "application/json"
    return response
