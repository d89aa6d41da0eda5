"""Subscribers of verdicts on a page: seen, added, tried, paused, ended, given a new secret; their last deliveries."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from msgspec.structs import replace
from werkzeug.wrappers import Response as Redirect

from gecit.core.access import Action, reach
from gecit.core.values import Text
from gecit.core.verdict import Outcome
from gecit.core.webhooks import SECRET_BYTES, Subscription, new_secret
from gecit.edges.store import SqlLedger, webhook_desk
from gecit.ports import Clock, Institution
from gecit.steps.announce import plan_trial

from ..access import may_touch, needs, person
from ..api.queries import Faulty
from ..api.webhooks import Destinations, NewWebhook, add_subscription, subscription
from ..audit import about, tell_first
from ..masking import mask
from ..words import OUTCOMES

LAST = 10  # deliveries of a subscription
LARGEST = 2**63 - 1


class WebhookDesk:
    """What the page is made of."""

    def __init__(self, ledger: SqlLedger, clock: Clock, destinations: Destinations) -> None:
        self.ledger, self.clock, self.destinations = ledger, clock, destinations

    def mine(self) -> list[Subscription]:
        """Return the subscriptions that the person manages, oldest first."""
        found = self.ledger.read(lambda tx: tx.webhooks())
        return [one for one in found if may_touch(Action.MANAGE_WEBHOOKS, one.institution)]

    def find(self, number: str) -> Subscription:
        """Return one that the person manages, or answer 404: that there is one is no news for others."""
        found = next((one for one in self.ledger.read(lambda tx: tx.webhooks()) if one.id == number), None)
        own = found is not None and may_touch(Action.MANAGE_WEBHOOKS, found.institution)
        about(found.institution if found else "", refused=found is not None and not own)
        return found if found is not None and own else abort(404)

    def institutions(self) -> list[Institution]:
        """Return the institutions that the person may subscribe for."""
        known = self.ledger.read(lambda tx: tx.institutions())
        return [one for one in known if may_touch(Action.MANAGE_WEBHOOKS, one.skrs)]


def webhook_pages(desk: WebhookDesk) -> Blueprint:
    """Build the page and what its buttons do."""
    pages = Blueprint("webhooks", __name__, url_prefix="/gecit/webhooks")

    @pages.get("")
    @needs(Action.MANAGE_WEBHOOKS)
    def show() -> Response:
        return _page(desk)

    @pages.post("")
    @needs(Action.MANAGE_WEBHOOKS)
    def add() -> Response:
        return _add(desk)

    @pages.post("/<number>/try")
    @needs(Action.MANAGE_WEBHOOKS)
    def try_it(number: str) -> Redirect:
        told = desk.find(number)
        if told.paused_at is not None:
            return _back("webhook-is-paused")
        tell_first()
        desk.ledger.write(lambda tx: plan_trial(tx, told, secrets.token_hex(8), desk.clock.now()))
        return _back("webhook-tried")

    @pages.post("/<number>/state")
    @needs(Action.MANAGE_WEBHOOKS)
    def pause(number: str) -> Redirect:
        told, now = desk.find(number), desk.clock.now()
        wanted = request.form.get("paused") == "yes"
        tell_first()
        changed = webhook_desk.paused(told, now if wanted else None)
        webhook_desk.change(desk.ledger, changed, "paused" if wanted else "resumed", now, person().name)
        return _back("webhook-paused" if wanted else "webhook-resumed")

    @pages.post("/<number>/secret")
    @needs(Action.MANAGE_WEBHOOKS)
    def rotate(number: str) -> Response:
        told, now = desk.find(number), desk.clock.now()
        tell_first()
        fresh = replace(told, secret=new_secret(secrets.token_bytes(SECRET_BYTES)), rotated_at=now)
        if not webhook_desk.change(desk.ledger, fresh, "secret rotated", now, person().name):
            abort(404)
        return _page(desk, secret=fresh)

    @pages.post("/<number>/end")
    @needs(Action.MANAGE_WEBHOOKS)
    def end(number: str) -> Redirect:
        told, now, by = desk.find(number), desk.clock.now(), person().name
        tell_first()
        desk.ledger.write(lambda tx: tx.remove_webhook(told.id, now, by))
        return _back("webhook-ended")

    @pages.post("/<number>/retry/<int:delivery>")
    @needs(Action.MANAGE_WEBHOOKS)
    def retry(number: str, delivery: int) -> Redirect:
        told = desk.find(number)
        tell_first()
        done = delivery <= LARGEST and webhook_desk.retry(desk.ledger, told.id, delivery, desk.clock.now())
        return _back("webhook-retried" if done else "nothing-retried")

    return pages


def _back(said: str) -> Redirect:
    return redirect(f"{url_for('webhooks.show')}?said={said}", 303)


def _add(desk: WebhookDesk) -> Response:
    form = request.form
    wanted = tuple(one for one in Outcome if one.value in form.getlist("outcomes"))
    institution = form.get("institution", person().institution)  # empty where it is chosen: every institution
    new = NewWebhook(url=form.get("url", "").strip(), outcomes=wanted, institution=institution)
    about(institution)
    if not may_touch(Action.MANAGE_WEBHOOKS, institution):
        abort(403)
    fault = desk.destinations.fault(new.url)
    if fault is not None:
        return _page(desk, faults=(fault,))
    made = subscription(new, institution, desk.clock, person().name)
    tell_first()
    try:
        desk.ledger.write(lambda tx: add_subscription(tx, made))
    except Faulty as refused:
        return _page(desk, faults=(refused.problem.detail,))
    return _page(desk, secret=made)


def _page(desk: WebhookDesk, secret: Subscription | None = None, faults: tuple[Text, ...] = ()) -> Response:
    mine = desk.mine()
    shown = render_template(
        "webhooks.html",
        subscriptions=mine,
        deliveries={one.id: webhook_desk.deliveries(desk.ledger, one.id, LAST) for one in mine},
        institutions=desk.institutions(),
        everywhere=reach(person(), Action.MANAGE_WEBHOOKS).everything,
        names={one.skrs: one.name for one in desk.ledger.read(lambda tx: tx.institutions())},
        outcomes=[(one, text) for one, text in OUTCOMES.items() if one],
        secret=secret,
        faults=faults,
        masked=mask,
        given=request.form,
    )
    return make_response(shown, 422 if faults else 200)
