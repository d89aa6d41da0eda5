"""Subscriptions to verdicts: seen, made and ended by who manages them for an institution."""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from flask import Blueprint, Response, abort, make_response

from gecit.core.access import Action, reach
from gecit.core.values import Text, Value
from gecit.core.verdict import Outcome
from gecit.core.webhook_urls import LONGEST, url_fault
from gecit.core.webhooks import SECRET_BYTES, Subscription, new_secret
from gecit.ports import Clock, Integration, Transaction

from ..access import may_touch, needs, person
from ..audit import about, tell_first
from .answers import answer
from .queries import Word, faulty, read_body
from .shown import MadeWebhook, Webhooks, show_webhook

MOST = 20
"""Subscriptions of one institution: each verdict is a delivery to every one of them."""


class Destinations:
    """Where webhooks may go: the settings `Gecit.Webhooks.Allow` and `PlainHttp`."""

    def __init__(self, allow: tuple[str, ...] = (), *, plain_http: bool = False) -> None:
        self._allow, self._plain_http = allow, plain_http

    def fault(self, url: str) -> Text | None:
        """Say why nothing may be sent to an address; None = nothing that can be seen without asking DNS."""
        return url_fault(url, self._allow, plain_http=self._plain_http)


class NewWebhook(Value):
    """A subscription that is asked for."""

    url: Annotated[
        str, msgspec.Meta(pattern="^https?://[^ ]+$", max_length=LONGEST, description="Where to post to, https.")
    ]
    outcomes: Annotated[
        tuple[Outcome, ...], msgspec.Meta(max_length=3, description="Outcomes of new verdicts; none = any.")
    ] = ()
    institution: Annotated[
        Word | None,
        msgspec.Meta(description="SKRS code; by default one's own. Empty: every one (administrators)."),
    ] = None


def subscription(new: NewWebhook, institution: str, clock: Clock, by: str) -> Subscription:
    """Return a subscription with a fresh id and secret."""
    return Subscription(
        id=f"wh-{secrets.token_hex(8)}",
        institution=institution,
        url=new.url,
        secret=new_secret(secrets.token_bytes(SECRET_BYTES)),
        created_at=clock.now(),
        by=by,
        outcomes=tuple(sorted(set(new.outcomes))),
    )


def webhook_routes(routes: Blueprint, ledger: Integration, clock: Clock, destinations: Destinations) -> None:
    """Add the routes."""

    @routes.get("/webhooks")
    @needs(Action.MANAGE_WEBHOOKS)
    def webhooks() -> Response:
        found = ledger.read(lambda tx: tx.webhooks())
        mine = reach(person(), Action.MANAGE_WEBHOOKS)
        shown = [show_webhook(one) for one in found if mine.everything or one.institution == mine.institution]
        return answer(Webhooks(webhooks=tuple(shown)))

    @routes.post("/webhooks")
    @needs(Action.MANAGE_WEBHOOKS)
    def add_webhook() -> Response:
        new = read_body(NewWebhook)
        fault = destinations.fault(new.url)
        if fault is not None:
            raise faulty("unprocessable", f"url: {fault.tr}", f"url: {fault.en}")
        institution = person().institution if new.institution is None else new.institution
        about(institution)
        if not may_touch(Action.MANAGE_WEBHOOKS, institution):
            abort(403)
        made = subscription(new, institution, clock, person().name)
        tell_first()
        ledger.write(lambda tx: add_subscription(tx, made))
        return answer(MadeWebhook(webhook=show_webhook(made), secret=made.secret), 201)

    @routes.delete("/webhooks/<id>")
    @needs(Action.MANAGE_WEBHOOKS)
    def remove_webhook(id: str) -> Response:  # noqa: A002 -- what the document calls it
        found = [one for one in ledger.read(lambda tx: tx.webhooks()) if one.id == id]
        mine = bool(found) and may_touch(Action.MANAGE_WEBHOOKS, found[0].institution)
        if found:
            about(found[0].institution, refused=not mine)
        if not mine:
            abort(404)
        at, by = clock.now(), person().name
        tell_first()
        if not ledger.write(lambda tx: tx.remove_webhook(id, at, by)):
            abort(404)
        return make_response("", 204)


def add_subscription(tx: Transaction, made: Subscription) -> None:
    """Add a subscription; raises a problem where the institution is unknown or has too many."""
    known = tx.institutions()
    if made.institution and made.institution not in {one.skrs for one in known}:
        raise faulty("unprocessable", "institution: böyle bir kurum yok.", "institution: there is no such one.")
    if sum(one.institution == made.institution for one in tx.webhooks()) >= MOST:
        raise faulty("conflict", f"Bir kurumun en çok {MOST} aboneliği olur.", f"{MOST} are the most of one.")
    tx.add_webhook(made)
