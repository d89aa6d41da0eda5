"""Pushing: what waits, for who sees to it that it is read; and what a radiologist says of himself."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Blueprint, Response, abort, make_response, render_template, request

from gecit.core.access import Action, reach
from gecit.core.balance import Candidate, Choice, ReaderProfile
from gecit.core.exam_kinds import SUBSPECIALTIES, Subspecialty
from gecit.core.order import ExamKey
from gecit.core.reading_list import URGENCIES
from gecit.core.values import ISTANBUL, Text
from gecit.ports import ListSearch
from gecit.steps.assign_reading import Assigning
from gecit.steps.read_exam import ReadingRefused

from ..access import may_touch, needs, person
from ..shown import show_exam
from ..tracking.asked import day_of
from ..words_reading import READING
from .room import ReadingRoom

MOST = 200


def assign_pages(room: ReadingRoom) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("assigning", __name__, url_prefix="/gecit/reading")
    assigning = Assigning(room.accounts, room.granting.granted, room.kind, room.targets, room.limits)

    @pages.get("/waiting")
    @needs(Action.ASSIGN_READING)
    def show() -> Response:
        return _page(room)

    @pages.post("/assign/<institution>/<path:accession>")
    @needs(Action.ASSIGN_READING)
    def assign(institution: str, accession: str) -> Response:
        if not may_touch(Action.ASSIGN_READING, institution):
            abort(404)
        key, now = ExamKey(institution=institution, accession=accession), room.clock.now()
        present, asker = _of_group(room, assigning.present(now), now), person()
        try:
            found = room.carry_out(
                asker, Action.ASSIGN_READING.value, key, lambda tx: assigning.push(tx, key, present, asker.name, now)
            )
        except ReadingRefused as refused:
            room.record(asker, Action.ASSIGN_READING.value, key, outcome=refused.why.value)
            return _page(room, refused=refused)
        return _page(room, said=_said(found, key), candidates=found.candidates if found else ())

    @pages.get("/profile")
    @needs(Action.WRITE_REPORT)
    def profile() -> Response:
        return _profile(room, saved=False)

    @pages.post("/profile")
    @needs(Action.WRITE_REPORT)
    def keep() -> Response:
        chosen = tuple(one for one in Subspecialty if one.value in request.form.getlist("subspecialty"))
        made = ReaderProfile(subspecialties=chosen, away_until=_end_of(request.form.get("away-until", "")))
        room.record(person(), "keep a reader's profile", None)
        room.ledger.write(lambda tx: tx.keep_reader_profile(person().name, made))
        return _profile(room, saved=True)

    return pages


def _of_group(room: ReadingRoom, present: dict[str, tuple[str, ...]], now: datetime) -> dict[str, tuple[str, ...]]:
    """Return those of a group where one is chosen, else all who are there."""
    group = request.form.get("group", "")
    members = room.ledger.members(group, now) if group else tuple(present)
    return {name: institutions for name, institutions in present.items() if name in members}


def _said(found: Choice | None, key: ExamKey) -> Text:
    text = READING["assigned-to" if found else "nobody-there"]
    values = {"exam": key.accession, "name": found.reader if found else ""}
    return Text(tr=text.tr.format(**values), en=text.en.format(**values))


def _end_of(text: str) -> datetime | None:
    """Read a day as the instant in which it ends; None where none is given."""
    found = day_of(text)
    return datetime.combine(found.date() + timedelta(days=1), time(), ISTANBUL) if found else None


def _page(
    room: ReadingRoom,
    said: Text | None = None,
    candidates: tuple[Candidate, ...] = (),
    refused: ReadingRefused | None = None,
) -> Response:
    mine = reach(person(), Action.ASSIGN_READING)
    institutions = None if mine.everything else tuple(filter(None, (mine.institution,)))
    search = ListSearch(institutions=institutions, limit=MOST)
    lines = room.ledger.read(lambda tx: tx.reading_lines(search))
    exams = room.ledger.read(lambda tx: [tx.exam(one.key) for one in lines])
    page = render_template(
        "waiting.html",
        rows=[(line, show_exam(exam)) for line, exam in zip(lines, exams, strict=True) if exam],
        now=room.clock.now(),
        urgencies=URGENCIES,
        groups=[one for one in room.ledger.groups() if one.closed_at is None],
        chosen=request.form.get("group", ""),
        done=said,
        candidates=candidates,
        refused=refused,
        most=MOST,
    )
    return make_response(page, 409 if refused else 200)


def _profile(room: ReadingRoom, *, saved: bool) -> Response:
    kept = room.ledger.read(lambda tx: tx.reader_profiles()).get(person().name, ReaderProfile())
    last = (kept.away_until - timedelta(seconds=1)).astimezone(ISTANBUL).date() if kept.away_until else None
    return make_response(
        render_template("reader_profile.html", kept=kept, last=last, choices=SUBSPECIALTIES, saved=saved)
    )
