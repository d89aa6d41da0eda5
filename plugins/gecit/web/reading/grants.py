"""Grants: a unit administrator records an institution's written application, and ends what was granted."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, Role
from gecit.core.grants import WORDS, Basis, Grant, Paper, in_force, shown_days
from gecit.core.papers import LONGEST_PAPER, paper_name
from gecit.core.values import ISTANBUL, Text
from gecit.ports import Transaction
from gecit.steps.granting import GrantRefused

from ..access import needs, person
from ..body import NOT_SENT, NotSentError, takes_up_to, uploaded
from ..tracking.asked import day_of
from ..words_reading import BASES, READING
from .room import ReadingRoom


def grant_pages(room: ReadingRoom) -> Blueprint:
    """Build the page and what its buttons do."""
    pages = Blueprint("grants", __name__, url_prefix="/gecit/grants")

    @pages.get("")
    @needs(Action.MANAGE_GRANTS)
    def show() -> Response:
        return _page(room)

    @pages.post("")
    @needs(Action.MANAGE_GRANTS)
    @takes_up_to(LONGEST_PAPER * 4 // 3 + 80_000)
    def add() -> Response:
        made = _written(room)
        if made is None:
            return _page(room, (READING["grant-dates-wrong"],))
        what = Action.MANAGE_GRANTS.value

        def write(work: Callable[[Transaction], None]) -> None:
            room.carry_out(person(), what, None, work)

        try:
            room.granting.record(made, person().name, room.clock.now(), uploaded(), write)
        except NotSentError:
            return _page(room, (NOT_SENT,))
        except GrantRefused as refused:
            room.record(person(), what, None, outcome=str(refused))
            return _page(room, tuple(WORDS[one] for one in refused.faults))
        return make_response(redirect(url_for("grants.show"), 303))

    @pages.post("/<grant>/end")
    @needs(Action.MANAGE_GRANTS)
    def end(grant: str) -> Response:
        room.record(person(), Action.MANAGE_GRANTS.value, None)
        room.granting.end(grant, person().name, room.clock.now())
        return make_response(redirect(url_for("grants.show"), 303))

    @pages.get("/<grant>/paper")
    @needs(Action.MANAGE_GRANTS)
    def paper(grant: str) -> Response:
        granted, found = room.granting.paper(grant) or abort(404)
        room.record(person(), "see the paper of a grant", None, detail={"grant": granted.id})
        answer = make_response(found.content)
        answer.headers["Content-Type"] = found.media_type
        answer.headers["Content-Disposition"] = f'attachment; filename="{paper_name(granted.id, found.media_type)}"'
        return answer

    return pages


def _written(room: ReadingRoom) -> Grant | None:
    form = request.form
    since, last, dated = (_day(form.get(name, "")) for name in ("since", "until", "paper-date"))
    if since is None or last is None or dated is None:
        return None
    return Grant(
        id=secrets.token_hex(8),
        readers=tuple(sorted(set(form.getlist("reader")))),
        institutions=tuple(sorted(set(form.getlist("institution")))),
        since=_midnight(since),
        until=_midnight(last + timedelta(days=1)),
        paper=Paper(number=form.get("paper", "").strip()[:100], dated=dated),
        groups=tuple(sorted(set(form.getlist("group")))),
        basis=Basis.OTHER if form.get("basis") == Basis.OTHER.value else Basis.RULE,
        basis_text=form.get("basis-text", "").strip()[:500],
        recorded_at=room.clock.now(),
        recorded_by=person().name,
    )


def _day(text: str) -> date | None:
    found = day_of(text)  # none of a year in which reckoning with it ends
    return found.date() if found else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ISTANBUL)


def _state(grant: Grant, now: datetime) -> str:
    if grant.ended_at and grant.ended_at <= now:
        return "grant-ended"
    if in_force(grant, now):
        return "grant-stands"
    return "grant-later" if now < grant.since else "grant-over"


def _page(room: ReadingRoom, faults: tuple[Text, ...] = ()) -> Response:
    now = room.clock.now()
    recorded = room.ledger.read(lambda tx: tx.institutions())
    radiologists = [one for one in room.accounts.accounts() if Role.RADIOLOGIST in one.roles and not one.disabled]
    page = render_template(
        "grants.html",
        grants=[(one, _state(one, now), *shown_days(one)) for one in room.granting.all()],
        radiologists=radiologists,
        institutions=[one for one in recorded if not one.trial],  # nobody reads for one that is there for self-tests
        groups={one.id: one for one in room.ledger.groups()},
        names={one.skrs: one.name or one.skrs for one in recorded},
        bases=BASES,
        faults=faults,
        given=request.form,
    )
    return make_response(page, 422 if faults else 200)
