"""Figures of quality of what a person reaches, and the report that a commission signs."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple

from flask import Blueprint, Response, make_response, render_template, request

from gecit.core.access import Action, Reach, may, reach
from gecit.core.quality_figures import FEWEST, Measure
from gecit.core.search import ExamSearch
from gecit.core.values import ISTANBUL
from gecit.edges.quality_pdf import QualityChart, QualityReport, build_quality_pdf
from gecit.steps.count_quality import measures, reviews_in_force

from ..access import may_touch, needs, person
from ..language import language
from ..tracking.asked import day_of
from .desk import PeerDesk
from .tables import Scope, tables, trends, word

MOST = 20_000  # exams
DAYS = 90
MEMBERS, LONGEST_NAME = 12, 80


class Asked(NamedTuple):
    """A stretch of days, both included, and an institution; "" = all that the person reaches."""

    first: date
    last: date
    institution: str


class Counted(NamedTuple):
    """What was counted, and whether all of it was looked at."""

    measured: list[Measure]
    whole: bool


def figure_pages(desk: PeerDesk) -> Blueprint:
    """Build the page and the report."""
    pages = Blueprint("figures", __name__, url_prefix="/gecit")

    @pages.get("/figures")
    @needs(Action.SEE_QUALITY_FIGURES)
    def show() -> str:
        asked = _asked(desk)
        counted = count(desk, asked, reach(person(), Action.SEE_QUALITY_FIGURES))
        scope = _scope(desk, counted)
        return render_template(
            "peer/figures.html",
            asked=asked,
            counted=counted,
            most=MOST,
            fewest=FEWEST,
            tables=tables(counted.measured, scope, language()),
            trends=trends(counted.measured, language()),
            institutions=_institutions(desk),
            alone=scope.radiologist is not None,
        )

    @pages.get("/figures.pdf")
    @needs(Action.SEE_QUALITY_FIGURES)
    def pdf() -> Response:
        asked = _asked(desk)
        counted = count(desk, asked, reach(person(), Action.SEE_QUALITY_FIGURES))
        members = [one.strip()[:LONGEST_NAME] for one in request.args.get("members", "").split(",")]
        made = report_of(
            desk, asked, counted, _scope(desk, counted), tuple(filter(None, members))[:MEMBERS], language()
        )
        answer = make_response(build_quality_pdf(made))
        answer.content_type = "application/pdf"
        name = f"gecit-kalite-{asked.first:%Y%m%d}-{asked.last:%Y%m%d}.pdf"
        answer.headers["Content-Disposition"] = f"attachment; filename={name}"
        return answer

    return pages


def count(desk: PeerDesk, asked: Asked, within: Reach) -> Counted:
    """Count the exams ordered in the stretch that are within a reach."""
    search = ExamSearch(
        reach=within,
        institution=asked.institution,
        since=_midnight(asked.first),
        until=_midnight(asked.last + timedelta(days=1)),
    )
    exams = list(islice(desk.ledger.all_exams(search), MOST + 1))
    reviewed = reviews_in_force(desk.ledger)
    return Counted(list(measures(exams[:MOST], reviewed, desk.accounts, desk.scale)), len(exams) <= MOST)


def report_of(
    desk: PeerDesk, asked: Asked, counted: Counted, scope: Scope, members: tuple[str, ...], lang: str
) -> QualityReport:
    """Return what the commission's report holds."""
    found = {one.institution for one in counted.measured}
    only = asked.institution or (found.pop() if len(found) == 1 else "")
    return QualityReport(
        title=word("report-title", lang),
        period=f"{asked.first:%d.%m.%Y} – {asked.last:%d.%m.%Y}",
        scope=scope.names.get(only, only) or word("all-institutions", lang),
        notes=tuple(_notes(counted, scope, lang)),
        tables=tuple((one.title, one.head, one.rows) for one in tables(counted.measured, scope, lang)),
        charts=tuple(
            QualityChart(
                title=one.title, unit=one.unit, names=one.names, values=one.values, counts=one.counts, top=one.top
            )
            for one in trends(counted.measured, lang)
        ),
        labels=(
            word("period", lang),
            word("scope", lang),
            word("exams", lang),
            word("month", lang),
            word("rests-on", lang),
        ),
        exams=len(counted.measured),
        commission=word("commission", lang),
        signature=word("signature", lang),
        page=word("page", lang),
        members=members,
        lang="en" if lang == "en" else "tr-TR",
    )


def scope_of(desk: PeerDesk, radiologist: str | None) -> Scope:
    """Return the words of figures; `radiologist`: of whom alone they are shown by name, None = of all."""
    people = {one.name: one.full_name or one.name for one in desk.accounts.accounts()}
    return Scope(radiologist, desk.institution_names(), people, desk.reasons, desk.hint)


def _scope(desk: PeerDesk, counted: Counted) -> Scope:
    compares = may(person(), Action.COMPARE_RADIOLOGISTS) or all(
        may_touch(Action.COMPARE_RADIOLOGISTS, one) for one in {each.institution for each in counted.measured}
    )
    return scope_of(desk, None if compares else person().name)


def _notes(counted: Counted, scope: Scope, lang: str) -> list[str]:
    found = [word("few", lang).format(count=FEWEST)]
    if not counted.whole:
        found.append(word("cut", lang).format(count=MOST))
    if scope.radiologist is not None:
        found.append(word("alone", lang))
    return found


def _institutions(desk: PeerDesk) -> dict[str, str]:
    names = desk.institution_names()
    return names if reach(person(), Action.SEE_QUALITY_FIGURES).everything else {}


def _asked(desk: PeerDesk) -> Asked:
    today = desk.clock.now().astimezone(ISTANBUL).date()
    last = _day(request.args.get("to", "")) or today
    first = _day(request.args.get("from", "")) or last - timedelta(days=DAYS)
    return Asked(min(first, last), last, request.args.get("institution", "").strip()[:32])


def _day(text: str) -> date | None:
    found = day_of(text)  # none of a year in which reckoning with it ends
    return found.date() if found else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ISTANBUL)
