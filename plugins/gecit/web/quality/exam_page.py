"""One exam's quality: what its facts give away, what each rater says, and the assessor's own rating."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action
from gecit.core.exam import Exam
from gecit.core.quality import LONGEST_NOTE, Rating, RatingSource
from gecit.core.quality_data import QualityData
from gecit.core.report import RatingKind
from gecit.core.values import Text
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.steps.rate_quality import RatingRefused, rate

from ..access import may_touch, needs, person
from ..audit import tell_first
from ..shown import show_exam
from ..shown_quality import show_quality, show_ratings, superseded
from ..tracking.exam_page import read_exam
from ..words_quality import RATED, SOURCES

SCORES = ("1", "2", "3", "4", "5")


def exam_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock, data: Callable[[], QualityData]) -> None:
    """Add the routes."""

    @pages.get("/exam/<institution>/<path:accession>")
    @needs(Action.SEE_QUALITY)
    def exam(institution: str, accession: str) -> str:
        return _draw(ledger, read_exam(ledger, institution, accession, Action.SEE_QUALITY), data())

    @pages.post("/rate")
    @needs(Action.RATE_QUALITY)
    def rate_exam() -> Redirect | Response:
        form, known = request.form, data()
        found = read_exam(ledger, form.get("institution", ""), form.get("accession", ""), Action.RATE_QUALITY)
        kind = RatingKind.REQUEST if form.get("kind") == RatingKind.REQUEST else RatingKind.IMAGE
        score = int(form["score"]) if form.get("score") in SCORES else None
        reasons, note = form.getlist("reason"), form.get("note", "").replace("\r\n", "\n")
        asker, now = person(), clock.now()
        tell_first()
        try:
            ledger.write(lambda tx: rate(tx, found.key, asker, kind, score, reasons, note, known.reasons, now))
        except RatingRefused as refused:
            typed = {kind: (score, tuple(reasons), note)}
            return make_response(_draw(ledger, found, known, typed, {kind: refused.text}), 422)
        where = url_for("quality.exam", institution=found.key.institution, accession=found.key.accession)
        return redirect(f"{where}?said=rated", 303)


Typed = tuple[int | None, tuple[str, ...], str]


def _draw(
    ledger: SqlLedger,
    exam: Exam,
    data: QualityData,
    typed: Mapping[RatingKind, Typed] | None = None,
    faults: Mapping[RatingKind, Text] | None = None,
) -> str:
    """Draw the page; `typed` is what was not taken, `faults` why."""
    mine = {kind: _mine(exam, kind) for kind in RATED} | dict(typed or {})
    before = superseded(ledger.timeline(exam.key), exam)
    return render_template(
        "quality_exam.html",
        exam=exam,
        shown=show_exam(exam),
        quality=show_quality(exam, data.reasons),
        before=show_ratings(before, data.reasons),
        mine=mine,
        rated_before={kind: _last(exam, kind) is not None for kind in RATED},
        faults=faults or {},
        kinds=RATED,
        sources=SOURCES,
        reasons={kind: data.reasons.of(kind) for kind in RATED},
        scores=SCORES,
        longest=LONGEST_NOTE,
        may_rate=may_touch(Action.RATE_QUALITY, exam.key.institution),
        viewer=url_for("viewer.open_exam", institution=exam.key.institution, accession=exam.key.accession),
        images_here=exam.images > 0 and may_touch(Action.SEE_IMAGES, exam.key.institution),
    )


def _last(exam: Exam, kind: RatingKind) -> Rating | None:
    place = (kind, RatingSource.ASSESSOR, person().name)
    return next((one for one in exam.rated if one.place == place), None)


def _mine(exam: Exam, kind: RatingKind) -> Typed:
    last = _last(exam, kind)
    return (last.score, last.reasons, last.note) if last else (None, (), "")
