"""Feedback: whoever it is for reads it, says something to it, and who answers for the institution closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, may, reach
from gecit.core.feedback import WORDS, About, Closing, Feedback, Message, Part, hides
from gecit.core.order import ExamKey
from gecit.core.ratings import ratings_of
from gecit.core.values import Text, Value
from gecit.ports.reviews import FeedbackSearch
from gecit.steps.give_feedback import FeedbackRefused, answer, close, of_rating, send

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from .desk import PeerDesk

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

RATED = {About.IMAGE, About.REQUEST}


class ShownMessage(Value):
    """A message; `name` is empty where it is hidden."""

    part: Part
    name: str
    message: Message


def feedback_pages(desk: PeerDesk) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("feedback", __name__, url_prefix="/gecit/feedback")

    @pages.get("")
    @needs(Action.DISCUSS_QUALITY)
    def show() -> str:
        mine = reach(person(), Action.DISCUSS_QUALITY)
        name = person().name
        search = FeedbackSearch(everything=mine.everything, institution=mine.institution, radiologist=name, sender=name)
        found = desk.ledger.read_reviews(lambda tx: tx.feedbacks(search))
        rows = [(one, _hides_exam(one)) for one in found]
        return render_template("peer/feedbacks.html", rows=rows, names=desk.institution_names())

    @pages.get("/new/<institution>/<path:accession>")
    @needs(Action.DISCUSS_QUALITY)
    def new(institution: str, accession: str) -> Response:
        return _new(desk, institution, accession)

    @pages.post("")
    @needs(Action.DISCUSS_QUALITY)
    def add() -> Redirect | Response:
        form = request.form
        institution, accession = form.get("institution", ""), form.get("accession", "")
        chosen = next((one for one in RATED if one.value == form.get("about", "")), None) or abort(400)
        found = _scores(desk, institution, accession)
        exam = desk.ledger.exam_of(ExamKey(institution=institution, accession=accession)) or abort(404)
        if chosen not in found:
            abort(404)
        made = of_rating(exam, chosen, found[chosen], person().name, desk.accounts)
        tell_first()
        try:
            sent = send(desk.ledger, made, form.get("text", ""), desk.clock.now())
        except FeedbackRefused as refused:
            return _new(desk, institution, accession, WORDS[refused.fault])
        return redirect(url_for("feedback.one", number=sent.id, said="feedback-sent"), 303)

    @pages.get("/<number>")
    @needs(Action.DISCUSS_QUALITY)
    def one(number: str) -> Response:
        return _page(desk, number)

    @pages.post("/<number>")
    @needs(Action.DISCUSS_QUALITY)
    def say(number: str) -> Redirect | Response:
        found, part = _mine(desk, number)
        tell_first()
        try:
            answer(desk.ledger, found.id, person().name, part, request.form.get("text", ""), desk.clock.now())
        except FeedbackRefused as refused:
            return _page(desk, number, WORDS[refused.fault])
        return redirect(url_for("feedback.one", number=number), 303)

    @pages.post("/<number>/close")
    @needs(Action.DISCUSS_QUALITY)
    def end(number: str) -> Redirect | Response:
        found, part = _mine(desk, number)
        if not _may_close(found, part):
            abort(403)
        outcome = next((one for one in Closing if one.value == request.form.get("outcome", "")), None) or abort(400)
        tell_first()
        try:
            close(desk.ledger, found.id, person().name, outcome, request.form.get("text", ""), desk.clock.now())
        except FeedbackRefused as refused:
            return _page(desk, number, WORDS[refused.fault])
        return redirect(url_for("feedback.one", number=number), 303)

    return pages


def part_of(found: Feedback) -> Part | None:
    """Say as what the person speaks in a discussion; None = it is not for him. The sender is that and nothing else."""
    asker = person()
    if asker.name == found.sender:
        return Part.SENDER
    if may(asker, Action.MANAGE_REVIEWS):
        return Part.UNIT
    if asker.name == found.radiologist:
        return Part.RADIOLOGIST
    return Part.MANAGER if may_touch(Action.DISCUSS_QUALITY, found.exam.institution) else None


def _may_close(found: Feedback, part: Part) -> bool:
    """Whether the person may end it: for the institution or for the unit, never in his own matter."""
    return part in (Part.UNIT, Part.MANAGER) and may_touch(Action.DISCUSS_QUALITY, found.exam.institution)


def _mine(desk: PeerDesk, number: str) -> tuple[Feedback, Part]:
    found = desk.ledger.read_reviews(lambda tx: tx.feedback(number))
    part = part_of(found) if found else None
    if found is None or part is None:
        abort(404)
    about(found.exam.institution, found.exam.accession)
    return found, part


def _hides_exam(found: Feedback) -> bool:
    """Whether the exam is not named: who sent it out of a blind round is not led to its report's author."""
    return found.blind and part_of(found) is Part.SENDER


def _page(desk: PeerDesk, number: str, fault: Text | None = None) -> Response:
    found, part = _mine(desk, number)
    hidden = _hides_exam(found)
    page = render_template(
        "peer/feedback.html",
        found=found,
        messages=[_shown(desk, found, part, one) for one in found.messages],
        radiologist="" if hidden else _name(desk, found.radiologist),
        hidden=hidden,
        institution="" if hidden else desk.institution_names().get(found.exam.institution, found.exam.institution),
        closable=found.open and _may_close(found, part),
        closed_by="" if hidden else _name(desk, found.closed_by),
        opens_exam=not hidden and may_touch(Action.SEE_EXAM, found.exam.institution),
        given_step=desk.scale.of(found.score) if found.about is About.REVIEW else None,
        outcomes=tuple(Closing),
        fault=fault,
        given=request.form,
    )
    return make_response(page, 422 if fault else 200)


def _shown(desk: PeerDesk, found: Feedback, part: Part, one: Message) -> ShownMessage:
    hidden = hides(found, person().name, part, one.by, one.part)
    return ShownMessage(part=one.part, name="" if hidden else _name(desk, one.by), message=one)


def _name(desk: PeerDesk, account: str) -> str:
    known = desk.accounts.account(account) if account else None
    return (known.full_name or known.name) if known else account


def _scores(desk: PeerDesk, institution: str, accession: str) -> dict[About, int]:
    """Return the lowest rating of each kind of an exam that the person may see; 404 else."""
    exam = desk.ledger.exam_of(ExamKey(institution=institution, accession=accession))
    if exam is None or not may_touch(Action.SEE_EXAM, institution):
        abort(404)
    about(institution, accession, patient=exam.patient.tckn)
    found: dict[About, int] = {}
    for one in ratings_of(exam):
        kind = About(one.kind.value)
        found[kind] = min(one.score, found.get(kind, one.score))
    return found


def _new(desk: PeerDesk, institution: str, accession: str, fault: Text | None = None) -> Response:
    page = render_template(
        "peer/feedback_new.html",
        institution=institution,
        accession=accession,
        scores=_scores(desk, institution, accession),
        fault=fault,
        given=request.form,
    )
    return make_response(page, 422 if fault else 200)
