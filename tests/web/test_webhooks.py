"""The page of webhooks on both engines: whose it is, a secret shown once, a trial to a real receiver, pause, retry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gecit.core.webhooks import Subscription
from gecit.edges.store import SqlLedger, schema
from gecit.edges.webhook_http import WebhookHttp
from gecit.sandbox.server import running
from gecit.steps.announce import DESTINATION, Announcer
from gecit.steps.deliver import Courier, Policy
from tests.fakes import StillClock
from tests.support.flow import START
from tests.support.integrators import OTHER, again, application, bearer, fill
from tests.support.receiver import Receiver

OWN = "910001"
LOOPBACK = ("127.0.0.0/8",)
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
Ask = Callable[..., TestResponse]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START + timedelta(hours=1))


@pytest.fixture
def ask(ledger: SqlLedger, clock: StillClock) -> Ask:
    fill(ledger)
    client: FlaskClient = application(ledger, clock, LOOPBACK, pages=True).test_client()

    def asked(path: str = "", who: str = "integrator", **form: Any) -> TestResponse:
        address = f"/gecit/webhooks{path}"
        if "said" in form or path or form:
            return client.post(address, headers=bearer(who), data={k: v for k, v in form.items() if k != "said"})
        return client.get(address, headers=bearer(who))

    return asked


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    made = Receiver()
    with running({"/hook": made.faults}) as url:
        yield made, f"{url}/hook"
        made.faults.stop()


def standing(ledger: SqlLedger) -> list[Subscription]:
    return ledger.read(lambda tx: tx.webhooks())


def subscribe(ask: Ask, ledger: SqlLedger, url: str, **form: Any) -> Subscription:
    before = standing(ledger)
    page = ask(url=url, **{"institution": OWN, **form})
    assert page.status_code == 200, page.text
    [one] = [one for one in standing(ledger) if one not in before]
    assert SECRET.findall(page.text) == [one.secret]
    return one


def deliver(ledger: SqlLedger, clock: StillClock) -> None:
    announcer = Announcer(ledger, WebhookHttp(LOOPBACK, timeout=2), clock)
    courier = Courier(ledger, DESTINATION, announcer.handlers(), clock, "one", Policy(lease=timedelta(minutes=2)))
    while courier.step():
        pass
    courier.close()


def states(ledger: SqlLedger) -> list[tuple[str, str]]:
    return [(one.kind, one.state) for one in ledger.deliveries() if one.destination == DESTINATION]


def test_a_secret_is_shown_once_when_it_is_made_and_when_it_is_another(ask: Ask, ledger: SqlLedger) -> None:
    one = subscribe(ask, ledger, "https://127.0.0.1/hook")
    assert not SECRET.search(ask().text)
    assert one.url in ask().text
    page = ask(f"/{one.id}/secret", said=1).text
    [fresh] = standing(ledger)
    assert SECRET.findall(page) == [fresh.secret] != [one.secret]
    assert not SECRET.search(ask().text)


def test_subscriptions_are_of_who_manages_the_institution(ask: Ask, ledger: SqlLedger) -> None:
    one = subscribe(ask, ledger, "https://127.0.0.1/hook")
    every = subscribe(
        lambda path="", **form: ask(path, "administrator", **form), ledger, "https://127.0.0.1/all", institution=""
    )
    assert one.url in ask(who="administrator").text and one.url not in ask(who="other").text
    assert every.url not in ask().text
    assert ask(who="clinician").status_code == 403
    for what in ("try", "state", "secret", "end", "retry/1"):
        assert ask(f"/{one.id}/{what}", "other", said=1, paused="yes").status_code == 404
        assert ask(f"/{every.id}/{what}", said=1, paused="yes").status_code == 404
    assert ask(url="https://127.0.0.1/x", institution=OTHER.skrs).status_code == 403
    assert ask(url="https://127.0.0.1/x", institution="").status_code == 403
    assert {one.id for one in standing(ledger)} == {one.id, every.id}


def test_what_cannot_be_subscribed_is_said_and_what_was_written_stands_there(ask: Ask, ledger: SqlLedger) -> None:
    page = ask(url="http://example.invalid/<b>", institution=OWN)
    assert page.status_code == 422
    assert "&lt;b&gt;" in page.text and "<b>" not in page.text
    assert standing(ledger) == []


def test_a_trial_goes_the_way_of_every_message_and_its_answer_stands_on_the_page(
    ask: Ask, ledger: SqlLedger, clock: StillClock, receiver: tuple[Receiver, str]
) -> None:
    made, url = receiver
    one = subscribe(ask, ledger, url)
    assert ask(f"/{one.id}/try", said=1).status_code == 303
    deliver(ledger, clock)
    assert made.refused == 1, "the receiver does not know the secret yet"
    assert "400" in ask().text
    made.secrets.append(one.secret)
    [(number, parked)] = [(row.id, row.state) for row in ledger.deliveries() if row.destination == DESTINATION]
    assert parked == "parked"
    assert "said=webhook-retried" in ask(f"/{one.id}/retry/{number}", said=1).location
    deliver(ledger, clock)
    [body] = made.got.values()
    assert (body["type"], body["institution"]) == ("webhook.trial", OWN)
    assert "alındı" in ask().text
    assert "said=nothing-retried" in ask(f"/{one.id}/retry/{number}", said=1).location


def test_what_is_paused_is_not_told_and_goes_on_when_it_is_resumed(
    ask: Ask, ledger: SqlLedger, clock: StillClock, receiver: tuple[Receiver, str]
) -> None:
    made, url = receiver
    one = subscribe(ask, ledger, url)
    made.secrets.append(one.secret)
    ask(f"/{one.id}/try", said=1)
    ask(f"/{one.id}/state", paused="yes")
    deliver(ledger, clock)
    assert states(ledger) == [("trial", "parked")] and made.got == {}
    assert "said=webhook-is-paused" in ask(f"/{one.id}/try", said=1).location
    again(ledger)
    assert states(ledger) == [("trial", "parked")], "nothing is queued meanwhile"
    ask(f"/{one.id}/state", paused="no")
    deliver(ledger, clock)
    assert states(ledger) == [("trial", "done")] and len(made.got) == 1
    assert standing(ledger)[0].paused_at is None


def test_an_ended_subscription_is_gone_with_its_secret(ask: Ask, ledger: SqlLedger) -> None:
    one = subscribe(ask, ledger, "https://127.0.0.1/hook")
    assert ask(f"/{one.id}/end", said=1).status_code == 303
    assert one.url not in ask().text
    assert ask(f"/{one.id}/secret", said=1).status_code == 404
    with ledger.engine.connect() as connection:
        assert one.secret not in str(connection.execute(sa.select(schema.webhook.c.data)).all())
        kinds = connection.scalars(sa.select(schema.event.c.data).where(schema.event.c.kind == "WebhookChanged")).all()
    assert len(kinds) == 2 and all(one.secret not in data for data in kinds)
