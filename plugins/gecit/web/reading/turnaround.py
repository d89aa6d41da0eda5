"""Turn-around times of what a person reaches: by institution, modality and radiologist, against the targets."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template, request

from gecit.core.access import Action, reach
from gecit.core.order import ExamKey
from gecit.core.turnaround import Turn, summaries, turn_of
from gecit.edges.store import SqlLedger

from ..access import needs, person
from ..masking import mask
from .room import ReadingRoom

DAYS = (1, 7, 30)
PAGE, MOST = 500, 20_000


def turnaround_pages(room: ReadingRoom) -> Blueprint:
    """Build the page."""
    pages = Blueprint("turnaround", __name__, url_prefix="/gecit/turnaround")

    @pages.get("")
    @needs(Action.SEE_TURNAROUND)
    def show() -> str:
        given = request.args.get("days", "")
        days = int(given) if given in {str(one) for one in DAYS} else 7
        turns, whole = _turns(room, days)
        names = {one.skrs: one.name or one.skrs for one in room.ledger.read(lambda tx: tx.institutions())}
        targets = room.targets
        return render_template(
            "turnaround.html",
            days=days,
            choices=DAYS,
            whole=whole,
            most=MOST,
            tables=[
                ("by-institution", summaries(turns, lambda one: names.get(one.institution, one.institution), targets)),
                ("turns-by-modality", summaries(turns, lambda one: one.modality or "-", targets)),
                ("by-reader", summaries(turns, lambda one: mask(one.reader) or "-", targets)),
            ],
        )

    return pages


def _turns(room: ReadingRoom, days: int) -> tuple[list[Turn], bool]:
    """Return the turns of orders of the last days, and whether all of them were looked at."""
    mine, now = reach(person(), Action.SEE_TURNAROUND), room.clock.now()
    ledger: SqlLedger = room.ledger
    turns: list[Turn] = []
    after: ExamKey | None = None
    looked_at = 0
    while looked_at < MOST:
        page = ledger.scan(after, PAGE, ordered_from=now - timedelta(days=days), ordered_until=now)
        reached = (one for one in page.exams if mine.everything or one.key.institution == mine.institution)
        turns += [turn for one in reached if (turn := turn_of(one))]
        looked_at += len(page.exams)
        if page.after is None:
            return turns, True
        after = page.after
    return turns, False
