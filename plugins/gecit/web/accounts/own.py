"""One's own account: what it may, its password, where it is signed in."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request

from gecit.core.access import Action
from gecit.core.accounts import Account
from gecit.core.values import Text
from gecit.edges.doors import Doors
from gecit.ports import Clock
from gecit.steps.accounts import AccountFault, Desk

from ..access import needs, person
from ..sender import address, admission
from .cookies import Sessions

WRONG = Text(tr="Şimdiki parolanız yanlış.", en="Your present password is wrong.")
TOO_MANY = Text(tr="Çok fazla yanlış deneme; on beş dakika bekleyin.", en="Too many wrong tries; wait fifteen minutes.")
DIFFERENT = Text(tr="Yeni parolanın iki yazılışı farklı.", en="The new password was written in two ways.")


def own_pages(doors: Doors, desk: Desk, sessions: Sessions, clock: Clock) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("own", __name__, url_prefix="/gecit/account")

    def page(account: Account | None, faults: tuple[Text, ...] = ()) -> Response:
        now = clock.now()
        mine = [one for one in desk.accounts.sessions(person().name) if one.expires_at > now and not one.is_ticket]
        shown = render_template(
            "own_account.html",
            account=account,
            sessions=mine,
            here_now=admission().session,
            faults=faults,
            has_password=bool(account and desk.accounts.password_hash(account.name)),
        )
        return make_response(shown, 422 if faults else 200)

    def begin_anew(account: Account) -> Response:
        """Everything else is signed out; this browser goes on under a new session."""
        doors.forget(request.headers.get("Cookie", ""))
        response = make_response(redirect("/gecit/account", 303))
        return sessions.begin(response, account, clock.now()) if admission().session else response

    @pages.get("")
    @needs(Action.OWN_ACCOUNT)
    def show() -> Response:
        return page(desk.accounts.account(person().name))

    @pages.post("/password")
    @needs(Action.OWN_ACCOUNT)
    def change_password() -> Response:
        account = desk.accounts.account(person().name)
        form = request.form
        if account is None:
            return page(None)
        if form.get("new", "") != form.get("again", ""):
            return page(account, (DIFFERENT,))
        found = doors.knows_password(account.name, form.get("present", ""), address())
        if not found.granted:
            return page(account, (TOO_MANY if found.why == "too many" else WRONG,))
        try:
            desk.set_password(person(), account, form.get("new", ""), address())
        except AccountFault as fault:
            return page(account, fault.faults)
        return begin_anew(account)

    @pages.post("/sessions/<digest>/end")
    @needs(Action.OWN_ACCOUNT)
    def end(digest: str) -> Response:
        desk.end_session(person(), digest, address())
        if admission().session.startswith(digest):
            doors.forget(request.headers.get("Cookie", ""))
        return make_response(redirect("/gecit/account", 303))

    @pages.post("/sign-out-everywhere")
    @needs(Action.OWN_ACCOUNT)
    def end_all() -> Response:
        account = desk.accounts.account(person().name)
        if account:
            desk.end_sessions(person(), account, address())
        doors.forget(request.headers.get("Cookie", ""))
        return sessions.end(make_response(redirect("/gecit/sign-in", 303)))

    return pages
