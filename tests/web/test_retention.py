"""The pages of retention: what stands on them is text, whoever wrote it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.retention import Terms
from gecit.edges.doors import Doors
from gecit.edges.store import SqlLedger, open_ledger
from gecit.web.app import create_app
from gecit.web.retention import RetentionDesk
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import HOSPITAL
from tests.support.markup import POISON, shown_as_text
from tests.support.reading import wait_for_reader

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "uzun bir parola 7"
UNIT = Account(name="yonetici", roles=(Role.ADMINISTRATOR,))


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    opened.save_account(UNIT, NOW)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    opened.set_password(UNIT.name, cheap.hash(PASSWORD), NOW)
    yield opened
    opened.close()


@pytest.fixture
def client(ledger: SqlLedger) -> FlaskClient:
    clock = StillClock(NOW + timedelta(days=40 * 365))
    doors = Doors(ledger, "inside", clock)
    desk = RetentionDesk(ledger, clock, "N", Terms(years=20))
    app = create_app(
        doors=doors, views=ledger, vitals=FakeVitals(), clock=clock, node="N", ledger=ledger, retention=desk
    )
    return app.test_client()


def ask(client: FlaskClient, path: str, form: dict[str, str] | None = None) -> TestResponse:
    secret = base64.b64encode(f"{UNIT.name}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    return client.post(path, data=form, headers=headers) if form is not None else client.get(path, headers=headers)


def test_a_holds_reasons_are_text_while_it_stands_and_once_it_is_released(
    client: FlaskClient, ledger: SqlLedger
) -> None:
    key = wait_for_reader(ledger)
    form = {"institution": HOSPITAL.skrs, "accession": key.accession, "reason": POISON}
    assert ask(client, "/gecit/retention/holds", form).status_code == 303
    assert shown_as_text(ask(client, "/gecit/retention").text)
    [hold] = ledger.read(lambda tx: tx.legal_holds())
    released = f"/gecit/retention/holds/{hold.id}/release"
    assert ask(client, released, {"reason": f"released {POISON}"}).status_code == 303
    assert shown_as_text(ask(client, "/gecit/retention").text, f"released {POISON}")


def test_what_was_typed_and_refused_stands_as_text_in_its_field(client: FlaskClient) -> None:
    refused = ask(client, "/gecit/retention/holds", {"institution": "999", "accession": POISON, "reason": ""})
    assert refused.status_code == 422 and shown_as_text(refused.text, POISON[:64])
    assert ask(client, f"/gecit/retention/{POISON}").status_code == 404
