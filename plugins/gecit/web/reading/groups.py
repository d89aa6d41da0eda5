"""Groups of radiologists: a unit administrator writes who belongs to one, from when until when."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from gecit.core.access import Action, Role
from gecit.core.exam_kinds import SUBSPECIALTIES, Subspecialty
from gecit.core.groups import GROUP_FAULTS, LONGEST_NAME, Group, GroupFault, Member, closed, group_faults, members_at
from gecit.core.values import ISTANBUL, Text, Value, local
from gecit.ports import Transaction

from ..access import needs, person
from .room import ReadingRoom

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Redirect

BLANK_ROWS = 3
MOST_MEMBERS = 500


class ShownMember(Value):
    """A member as the form has it: first and last day."""

    account: str = ""
    since: str = ""
    until: str = ""


class Shown(Value):
    """A group with who belongs to it now."""

    group: Group
    rows: tuple[ShownMember, ...]
    now: tuple[str, ...]


def group_pages(room: ReadingRoom) -> Blueprint:
    """Build the page and what its buttons do."""
    pages = Blueprint("groups", __name__, url_prefix="/gecit/groups")

    @pages.get("")
    @needs(Action.MANAGE_GRANTS)
    def show() -> Response:
        return _page(room)

    @pages.post("")
    @needs(Action.MANAGE_GRANTS)
    def add() -> Redirect | Response:
        return _record(room, Group(id=secrets.token_hex(8), name=""))

    @pages.post("/<group>")
    @needs(Action.MANAGE_GRANTS)
    def change(group: str) -> Redirect | Response:
        return _record(room, _open(room, group))

    @pages.post("/<group>/close")
    @needs(Action.MANAGE_GRANTS)
    def close(group: str) -> Redirect:
        now = room.clock.now()
        ended = closed(_open(room, group), person().name, now)
        room.record(person(), "close a group", None)  # first: what cannot be audited is not done
        room.ledger.save_group(ended, now, person().name)
        return redirect(url_for("groups.show"), 303)

    return pages


def _open(room: ReadingRoom, group: str) -> Group:
    found = room.ledger.group(group)
    return found if found and found.closed_at is None else abort(404)


def _record(room: ReadingRoom, before: Group) -> Redirect | Response:
    now = room.clock.now()
    members = _members()
    if members is None:
        return _page(room, (_DAYS,), before.id)
    made = Group(
        id=before.id,
        name=request.form.get("name", "").strip()[:LONGEST_NAME],
        subspecialty=next(
            (one for one in Subspecialty if one.value == request.form.get("subspecialty")), Subspecialty.GENERAL
        ),
        members=members,
        recorded_at=now,
        recorded_by=person().name,
    )
    radiologists = {one.name for one in room.accounts.accounts() if Role.RADIOLOGIST in one.roles and not one.disabled}
    try:
        room.carry_out(person(), "record a group", None, lambda tx: _keep(tx, made, radiologists, now))
    except _GroupRefusedError as refused:
        room.record(person(), "record a group", None, outcome=refused.faults[0].value)
        return _page(room, tuple(GROUP_FAULTS[one] for one in refused.faults), before.id)
    return redirect(url_for("groups.show"), 303)


class _GroupRefusedError(Exception):
    def __init__(self, faults: tuple[GroupFault, ...]) -> None:
        super().__init__()
        self.faults = faults


def _keep(tx: Transaction, made: Group, radiologists: set[str], now: datetime) -> None:
    if found := group_faults(made, tx.groups(), radiologists):
        raise _GroupRefusedError(found)
    tx.record_group(made, now, made.recorded_by)


_DAYS = Text(
    tr="Her üyenin ilk günü gerekir; günler geçerli tarih olmalı.",
    en="Each member needs a first day, and the days must be dates.",
)


def _members() -> tuple[Member, ...] | None:
    """Read the rows; one without an account is none. None where a day cannot be read."""
    form, found = request.form, []
    rows = zip(form.getlist("account"), form.getlist("since"), form.getlist("until"), strict=False)
    for account, since, until in list(rows)[:MOST_MEMBERS]:
        if not account.strip():
            continue
        try:
            begins = date.fromisoformat(since)
            ends = date.fromisoformat(until) + timedelta(days=1) if until else None
        except (ValueError, OverflowError):
            return None
        found.append(Member(account=account, since=_midnight(begins), until=_midnight(ends) if ends else None))
    return tuple(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ISTANBUL)


def _shown(group: Group, now: datetime) -> Shown:
    rows = [
        ShownMember(
            account=one.account,
            since=local(one.since).date().isoformat(),
            until=(local(one.until) - timedelta(seconds=1)).date().isoformat() if one.until else "",
        )
        for one in sorted(group.members, key=lambda one: (one.account, one.since))
    ]
    return Shown(group=group, rows=tuple(rows), now=members_at(group, now))


def _page(room: ReadingRoom, faults: tuple[Text, ...] = (), written: str = "") -> Response:
    """Return the page; `written`: the group whose form is shown again as it was written."""
    now, groups = room.clock.now(), room.ledger.groups()
    page = render_template(
        "groups.html",
        groups=[_shown(one, now) for one in groups if one.closed_at is None],
        closed=[one for one in groups if one.closed_at is not None],
        radiologists=[one for one in room.accounts.accounts() if Role.RADIOLOGIST in one.roles and not one.disabled],
        subspecialties=SUBSPECIALTIES,
        faults=faults,
        written=written,
        typed=[
            ShownMember(account=a, since=s, until=u)
            for a, s, u in zip(*(request.form.getlist(one) for one in ("account", "since", "until")), strict=False)
            if a
        ],
        given=request.form,
        blank=[ShownMember()] * BLANK_ROWS,
        today=local(now).date().isoformat(),
    )
    return make_response(page, 422 if faults else 200)
