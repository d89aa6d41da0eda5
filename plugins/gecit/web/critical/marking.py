"""What who reads an exam does about its critical finding: marks it, takes it back, says whom he told by telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, request, url_for
from msgspec.structs import replace

from gecit.core.access import Action
from gecit.core.order import ExamKey
from gecit.ports import Transaction
from gecit.steps import critical
from gecit.steps.critical import CriticalRefused
from gecit.steps.read_exam import ReadingRefused

from ..access import needs, person
from ..reading import ReadingRoom
from ..reading.editor import key_here, page_of, place_of, save_written
from .page import carry_out, number_written, page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

BY_TELEPHONE = "tell a critical finding by telephone"


def marking_pages(room: ReadingRoom) -> Blueprint:
    """Build what the buttons do."""
    pages = Blueprint("marking", __name__, url_prefix="/gecit/critical")

    @pages.post("/mark/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def mark(institution: str, accession: str) -> Redirect | Response:
        text, now = request.form.get("critical", ""), room.clock.now()
        return _in_editor(
            room,
            key_here(institution, accession),
            "mark a critical finding",
            lambda tx, key: critical.mark(tx, key, person(), text, now),
        )

    @pages.post("/take-back/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def take_back(institution: str, accession: str) -> Redirect | Response:
        reason, now = request.form.get("critical-reason", ""), room.clock.now()

        def work(tx: Transaction, key: ExamKey) -> None:
            critical.take_back(tx, key, person(), reason, now)
            draft = tx.draft(key, person().name)
            if draft:  # else signing would mark it anew
                tx.save_draft(replace(draft, critical="", revision=draft.revision + 1))

        return _in_editor(room, key_here(institution, accession), "take back a critical finding", work)

    @pages.post("/telephone/<institution>/<path:accession>")
    @needs(Action.WRITE_REPORT)
    def telephone(institution: str, accession: str) -> Redirect | Response:
        key, whom, now = key_here(institution, accession), request.form.get("whom", ""), room.clock.now()
        try:
            carry_out(
                room,
                BY_TELEPHONE,
                key,
                lambda tx: critical.telephoned(tx, key, person(), number_written(), whom, now),
            )
        except CriticalRefused as refused:
            room.record(person(), BY_TELEPHONE, key, outcome=refused.fault.value)
            return page(room, refused.text)
        return redirect(url_for("critical.show"), 303)

    return pages


def _in_editor(
    room: ReadingRoom, key: ExamKey, what: str, act: Callable[[Transaction, ExamKey], object]
) -> Redirect | Response:
    """Save what is written, then do it; the editor says what stands against it."""
    try:
        save_written(room, key)
        carry_out(room, what, key, lambda tx: act(tx, key))
    except ReadingRefused as refused:
        room.record(person(), what, key, outcome=refused.why.value)
        return page_of(room, key, refused)
    except CriticalRefused as refused:
        room.record(person(), what, key, outcome=refused.fault.value)
        return page_of(room, key, None, None, refused.text)
    return redirect(place_of(key), 303)
