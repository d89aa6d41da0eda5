"""What can be done with a consultation: accepted, declined, answered and signed; withdrawn, asked again, closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, request, url_for

from gecit.core.access import Action
from gecit.core.consultation import (
    MOST_MEASUREMENTS,
    Consultation,
    Entry,
    EntryKind,
    ImageReference,
    Measurement,
    Outcome,
)
from gecit.core.consultation_paragraph import PARTS
from gecit.core.consulting import ConsultationRefused, Why
from gecit.core.exam import Exam
from gecit.core.measuring import LONGEST_NAME, UNITS
from gecit.core.measuring import number as read_number
from gecit.ports import Transaction
from gecit.steps import consult
from gecit.steps.consult_report import close_into_report

from ..access import needs, person
from ..vouched import vouched
from ..words_consulting import CONSULTING
from .desk import Consulting, deadline
from .page import page_of, seen_here

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

    Answer = Redirect | Response


def act_pages(desk: Consulting) -> Blueprint:
    """Build what the buttons do."""
    pages = Blueprint("consulting_acts", __name__, url_prefix="/gecit/consultations/of/<number>")
    room = desk.room

    @pages.post("/accept")
    @needs(Action.ANSWER_CONSULTATION)
    def accept(number: str) -> Answer:
        return _do(desk, number, "accept a consultation", lambda tx: consult.accept(tx, number, person(), _now(), _t))

    @pages.post("/decline")
    @needs(Action.ANSWER_CONSULTATION)
    def decline(number: str) -> Answer:
        said, name, now = _text("reason"), _name(desk), _now()
        return _do(
            desk,
            number,
            "decline a consultation",
            lambda tx: consult.decline(tx, number, person(), said, now, _t, name),
        )

    @pages.post("/answer")
    @needs(Action.ANSWER_CONSULTATION)
    def answer(number: str) -> Answer:
        return _answer(desk, number)

    @pages.post("/withdraw")
    @needs(Action.ASK_CONSULTATION)
    def withdraw(number: str) -> Answer:
        said, name, now = _text("reason"), _name(desk), _now()
        return _do(
            desk,
            number,
            "withdraw a consultation",
            lambda tx: consult.withdraw(tx, number, person(), said, now, _t, name),
        )

    @pages.post("/again")
    @needs(Action.ASK_CONSULTATION)
    def again(number: str) -> Answer:
        entry = consult.entry_of(EntryKind.FOLLOW_UP, _text("text"), person(), _name(desk), _now())

        def work(tx: Transaction) -> Consultation:
            return consult.ask_again(tx, number, entry, person(), deadline(_text("until")) or _now(), _now(), _t)

        return _do(desk, number, "ask again", work)

    @pages.post("/extend")
    @needs(Action.ASK_CONSULTATION)
    def extend(number: str) -> Answer:
        until = deadline(_text("until")) or _now()
        return _do(
            desk,
            number,
            "give a consultation more time",
            lambda tx: consult.extend(tx, number, person(), until, _now(), _t),
        )

    @pages.post("/close")
    @needs(Action.ASK_CONSULTATION)
    def close(number: str) -> Answer:
        return _close(desk, number)

    _now, _t = room.clock.now, desk.tell
    return pages


def _do(desk: Consulting, number: str, what: str, work: Callable[[Transaction], Consultation], **typed: Any) -> Answer:
    """Carry it out, audited with it; the page again, with what was typed, where it is refused."""
    found = seen_here(desk, number)
    patient = found.exam.patient.tckn
    try:
        desk.room.carry_out(person(), what, found.key, work, tckn=patient)
    except ConsultationRefused as refused:
        desk.room.record(person(), what, found.key, tckn=patient, outcome=refused.why.value)
        return page_of(desk, number, refused, typed=typed or dict(request.form.items()))
    return redirect(url_for("consulting.show_one", number=number), 303)


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def _name(desk: Consulting) -> str:
    return desk.full_name(person().name)


# Answering


def _answer(desk: Consulting, number: str) -> Answer:
    """Read what was written, ask for the signature, record the answer."""
    room, found = desk.room, seen_here(desk, number)
    typed = {name: value for name, value in request.form.items() if name not in ("password", "csrf")}
    what, seen = "answer a consultation", _text("seen")
    try:
        if not found.whole:
            raise ConsultationRefused(Why.OVER)
        images = desk.pointer.all_of(found.exam, _text("images"))
        measured = _measurements(desk, found.exam)
    except ConsultationRefused as refused:
        return page_of(desk, number, refused, typed=typed)
    how = vouched(room.accounts, room.clock, room.signs, request.form.get("password", ""))
    if not how:
        room.record(person(), what, found.key, tckn=found.exam.patient.tckn, outcome="wrong password")
        return page_of(desk, number, None, CONSULTING["wrong-password-answer"], typed)
    entry = Entry(
        kind=EntryKind.ANSWER,
        by=person().name,
        at=room.clock.now(),
        text=_text("text"),
        name=_name(desk),
        employer=person().institution,
        measurements=measured,
        images=images,
        signed=how,
    )
    before = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else -1
    return _do(
        desk, number, what, lambda tx: consult.answer(tx, number, entry, person(), before, entry.at, desk.tell), **typed
    )


def _measurements(desk: Consulting, exam: Exam) -> tuple[Measurement, ...]:
    """Read the rows of measurements; those that are empty are left out."""
    columns = [request.form.getlist(f"measured-{name}") for name in ("name", "value", "unit", "image")]
    rows = [tuple(cell.strip() for cell in row) for row in zip(*columns, strict=False)]
    filled = [row for row in rows if row[0] or row[1] or row[3]]
    if len(filled) > MOST_MEASUREMENTS:
        raise ConsultationRefused(Why.MANY_MEASUREMENTS)
    return tuple(_measurement(desk, exam, *row) for row in filled)


def _measurement(desk: Consulting, exam: Exam, name: str, value: str, unit: str, image: str) -> Measurement:
    read = read_number(value)
    if not name or len(name) > LONGEST_NAME or read is None or unit not in UNITS:
        raise ConsultationRefused(Why.MEASUREMENT, f"{name[:40]} {value[:20]}".strip())
    where: ImageReference | None = desk.pointer.one_of(exam, image) if image else None
    return Measurement(name=name, value=read, unit=unit, image=where)


# Closing


def _close(desk: Consulting, number: str) -> Answer:
    now, into = desk.room.clock.now(), request.form.get("outcome") == Outcome.REPORT.value
    part = next((one for one in PARTS if one.value == request.form.get("part", "")), PARTS[0])
    employers = desk.employers()

    def work(tx: Transaction) -> Consultation:
        if into:
            return close_into_report(tx, number, person(), part, employers, now, desk.tell)
        return consult.close(tx, number, person(), Outcome.RECORD, now, desk.tell)

    done = _do(desk, number, "close a consultation into the report" if into else "close a consultation", work)
    if done.status_code == 303 and into:
        key = seen_here(desk, number).key
        return redirect(url_for("editor.show", institution=key.institution, accession=key.accession), 303)
    return done
