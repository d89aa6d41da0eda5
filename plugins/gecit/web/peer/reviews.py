"""A reviewer's pages: what rounds give him, the report beside its images, and what he says of it.

In a blind round nothing here names who wrote or signed, which institution it is, or the accession number.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.feedback import WORDS as FEEDBACK_WORDS
from gecit.core.feedback import About
from gecit.core.issue import Issue, shown, signers
from gecit.core.peer_review import Pick, ReviewRound, RoundState, Significance
from gecit.core.report import ReportPart
from gecit.core.reviewing import reviewed, unsigned, without_names
from gecit.core.values import Text, Value, local
from gecit.edges.hl7_parts import plain
from gecit.edges.report_pdf import build_pdf
from gecit.ports.reviews import ReviewTransaction
from gecit.steps.give_feedback import FeedbackRefused, of_review, send
from gecit.steps.review_report import WORDS, ReviewRefused, Said, in_force, pick_for, review_report

from ..access import needs, person
from ..audit import about, tell_first
from ..elsewhere import this_node
from ..leading import led
from ..problem import show as show_problem
from ..readable import procedure_names
from ..viewer.problems import NO_IMAGES
from .desk import PeerDesk

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer
    from werkzeug.wrappers import Response as Redirect

SIGNIFICANCES = tuple(Significance)


class Task(Value):
    """A line of the list."""

    round: str
    title: str
    number: int
    blind: bool
    kind: Text
    modality: str
    score: int = 0  # 0 = not reviewed yet


class Shown(Value):
    """A report as the review shows it."""

    parts: tuple[tuple[ReportPart, str], ...]
    addenda: tuple[tuple[tuple[ReportPart, str], ...], ...]
    people: tuple[str, ...]  # who signed; empty where the round is blind
    institution: str
    accession: str
    procedures: tuple[str, ...]
    modality: str
    clinical: str
    sex: str
    age: int | None


def review_pages(desk: PeerDesk) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("reviews", __name__, url_prefix="/gecit/reviews")

    @pages.get("")
    @needs(Action.REVIEW_REPORT)
    def show() -> str:
        tasks = tasks_of(desk)
        return render_template(
            "peer/reviews.html",
            waiting=[one for one in tasks if not one.score],
            done=[one for one in tasks if one.score],
            scale=desk.scale,
        )

    @pages.get("/<round_id>/<int:number>")
    @needs(Action.REVIEW_REPORT)
    def one(round_id: str, number: int) -> Response:
        return _page(desk, round_id, number)

    @pages.post("/<round_id>/<int:number>")
    @needs(Action.REVIEW_REPORT)
    def say(round_id: str, number: int) -> Redirect | Response:
        mine(desk, round_id, number)
        tell_first()
        try:
            review_report(desk.ledger, round_id, number, _said(desk), desk.scale, desk.clock.now())
        except ReviewRefused as refused:
            return _page(desk, round_id, number, WORDS[refused.why])
        return redirect(url_for("reviews.one", round_id=round_id, number=number, said="review-kept"), 303)

    @pages.get("/<round_id>/<int:number>/images")
    @needs(Action.REVIEW_REPORT)
    def images(round_id: str, number: int) -> Answer:
        """Open them where they lie: the other node asks anew whether this review is the person's."""
        _, _, exam = mine(desk, round_id, number)
        own, nodes = this_node()
        if answer := led(exam, quote(request.path), own, nodes):
            return answer
        uids = ",".join(one.facts.study_instance_uid for one in exam.studies if one.facts.key.node == own)
        if not uids:
            return show_problem(NO_IMAGES)
        return redirect(f"/gecit/ohif/viewer?{urlencode({'StudyInstanceUIDs': uids, 'review': number})}", 303)

    @pages.get("/<round_id>/<int:number>/report.pdf")
    @needs(Action.REVIEW_REPORT)
    def pdf(round_id: str, number: int) -> Response:
        state, pick, exam = mine(desk, round_id, number)
        version = reviewed(exam, pick.version) or abort(404)
        blind = state.round.blind
        shown_as = unsigned(version, desk.names(exam, version)) if blind else version
        institution = "" if blind else desk.institution_names().get(exam.key.institution, exam.key.institution)
        answer = make_response(build_pdf(shown_as, institution, exam.order))
        answer.content_type = "application/pdf"
        answer.headers["Content-Disposition"] = f"inline; filename=review-{number}.pdf"
        return answer

    @pages.post("/<round_id>/<int:number>/feedback")
    @needs(Action.REVIEW_REPORT)
    def feedback(round_id: str, number: int) -> Redirect | Response:
        state, _, exam = mine(desk, round_id, number)
        given = desk.ledger.read_reviews(lambda tx: tx.reviews(round_id))
        stands = in_force(given, number, person().name) or abort(404)
        made = of_review(state.round, stands.review, exam, person().name, desk.accounts)
        tell_first()
        try:
            sent = send(desk.ledger, made, request.form.get("text", ""), desk.clock.now())
        except FeedbackRefused as refused:
            return _page(desk, round_id, number, FEEDBACK_WORDS[refused.fault])
        return redirect(url_for("feedback.one", number=sent.id, said="feedback-sent"), 303)

    return pages


