"""The list of exams with hints or low ratings: filters, and pages that go on from a place."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request

from gecit.core.access import Action, reach
from gecit.core.hints import CODES
from gecit.core.quality import QualityLine, QualitySearch
from gecit.core.search import Place
from gecit.edges.store import SqlLedger
from gecit.ports import Clock

from ..access import needs, person
from ..language import say
from ..shown_quality import show_hints
from ..tracking.asked import Filter, day_of, read_place, write_place
from ..words_quality import LOW_RATED

PAGE = 50
DAYS = 90  # where no date is chosen
FIELDS = ("kind", "institution", "modality", "device", "from", "to")


class Asked(Filter):
    """What was asked of the list of quality."""

    known = FIELDS


def search_of(asked: Asked, clock: Clock) -> QualitySearch:
    """Return the search of the ledger; `to` is the last day that is inside."""
    found = asked.fields
    first, last = day_of(found.get("from", "")), day_of(found.get("to", ""))
    since = first if first or last else clock.now() - timedelta(days=DAYS)
    return QualitySearch(
        kind=found.get("kind", ""),
        institution=found.get("institution", ""),
        modality=found.get("modality", ""),
        device=found.get("device", ""),
        since=since,
        until=last + timedelta(days=1) if last else None,
    )


def list_routes(pages: Blueprint, ledger: SqlLedger, clock: Clock) -> None:
    """Add the route."""

    @pages.get("")
    @needs(Action.SEE_QUALITY)
    def show() -> str:
        asked = Asked.of(request.args)
        mine = reach(person(), Action.SEE_QUALITY)
        after = read_place(request.args.get("after", ""))
        found = ledger.quality_lines(mine, search_of(asked, clock), PAGE + 1, after)
        lines, more = found[:PAGE], len(found) > PAGE
        known = ledger.read(lambda tx: tx.institutions())
        reached = [one for one in known if mine.everything or one.skrs in (mine.institution, *mine.granted)]
        return render_template(
            "quality_list.html",
            asked=asked,
            days=DAYS,
            rows=[(one, show_hints(one.hints), [rated for rated in one.ratings if rated.low]) for one in lines],
            names={one.skrs: one.name for one in known},
            older=write_place(_place(lines[-1])) if more else "",
            low_rated=LOW_RATED,
            choices={
                "kind": [
                    *((kind.value, say(text)) for kind, text in LOW_RATED.items()),
                    *((code, say(one.title)) for code, one in CODES.items()),
                ],
                "institution": [(one.skrs, f"{one.skrs} {one.name}") for one in reached],
            },
        )


def _place(line: QualityLine) -> Place:
    return Place(listed_at=line.listed_at, institution=line.exam.institution, accession=line.exam.accession)
