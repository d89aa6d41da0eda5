"""Users: who is known, what each may do, a new password, shutting one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from msgspec.structs import replace

from gecit.core.access import GIVEN, Action
from gecit.core.accounts import Account
from gecit.core.values import Text
from gecit.steps.accounts import AccountFault, Desk

from ..access import needs, person
from ..sender import address

if TYPE_CHECKING:
    from . import Institutions

EMPTY = Account(name="")


def user_pages(desk: Desk, institutions: Institutions) -> Blueprint:
    """Build the pages."""
    pages = Blueprint("users", __name__, url_prefix="/gecit/users")

    def form(account: Account, *, new: bool, faults: tuple[Text, ...] = (), sessions: int = 0) -> Response:
        page = render_template(
            "user.html",
            account=account,
            new=new,
            faults=faults,
            roles=list(GIVEN),
            institutions=institutions.all(),
            sessions=sessions,
        )
        return make_response(page, 422 if faults else 200)

    def known(name: str) -> Account:
        return desk.accounts.account(name) or abort(404)

    def given(name: str) -> Account:
        wanted = request.form
        return Account(
            name=name,
            full_name=wanted.get("full_name", "").strip(),
            email=wanted.get("email", "").strip(),
            roles=tuple(role for role in GIVEN if role.value in wanted.getlist("roles")),
            institution=wanted.get("institution", ""),
            tckn=wanted.get("tckn", "").strip(),
        )

    @pages.get("")
    @needs(Action.MANAGE_USERS)
    def show() -> str:
        return render_template("users.html", accounts=desk.accounts.accounts())

    @pages.get("/new")
    @needs(Action.MANAGE_USERS)
    def new() -> Response:
        return form(EMPTY, new=True)

    @pages.post("/new")
    @needs(Action.MANAGE_USERS)
    def add() -> Response:
        wanted = given(request.form.get("name", ""))
        secret = request.form.get("password", "")
        faults = desk.password_faults(secret, wanted.name, wanted.full_name) if secret else []
        if faults:
            return form(wanted, new=True, faults=tuple(faults))
        try:
            made = desk.save(person(), wanted, address(), new=True)
            if secret:
                desk.set_password(person(), made, secret, address())
        except AccountFault as fault:
            return form(wanted, new=True, faults=fault.faults)
        return make_response(redirect(url_for("users.show"), 303))

    @pages.get("/<name>")
    @needs(Action.MANAGE_USERS)
    def one(name: str) -> Response:
        return form(known(name), new=False, sessions=sum(not one.is_ticket for one in desk.accounts.sessions(name)))

    @pages.post("/<name>")
    @needs(Action.MANAGE_USERS)
    def change(name: str) -> Response:
        wanted = replace(given(known(name).name), disabled=known(name).disabled)
        try:
            desk.save(person(), wanted, address())
        except AccountFault as fault:
            return form(wanted, new=False, faults=fault.faults)
        return make_response(redirect(url_for("users.show"), 303))

    @pages.post("/<name>/state")
    @needs(Action.MANAGE_USERS)
    def disable(name: str) -> Response:
        account = known(name)
        try:
            desk.save(person(), replace(account, disabled=request.form.get("disabled") == "yes"), address())
        except AccountFault as fault:
            return form(account, new=False, faults=fault.faults)
        return make_response(redirect(url_for("users.one", name=name), 303))

    @pages.post("/<name>/password")
    @needs(Action.MANAGE_USERS)
    def password(name: str) -> Response:
        account = known(name)
        try:
            desk.set_password(person(), account, request.form.get("password", ""), address())
        except AccountFault as fault:
            return form(account, new=False, faults=fault.faults)
        return make_response(redirect(url_for("users.show"), 303))

    @pages.post("/<name>/sign-out")
    @needs(Action.MANAGE_USERS)
    def sign_out(name: str) -> Response:
        desk.end_sessions(person(), known(name), address())
        return make_response(redirect(url_for("users.one", name=name), 303))

    return pages
