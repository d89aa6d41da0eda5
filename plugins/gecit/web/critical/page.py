"""The page of critical findings: what waits to be read, what was read, and what one marked oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.sansio.blueprints import BlueprintSetupState
from msgspec.structs import replace

from gecit.core.access import Action, Reach, reach
from gecit.core.critical import WAITS, Critical, State
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.reviewing import HIDDEN
from gecit.core.values import Text, Value
from gecit.ports import CriticalSearch, Transaction, Unavailable
from gecit.steps import critical
from gecit.steps.critical import CriticalRefused

from ..access import may_touch, needs, person
from ..blinded import is_blinded
from ..frame import BADGES
from ..reading import ReadingRoom
from ..shown import ShownExam, show_exam
from ..words_critical import STATES

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

MOST_READ = 50
NOTHING = "0"
EVERY_STATE = tuple(State)
READ = (State.READ, State.CLOSED)


class Row(Value):
    """A line of the page; `for_me`: the person ordered the exam."""

    exam: ShownExam
    critical: Critical
    for_me: bool
    may_confirm: bool
    mine: bool


def critical_pages_of(room: ReadingRoom) -> Blueprint:
    """Build the page, its button, and the number that the navigation shows."""
    pages = Blueprint("critical", __name__, url_prefix="/gecit/critical")

    @pages.get("")
    @needs(Action.SEE_EXAM)
    def show() -> Response:
        return page(room)

    @pages.post("/confirm/<institution>/<path:accession>")
    @needs(Action.CONFIRM_CRITICAL)
    def confirm(institution: str, accession: str) -> Redirect | Response:
        key, asker, now = ExamKey(institution=institution, accession=accession), person(), room.clock.now()
        try:
            carry_out(
                room,
                Action.CONFIRM_CRITICAL.value,
                key,
                lambda tx: critical.confirm(tx, key, asker, number_written(), now),
            )
        except CriticalRefused as refused:
            room.record(asker, Action.CONFIRM_CRITICAL.value, key, outcome=refused.fault.value)
            return page(room, refused.text)
        return redirect(url_for("critical.show"), 303)

    @pages.record
    def known(state: BlueprintSetupState) -> None:
        state.app.extensions.setdefault(BADGES, {})["critical.show"] = lambda: _waiting(room)

    return pages


def number_written() -> int:
    """Return which marking the form was made of; 0 for anything else."""
    written = request.form.get("number", NOTHING)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else 0


def carry_out(room: ReadingRoom, what: str, key: ExamKey, work: Callable[[Transaction], object]) -> None:
    """Do it and tell the audit whose exam it is: what cannot be audited is not done."""
    exam = room.ledger.read(lambda tx: tx.exam(key))
    room.carry_out(person(), what, key, work, tckn=exam.patient.tckn if exam else "")


def page(room: ReadingRoom, fault: Text | None = None) -> Response:
    """Return the page; with a fault where something could not be done."""
    asker = person()
    seen = _institutions(reach(asker, Action.SEE_EXAM))
    number = (account.tckn if (account := room.accounts.account(asker.name)) else "") or asker.tckn

    def work(tx: Transaction) -> tuple[list[Exam], list[Exam], list[Exam]]:
        waiting = CriticalSearch(states=tuple(WAITS), institutions=seen)
        read = CriticalSearch(states=READ, institutions=seen, limit=MOST_READ, newest_first=True)
        mine = CriticalSearch(states=EVERY_STATE, author=asker.name, limit=MOST_READ, newest_first=True)
        return _exams(tx, waiting), _exams(tx, read), _exams(tx, mine)

    waiting, read, mine = room.ledger.read(work)
    rows = [_row(room, one, number) for one in waiting]
    made = render_template(
        "critical.html",
        waiting=sorted(rows, key=lambda one: not one.for_me),
        read=[_row(room, one, number) for one in read],
        mine=[_row(room, one, number) for one in mine if may_touch(Action.SEE_EXAM, one.key.institution)],
        names=room.names(),
        states=STATES,
        fault=fault,
    )
    return make_response(made, 409 if fault else 200)


def _institutions(reached: Reach) -> tuple[str, ...] | None:
    return None if reached.everything else tuple(one for one in (reached.institution, *reached.granted) if one)


def _exams(tx: Transaction, search: CriticalSearch) -> list[Exam]:
    lines = tx.critical_lines(search)
    tx.prefetch([one.key for one in lines])
    return [exam for one in lines if (exam := tx.exam(one.key))]


def _row(room: ReadingRoom, exam: Exam, number: str) -> Row:
    assert exam.critical is not None  # noqa: S101 -- the list is folded from it
    mine = exam.critical.by == person().name
    hidden = not mine and is_blinded(room.ledger, exam.key)
    ordered = exam.order.physician.identifier if exam.order else ""
    return Row(
        exam=show_exam(exam),
        critical=_nameless(exam.critical) if hidden else exam.critical,
        for_me=bool(number) and ordered == number,
        may_confirm=not mine and may_touch(Action.CONFIRM_CRITICAL, exam.key.institution),
        mine=mine,
    )


def _nameless(one: Critical) -> Critical:
    """Return it for a blind reviewer: who marked it wrote the report."""
    receipts = tuple(replace(each, by=HIDDEN) if each.by == one.by else each for each in one.receipts)
    return replace(one, by=HIDDEN, receipts=receipts)


def _waiting(room: ReadingRoom) -> int:
    """Count what waits for the person, without the own marks; every page asks, so it reads the list's rows alone."""
    mine = _institutions(reach(person(), Action.CONFIRM_CRITICAL))
    if mine == ():
        return 0
    search = CriticalSearch(states=tuple(WAITS), institutions=mine, limit=1000)
    try:
        found = room.ledger.read(lambda tx: tx.critical_lines(search))
        return sum(one.author != person().name for one in found)
    except Unavailable:  # the page that says so has a navigation too
        return 0
