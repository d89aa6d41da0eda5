"""What somebody wrote and did not sign, of exams that are not his any more: to be copied or thrown away.

It is his own text alone: neither the exam nor its patient is shown, since he may have no right to either by now. So it
needs no right but that of the own account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, url_for

from gecit.core.access import Action
from gecit.core.left_drafts import LEFT_WORDS, ORPHANED
from gecit.core.order import ExamKey
from gecit.ports import Transaction
from gecit.steps import left_drafts

from ..access import may_touch, needs, person
from .room import ReadingRoom

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect


def draft_pages(room: ReadingRoom) -> Blueprint:
    """Build the page and its button."""
    pages = Blueprint("drafts", __name__, url_prefix="/gecit/reading/drafts")

    @pages.get("")
    @needs(Action.OWN_ACCOUNT)
    def show() -> Response:
        now, asker = room.clock.now(), person()
        found = left_drafts.left_by(
            room.ledger, asker.name, lambda account, skrs: room.granting.may_report(account, skrs, now)
        )
        for one in found:
            room.record(asker, "see an own draft", one.draft.exam)
        page = render_template(
            "left_drafts.html",
            drafts=[(one, may_touch(Action.WRITE_REPORT, one.draft.exam.institution)) for one in found],
            says=LEFT_WORDS,
            orphaned=ORPHANED,
        )
        return make_response(page)

    @pages.post("/discard/<institution>/<path:accession>")
    @needs(Action.OWN_ACCOUNT)
    def discard(institution: str, accession: str) -> Redirect:
        key, asker = ExamKey(institution=institution, accession=accession), person()
        try:
            room.carry_out(asker, "discard a draft", key, lambda tx: _discard(tx, key, asker.name))
        except LookupError:
            room.record(asker, "discard a draft", key, outcome="nothing there")
            abort(404)
        return redirect(url_for("drafts.show"), 303)

    return pages


def _discard(tx: Transaction, key: ExamKey, author: str) -> None:
    if not left_drafts.discard(tx, key, author):
        raise LookupError
