"""Signing in with a password, and signing out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request

from gecit.core.access import Action
from gecit.core.values import Text
from gecit.edges.doors import Doors, Why
from gecit.ports import Clock
from gecit.steps.accounts import Desk

from ..access import needs, open_to_all, person
from ..frame import landing
from ..sender import address, admission, safe_next
from .cookies import Sessions
from .providers import Providers

STATUS = {Why.WRONG: 401, Why.TOO_MANY: 429, Why.MISSING: 401, Why.UNAVAILABLE: 503}
SAID = {
    Why.WRONG: Text(
        tr="Kullanıcı adı ya da parola yanlış. Unuttuysanız yöneticiniz yenisini verir.",
        en="User name or password is wrong. If you forgot it, your administrator gives a new one.",
    ),
    Why.TOO_MANY: Text(
        tr="Çok fazla yanlış deneme oldu; on beş dakika sonra yeniden deneyin. Acele ise yöneticiniz yeni parola "
        "verir.",
        en="Too many wrong tries; try again in fifteen minutes. If it is urgent, your administrator gives a new "
        "password.",
    ),
    Why.UNAVAILABLE: Text(
        tr="Şu anda oturum açılamıyor; birazdan yeniden deneyin.", en="Nobody can sign in just now; try again shortly."
    ),
}
SAID[Why.MISSING] = SAID[Why.WRONG]


def sign_in_pages(doors: Doors, desk: Desk, sessions: Sessions, clock: Clock, providers: Providers) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("sign_in", __name__, url_prefix="/gecit")

    def form(next_page: str, why: Why | None = None, name: str = "") -> Response:
        page = render_template(
            "sign_in.html", next=next_page, name=name, fault=SAID.get(why) if why else None, providers=providers.shown()
        )
        return make_response(page, STATUS.get(why, 401) if why else 200)

    @pages.get("/sign-in")
    @open_to_all
    def show() -> Response:
        return form(safe_next(request.args.get("next", "")))

    @pages.post("/sign-in")
    @open_to_all
    def sign_in() -> Response:
        name, next_page = request.form.get("name", ""), safe_next(request.form.get("next", ""))
        found = doors.sign_in(name, request.form.get("password", ""), address())
        account = desk.accounts.account(found.who) if found.granted else None
        if account is None:
            return form(next_page, found.why or Why.WRONG, name)
        response = make_response(redirect(landing(account.roles, next_page), 303))
        return sessions.begin(response, account, clock.now())

    @pages.post("/sign-out")
    @needs(Action.OWN_ACCOUNT)
    def sign_out() -> Response:
        if admission().session:
            desk.sign_out(person(), admission().session, address())
            doors.forget(request.headers.get("Cookie", ""))
        return sessions.end(make_response(redirect("/gecit/sign-in", 303)))

    return pages
