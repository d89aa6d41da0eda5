"""What other pages say of consultations: how many wait for the person, and how many of his own nobody answered."""

from __future__ import annotations

from flask import Blueprint, current_app

from gecit.core.access import Action
from gecit.ports import Unavailable

from ..access import may_at_all, person
from ..frame import BADGES
from .desk import Consulting


def add_badges(pages: Blueprint, desk: Consulting) -> None:
    """Let the navigation count what waits, and templates ask for what is overdue."""

    def waiting() -> int:
        me = person().name
        return _asked(lambda: desk.room.ledger.read(lambda tx: tx.consultations_waiting(me)))

    def overdue() -> int:
        me, now = person(), desk.room.clock.now()
        if not may_at_all(me, Action.ASK_CONSULTATION):
            return 0
        return _asked(lambda: desk.room.ledger.read(lambda tx: tx.consultations_overdue(now, me.name)))

    @pages.app_context_processor
    def helpers() -> dict[str, object]:
        return {"overdue_consultations": overdue}

    @pages.record
    def known(state: object) -> None:
        app = getattr(state, "app", current_app)
        app.extensions.setdefault(BADGES, {})["consulting.show_all"] = waiting


def _asked(count: object) -> int:
    try:
        return int(count())  # type: ignore[operator]
    except Unavailable:  # a page that is shown all the same says nothing of it
        return 0
