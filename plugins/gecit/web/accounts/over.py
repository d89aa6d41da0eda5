"""A sign-in is carried over from the node that vouches for it to another one of the ledger, under another host name.

A cookie goes to one host name alone. So a browser that is sent on to a node which does not know it comes back here,
gets a ticket in a form that its page sends there at once, and is signed in there. The ticket stands in no address; the
ledger keeps its digest as a session that no cookie opens, for a minute, for that node and once.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Literal

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from msgspec.structs import replace

from gecit.core.access import Action
from gecit.core.accounts import TICKET, Account, Session
from gecit.core.audit import AuditEntry
from gecit.edges.credentials import new_token, token_digest
from gecit.edges.doors import REFUSED_SECONDS, Remembered
from gecit.edges.passwords import network_of
from gecit.ports import Accounts, Audit, Clock
from gecit.ports.nodes import Node, Nodes

from ..access import needs, open_to_all
from ..elsewhere import OVER, origin_of, other, sender_of
from ..guard import HEADERS
from ..problem import refuse
from ..sender import address, admission, safe_next
from .cookies import Sessions

LASTS = timedelta(seconds=60)


class Carrying:
    """Gives tickets and takes them; `node`: this one."""

    def __init__(self, accounts: Accounts, audit: Audit, clock: Clock, nodes: Nodes, node: str) -> None:
        self._accounts, self._audit, self._clock = accounts, audit, clock
        self.nodes, self.node = nodes, node
        self._refused: Remembered[bool] = Remembered()

    def ticket(self, digest: str, there: str) -> str:
        """Return a ticket of a session for a node; empty where the session has ended."""
        session, now = self._accounts.session(digest), self._clock.now()
        if session is None:
            return ""
        made = new_token()
        kept = Session(
            digest=_digest(made, there), account=session.account, created_at=session.created_at, seen_at=now,
            expires_at=now + LASTS, how=TICKET + session.how, address=address(),
        )  # fmt: skip
        self._accounts.add_session(kept)
        return made

    def taken(self, ticket: str, sender: str) -> tuple[Account, Session] | None:
        """Return whose sign-in a ticket of a node carries, once; None where it is none for this one, or too old."""
        now, digest = self._clock.now(), _digest(ticket, self.node)
        session = self._accounts.session(digest)
        if session is None or not self._accounts.end_session(session.account, digest) or session.expires_at <= now:
            self._no_ticket(sender)
            return None
        account = self._accounts.account(session.account)
        if account is None or account.disabled:
            self._told(sender, session.account, "refused", "disabled")
            return None
        ends = self._ends(session)
        if ends is None:
            self._told(sender, account.name, "refused", "signed out meanwhile", account.institution)
            return None
        self._told(sender, account.name, "done", "", account.institution)
        return account, replace(session, expires_at=ends, how=session.how.removeprefix(TICKET))

    def _ends(self, ticket: Session) -> datetime | None:
        """Return when the sign-in of a ticket ends; None where it was ended. Its sessions have its beginning alike."""
        mine = self._accounts.sessions(ticket.account)
        same = (one for one in mine if one.created_at == ticket.created_at and not one.is_ticket)
        return max((one.expires_at for one in same), default=None)

    def _no_ticket(self, sender: str) -> None:
        """Tell once a minute of what any program can repeat as fast as it likes, or it would fill the audit."""
        key, now = network_of(address()).encode(), time.monotonic()
        if not self._refused.get(key, now):
            self._told(sender, "", "refused", "no ticket")
            self._refused.put(key, True, now + REFUSED_SECONDS)

    def _told(
        self, sender: str, who: str, outcome: Literal["done", "refused"], why: str, institution: str = ""
    ) -> None:
        entry = AuditEntry(
            at=self._clock.now(), who=who, what="sign in", address=address(), outcome=outcome, why=why,
            institution=institution, detail={"by": "another node", "node": sender},
        )  # fmt: skip
        self._audit.record(entry)


def over_pages(carrying: Carrying, sessions: Sessions) -> Blueprint:
    """Build the page that gives a ticket, and the address that takes it."""
    pages = Blueprint("over", __name__, url_prefix="/gecit")

    @pages.get("/over")
    @needs(Action.OWN_ACCOUNT)
    def give() -> Response:
        if request.method == "HEAD":
            return make_response("")  # it is to change nothing
        there = other(request.args.get("node", ""), carrying.node, carrying.nodes)
        ticket = carrying.ticket(admission().session, there.name) if there and admission().session else ""
        if there is None or not ticket:
            return refuse("not-found")
        page = render_template(
            "over.html", there=there, door=OVER, ticket=ticket, next=safe_next(request.args.get("next", ""))
        )
        return towards(there, make_response(page))

    @pages.post("/over")
    @open_to_all
    def take() -> Response:
        """What another origin sends: the guard lets it through, so that this asks which one it is.

        Whom nobody vouches for signs in here: his node may have fallen silent since it gave the ticket.
        """
        next_page = safe_next(request.form.get("next", ""))
        sender = sender_of(request.headers.get("Origin", ""), carrying.node, carrying.nodes)
        found = carrying.taken(request.form.get("ticket", ""), sender) if sender else None
        if found is None:
            return make_response(redirect(url_for("sign_in.show", next=next_page), 303))
        account, session = found
        return sessions.carry_on(make_response(redirect(next_page, 303)), account, session)

    return pages


def towards(there: Node, page: Response) -> Response:
    """Let the page's form go there, and say from where it comes."""
    policy = HEADERS["Content-Security-Policy"].replace("form-action 'self'", f"form-action {origin_of(there)}")
    page.headers["Content-Security-Policy"] = policy
    page.headers["Referrer-Policy"] = "strict-origin"
    return page


def _digest(ticket: str, node: str) -> str:
    """Return what is kept of a ticket: no cookie has it, and no other node's ticket."""
    return token_digest(f"over\0{node}\0{ticket}")
