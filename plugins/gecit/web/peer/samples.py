"""An administrator's pages: draw a sample, see how far its round is and what was said, close it."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, Role
from gecit.core.accounts import Account
from gecit.core.feedback import WORDS as FEEDBACK_WORDS
from gecit.core.feedback import About
from gecit.core.peer_review import GivenReview, Reviewer, ReviewRound, Stratum
from gecit.core.values import ISTANBUL, Text
from gecit.steps.give_feedback import FeedbackRefused, of_review, radiologist_of, send
from gecit.steps.review_report import in_force
from gecit.steps.sample_reports import SampleRefused, close_round, draw_again, draw_round, new_round_id

from ..access import needs, person
from ..audit import tell_first
from ..tracking.asked import day_of
from ..words_peer import PEER
from .desk import PeerDesk

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

REVIEWERS = (Role.ASSESSOR, Role.RADIOLOGIST)
LARGEST = 500
"""Exams of a stratum."""


def sample_pages(desk: PeerDesk) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("samples", __name__, url_prefix="/gecit/samples")

    @pages.get("")
    @needs(Action.MANAGE_REVIEWS)
    def show() -> Response:
        return _list(desk)

    @pages.post("")
    @needs(Action.MANAGE_REVIEWS)
    def draw() -> Redirect | Response:
        asked = _asked(desk)
        if asked is None:
            return _list(desk, PEER["dates-wrong"])
        tell_first()
        try:
            state = draw_round(desk.ledger, asked, desk.kinds, person().name, desk.clock.now())
        except SampleRefused as refused:
            return _list(desk, refused.text)
        return redirect(url_for("samples.one", round_id=state.round.id), 303)

    @pages.get("/<round_id>")
    @needs(Action.MANAGE_REVIEWS)
    def one(round_id: str) -> Response:
        return _round(desk, round_id)

    @pages.post("/<round_id>/close")
    @needs(Action.MANAGE_REVIEWS)
    def close(round_id: str) -> Redirect:
        tell_first()
        close_round(desk.ledger, round_id, person().name, desk.clock.now())
        return redirect(url_for("samples.one", round_id=round_id), 303)

    @pages.post("/<round_id>/again")
    @needs(Action.MANAGE_REVIEWS)
    def again(round_id: str) -> Response:
        state = desk.ledger.read_reviews(lambda tx: tx.review_round(round_id)) or abort(404)
        same = draw_again(desk.ledger, state.round)
        return _round(desk, round_id, PEER["same-again" if same else "not-same-again"], good=same)

    @pages.post("/<round_id>/<int:number>/feedback")
    @needs(Action.MANAGE_REVIEWS)
    def feedback(round_id: str, number: int) -> Redirect | Response:
        state = desk.ledger.read_reviews(lambda tx: tx.review_round(round_id)) or abort(404)
        pick = next((one for one in state.round.picks if one.number == number), None) or abort(404)
        given = desk.ledger.read_reviews(lambda tx: tx.reviews(round_id))
        stands = in_force(given, number, pick.reviewer) or abort(404)
        exam = desk.ledger.exam_of(pick.exam) or abort(404)
        made = of_review(state.round, stands.review, exam, pick.reviewer, desk.accounts)
        tell_first()
        try:
            sent = send(desk.ledger, made, request.form.get("text", ""), desk.clock.now())
        except FeedbackRefused as refused:
            return _round(desk, round_id, FEEDBACK_WORDS[refused.fault])
        return redirect(url_for("feedback.one", number=sent.id, said="feedback-sent"), 303)

    return pages


def _asked(desk: PeerDesk) -> ReviewRound | None:
    form = request.form
    first, last = _day(form.get("since", "")), _day(form.get("until", ""))
    strata = tuple(one for one in (_sized(stratum) for stratum in desk.strata) if one and one.size)
    if first is None or last is None:
        return None
    known = {one.name: one for one in _able(desk)}
    chosen = [known[name] for name in sorted(set(form.getlist("reviewer"))) if name in known]
    return ReviewRound(
        id=new_round_id(),
        title=form.get("title", "").strip()[:100] or f"{first:%d.%m.%Y}–{last:%d.%m.%Y}",
        since=_midnight(first),
        until=_midnight(last + timedelta(days=1)),
        strata=strata,
        seed=form.get("seed", "").strip()[:64] or secrets.token_hex(8),
        position=0,
        reviewers=tuple(Reviewer(account=one.name, tckn=one.tckn) for one in chosen),
        blind=form.get("blind") == "yes",
        institutions=tuple(sorted(set(form.getlist("institution")))),
    )


def _sized(stratum: Stratum) -> Stratum | None:
    given = request.form.get(f"size-{stratum.id}", str(stratum.size)).strip()
    if not (given.isascii() and given.isdigit() and len(given) < 5):
        return None
    return msgspec.structs.replace(stratum, size=min(int(given), LARGEST))


def _able(desk: PeerDesk) -> list[Account]:
    """Return who can be chosen to review."""
    return [one for one in desk.accounts.accounts() if not one.disabled and set(REVIEWERS) & set(one.roles)]


def _day(text: str) -> date | None:
    found = day_of(text)  # none of a year in which reckoning with it ends
    return found.date() if found else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ISTANBUL)


def _list(desk: PeerDesk, fault: Text | None = None) -> Response:
    states = desk.ledger.read_reviews(lambda tx: tx.review_rounds())
    given = [one.review for state in states for one in _reviews(desk, state.round.id)]
    done = {state.round.id: len({one.number for one in given if one.round == state.round.id}) for state in states}
    page = render_template(
        "peer/samples.html",
        rounds=states,
        done=done,
        strata=desk.strata,
        reviewers=_able(desk),
        institutions=desk.institution_names(),
        given=request.form,
        fault=fault,
    )
    return make_response(page, 422 if fault else 200)


def _reviews(desk: PeerDesk, round_id: str) -> list[GivenReview]:
    return desk.ledger.read_reviews(lambda tx: tx.reviews(round_id))


def _round(desk: PeerDesk, round_id: str, told: Text | None = None, *, good: bool = False) -> Response:
    state = desk.ledger.read_reviews(lambda tx: tx.review_round(round_id)) or abort(404)
    given = desk.ledger.read_reviews(lambda tx: tx.reviews(round_id))
    rows = []
    for pick in state.round.picks:
        exam, stands = desk.ledger.exam_of(pick.exam), in_force(given, pick.number, pick.reviewer)
        sent = stands and desk.ledger.read_reviews(
            lambda tx, p=pick, s=stands: tx.feedback_of(p.exam, About.REVIEW, s.review.id)  # type: ignore[misc]
        )
        rows.append((pick, radiologist_of(exam, pick.version, desk.accounts) if exam else "", stands, sent))
    page = render_template(
        "peer/sample.html",
        state=state,
        rows=rows,
        titles={one.id: one.title for one in state.round.strata},
        names=desk.institution_names(),
        scale=desk.scale,
        told=told,
        good=good,
    )
    return make_response(page, 422 if told and not good else 200)
