"""The reading list: what a radiologist may read, the most urgent first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from gecit.core.access import Action, reach
from gecit.core.exam import Exam
from gecit.core.exam_kinds import REGIONS, SUBSPECIALTIES, Kind
from gecit.core.reading import AT_WORK, OPEN
from gecit.core.reading_list import URGENCIES, Line
from gecit.core.values import Value
from gecit.ports import ListSearch, Transaction

from ..access import needs, person
from ..language import say
from ..shown import ShownExam, show_exam
from .room import ReadingRoom

MOST = 200  # lines of a page
LOOKED_AT = 1000  # lines that region and subspecialty are looked for in


class Row(Value):
    """A line as the page shows it."""

    line: Line
    exam: ShownExam
    kind: Kind
    mine: bool
    critical: bool


def list_pages(room: ReadingRoom) -> Blueprint:
    """Build the list."""
    pages = Blueprint("reading", __name__, url_prefix="/gecit/reading")

    @pages.get("")
    @pages.get("/")
    @needs(Action.WRITE_REPORT)
    def show() -> str:
        asked = {
            name: request.args.get(name, "").strip()[:64] for name in ("modality", "region", "subspecialty", "which")
        }
        return render_template(
            "reading_list.html",
            rows=rows_of(room, asked),
            asked=asked,
            names=room.names(),
            most=MOST,
            now=room.clock.now(),
            urgencies=URGENCIES,
            regions=[(one.value, say(text)) for one, text in REGIONS.items()],
            subspecialties=[(one.value, say(text)) for one, text in SUBSPECIALTIES.items()],
        )

    return pages


def rows_of(room: ReadingRoom, asked: dict[str, str]) -> list[Row]:
    """Return the lines that the person may read and asks for."""
    found = room.ledger.read(lambda tx: _read(tx, asked))
    rows = [_row(room, line, exam) for line, exam in found]
    wanted = [
        one
        for one in rows
        if asked["region"] in ("", one.kind.region.value) and asked["subspecialty"] in ("", one.kind.subspecialty.value)
    ]
    return wanted[:MOST]


def _read(tx: Transaction, asked: dict[str, str]) -> list[tuple[Line, Exam]]:
    mine = reach(person(), Action.WRITE_REPORT)
    institutions = tuple(one for one in (mine.institution, *mine.granted) if one)
    search = ListSearch(
        institutions=institutions,
        states=tuple(sorted({"open": OPEN, "mine": AT_WORK}.get(asked["which"], OPEN | AT_WORK))),
        reader=person().name if asked["which"] == "mine" else "",
        modality=asked["modality"],
        limit=LOOKED_AT if asked["region"] or asked["subspecialty"] else MOST,
    )
    lines = tx.reading_lines(search)
    tx.prefetch([one.key for one in lines])
    return [(one, exam) for one in lines if (exam := tx.exam(one.key))]


def _row(room: ReadingRoom, line: Line, exam: Exam) -> Row:
    return Row(
        line=line,
        exam=show_exam(exam),
        kind=room.kind(exam),
        mine=line.reader == person().name,
        critical=bool(exam.critical and exam.critical.stands),
    )
