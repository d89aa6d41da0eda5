"""Tokens of programs: made here and shown once, seen, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from gecit.core.access import TABLE, Action, Role, Whose, may
from gecit.core.accounts import Account, Token
from gecit.core.values import Text
from gecit.edges.credentials import new_token, token_digest
from gecit.ports import Clock, Institution
from gecit.steps.accounts import NAME_TAKEN, AccountFault, Desk

from ..access import needs, person
from ..sender import address

if TYPE_CHECKING:
    from . import Institutions

DAYS = (30, 90, 365, 730)
OF_PROGRAMS = tuple(TABLE[Role.SERVICE])


def token_pages(desk: Desk, institutions: Institutions, clock: Clock) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("tokens", __name__, url_prefix="/gecit/tokens")

    def mine() -> list[Institution]:
        everywhere = may(person(), Action.MANAGE_TOKENS, Whose.FOREIGN)
        return [one for one in institutions.all() if everywhere or one.skrs == person().institution]

    def page(secret: str = "", faults: tuple[Text, ...] = ()) -> Response:
        shown = render_template(
            "tokens.html",
            tokens=desk.tokens(person()),
            now=clock.now(),
            secret=secret,
            faults=faults,
            institutions=mine(),
            actions=OF_PROGRAMS,
            days=DAYS,
            given=request.form if faults else MultiDict(),
        )
        return make_response(shown, 422 if faults else 200)

    def owner(label: str, institution: str) -> str:
        """Return whose token it is: a program's of the institution, which is made where it is new."""
        found = desk.accounts.account(label)
        if found is None:
            return desk.save(
                person(), Account(name=label, roles=(Role.SERVICE,), institution=institution), address(), new=True
            ).name
        if found.roles != (Role.SERVICE,) or found.institution != institution:
            raise AccountFault([NAME_TAKEN])
        return found.name

    @pages.get("")
    @needs(Action.MANAGE_TOKENS)
    def show() -> Response:
        return page()

    @pages.post("")
    @needs(Action.MANAGE_TOKENS)
    def add() -> Response:
        form, now, secret = request.form, clock.now(), new_token()
        institution, chosen = form.get("institution", ""), form.getlist("actions")
        days = int(form["days"]) if form.get("days", "").isdecimal() else DAYS[2]
        try:
            if institution not in [one.skrs for one in mine()]:
                raise AccountFault([CHOOSE_INSTITUTION])
            if not set(chosen) <= {one.value for one in OF_PROGRAMS}:  # left out, they would leave a token for all
                raise AccountFault([NO_ACTION])
            made = Token(
                digest=token_digest(secret),
                owner=owner(form.get("program", ""), institution),
                created_at=now,
                expires_at=now + timedelta(days=min(max(days, 1), 3650)),
                label=form.get("label", "").strip()[:200],
                institution=institution,
                actions=tuple(one for one in OF_PROGRAMS if one.value in chosen) or None,
            )
            desk.add_token(person(), made, address())
        except AccountFault as fault:
            return page(faults=fault.faults)
        return page(secret=secret)

    @pages.post("/<named>/revoke")
    @needs(Action.MANAGE_TOKENS)
    def revoke(named: str) -> Response:
        try:
            desk.revoke_token(person(), named, address())
        except AccountFault as fault:
            return page(faults=fault.faults)
        return make_response(redirect(url_for("tokens.show"), 303))

    return pages


NO_ACTION = Text(
    tr="Seçilen yetkilerden biri programlara verilemez.", en="One of the chosen actions is none that a program may do."
)
CHOOSE_INSTITUTION = Text(tr="Belirtecin kurumunu seçin.", en="Choose the token's institution.")