def _said(desk: PeerDesk) -> Said:
    form, reviewer = request.form, desk.reviewer(person())
    score, chosen = form.get("score", ""), form.get("significance", "")
    return Said(
        account=reviewer.account,
        tckn=reviewer.tckn,
        score=int(score) if score.isascii() and score.isdigit() and len(score) < 3 else 0,
        significance=next((one for one in SIGNIFICANCES if one.value == chosen), Significance.NONE),
        note=form.get("note", "").replace("\r\n", "\n"),
    )


def mine(desk: PeerDesk, round_id: str, number: int) -> tuple[RoundState, Pick, Exam]:
    """Return what is the person's to review; 404 for all else: others learn nothing of it."""
    try:
        state, pick, exam = desk.ledger.read_reviews(lambda tx: pick_for(tx, round_id, number, person().name))
    except ReviewRefused:
        abort(404)
    about(exam.key.institution, exam.key.accession, patient=exam.patient.tckn)
    return state, pick, exam


def tasks_of(desk: PeerDesk) -> list[Task]:
    """Return what open rounds give the person."""

    def work(tx: ReviewTransaction) -> list[Task]:
        found = []
        for state, pick in tx.open_picks(person().name):
            exam = tx.exam(pick.exam)
            given = in_force(tx.reviews(state.round.id), pick.number, person().name)
            if exam:
                found.append(_task(desk, state.round, pick, exam, given.review.score if given else 0))
        return found

    return desk.ledger.read_reviews(work)


def _task(desk: PeerDesk, drawn: ReviewRound, pick: Pick, exam: Exam, score: int) -> Task:
    return Task(
        round=drawn.id,
        title=drawn.title,
        number=pick.number,
        blind=drawn.blind,
        kind=desk.kind(exam).title,
        modality=exam.modality,
        score=score,
    )


def _page(desk: PeerDesk, round_id: str, number: int, fault: Text | None = None) -> Response:
    state, pick, exam = mine(desk, round_id, number)
    version = reviewed(exam, pick.version) or abort(404)
    given = [one for one in desk.ledger.read_reviews(lambda tx: tx.reviews(round_id)) if one.review.number == number]
    stands = in_force(given, number, person().name)
    sent = stands and desk.ledger.read_reviews(lambda tx: tx.feedback_of(pick.exam, About.REVIEW, stands.review.id))
    page = render_template(
        "peer/review.html",
        state=state,
        pick=pick,
        report=shown_report(desk, exam, version, blind=state.round.blind),
        scale=desk.scale,
        significances=SIGNIFICANCES,
        stands=stands,
        before=[one for one in given if one.superseded],
        given=request.form,
        fault=fault,
        sent=sent,
    )
    return make_response(page, 422 if fault else 200)


def shown_report(desk: PeerDesk, exam: Exam, version: Issue, *, blind: bool) -> Shown:
    """Return a version of a report as a review shows it."""
    names = desk.names(exam, version) if blind else ()
    order = exam.order
    people = (
        () if blind else tuple(f"{one.given} {one.family}".strip() for some in shown(version) for one in signers(some))
    )
    return Shown(
        parts=_parts(version.report.report.parts, version.report.report.format, names) if version.report else (),
        addenda=tuple(_parts(one.report.parts, one.report.format, names) for one in version.addenda),
        people=people,
        institution="" if blind else desk.institution_names().get(exam.key.institution, exam.key.institution),
        accession="" if blind else exam.key.accession,
        procedures=procedure_names(exam),
        modality=exam.modality,
        clinical=without_names(order.clinical_information, names) if order else "",
        sex=exam.patient.sex,
        age=_age(exam),
    )


def _parts(parts: dict[ReportPart, str], form: str, names: tuple[str, ...]) -> tuple[tuple[ReportPart, str], ...]:
    return tuple(
        (part, without_names(plain(text, form) if form == "HTML" else text, names))
        for part, text in sorted(parts.items())
        if text.strip()
    )


def _age(exam: Exam) -> int | None:
    """Return the patient's age at the order, in years."""
    born = exam.patient.birth_date
    if exam.order is None or exam.order.ordered_at is None or not (len(born) == 8 and born.isdigit()):
        return None
    on = local(exam.order.ordered_at).date()
    try:
        day = date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return None
    return on.year - day.year - ((on.month, on.day) < (day.month, day.day))
