"""Whatever changes something is audited before it: with the audit away the answer is 503, and nothing has changed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from gecit.core.access import Action, Person, Role
from gecit.core.order import ExamKey
from gecit.core.webhooks import Subscription, new_secret
from gecit.edges.audit_book import AuditBook
from gecit.edges.doors import Admission, Doors
from gecit.edges.rule_drafts import Draft
from gecit.edges.store import SqlLedger, schema
from gecit.edges.store.tracking_desk import SavedView
from gecit.settings import load
from gecit.web.access import NEEDS
from gecit.web.api.integration import Integrating
from gecit.web.api.webhooks import Destinations
from gecit.web.app import create_app
from gecit.web.audit import BY_THEMSELVES
from gecit.web.tracking.exports import Exports
from tests.fakes import FakeAccounts, FakeVitals
from tests.support import flow
from tests.support.rule_desk import SERVICE, Office

PERSON = Person(name="birim", roles=(Role.ADMINISTRATOR,))
EXAM = {"institution": flow.HOSPITAL.skrs, "accession": "OUT"}
AUDIT = {"audit", "audit_chain"}
DRAFT = "/gecit/rules/drafts/exemptions/march"
OUTAGE = {"service": SERVICE, "since": "2026-03-02T09:00", "until": "2026-03-02T12:00", "adds_to": "duplicate-query"}
ASKS_ONLY = {
    "tracking.patient",
    "trail.of_patient",
    "api.search_exams",
}
"""Posted so that no patient's number stands in an address; nothing is changed."""


class Place(NamedTuple):
    client: FlaskClient
    office: Office
    started: list[str]

    @property
    def ledger(self) -> SqlLedger:
        return self.office.ledger

    def state(self) -> object:
        """Everything that a change could have touched, but for the audit itself."""
        with self.ledger.engine.connect() as connection:
            tables = {
                one.name: sorted(map(repr, connection.execute(sa.select(one)).all()))
                for one in schema.metadata.sorted_tables
                if one.name not in AUDIT
            }
        assert self.office.settings.site_rules
        files = {str(one): one.read_bytes() for one in self.office.settings.site_rules.rglob("*") if one.is_file()}
        return tables, files, tuple(self.started)

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.client.get(DRAFT).text)
        assert found, name
        return found[1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        monkeypatch.delenv(name)
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("GECIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(tmp_path / "site"))
    office = Office(load())
    office.fill()
    prepare(office)
    started: list[str] = []
    monkeypatch.setattr(office.runs, "start", lambda *_: started.append("run") or "r1")
    monkeypatch.setattr(office.runs, "stop", lambda run: started.append(f"stop {run}"))
    monkeypatch.setattr(office.runs, "request", lambda run: run)
    monkeypatch.setattr(Doors, "admit", lambda *_: Admission(who=PERSON.name, person=PERSON))
    app = create_app(
        doors=Doors(FakeAccounts(), "inside", office.clock),
        views=office.ledger,
        vitals=FakeVitals(),
        clock=office.clock,
        node="N1",
        ledger=office.ledger,
        audit=AuditBook(office.ledger, b"k" * 32, "N1/web", office.clock),
        exports=Exports(folder=tmp_path, start=started.append),
        integrating=Integrating(office.ledger, office.ledger, Destinations(("127.0.0.0/8",))),
        rules=office.desk,
    )
    yield Place(app.test_client(), office, started)
    office.close()


def prepare(office: Office) -> None:
    """Something to retry, to forget, to end."""
    ledger, now = office.ledger, office.clock.now()
    key = ExamKey(**EXAM)
    ledger.save_view(PERSON.name, SavedView(name="eski", fields={}), now)
    for number in ("wh-1", "wh-2", "wh-3"):
        one = Subscription(
            id=number, institution=key.institution, url="https://127.0.0.1/", secret=new_secret(b"s" * 32),
            created_at=now, by="x",
        )  # fmt: skip
        ledger.write(lambda tx, one=one: tx.add_webhook(one))  # type: ignore[misc]
    for number in range(4):
        named = f"wh-1:{number}"
        ledger.write(lambda tx, named=named: tx.queue("webhook", "trial", named, key, b"{}", now))  # type: ignore[misc]
    park(ledger)


def park(ledger: SqlLedger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).values(state="parked", resume="queued"))


def first_of(ledger: SqlLedger) -> int:
    return min(one.id for one in ledger.deliveries() if one.destination == "webhook")


def draft(place: Place, name: str) -> Draft:
    found = place.office.drafts.read("exemptions", name)
    assert found
    return found


Case = Callable[[Place], tuple[str, str, dict[str, Any]]]
CASES: dict[str, Case] = {
    "tracking.save_view": lambda _: ("POST", "/gecit/views", {"data": {"name": "yeni"}}),
    "tracking.delete_view": lambda _: ("POST", "/gecit/views/delete", {"data": {"name": "eski"}}),
    "tracking.retry": lambda _: ("POST", "/gecit/retry", {"data": {"all": "1"}}),
    "tracking.retry_exam": lambda _: ("POST", "/gecit/exam/retry", {"data": EXAM}),
    "tracking.ask_export": lambda _: ("POST", "/gecit/exports", {"data": {"kind": "csv"}}),
    "tracking.decide": lambda _: (
        "POST", "/gecit/exam/decide", {"data": {**EXAM, "decision": "approve", "reason": "hasta başka"}}
    ),
    "api.retry": lambda p: ("POST", f"/gecit/api/outbox/{first_of(p.ledger)}/retry", {}),
    "api.add_webhook": lambda _: (
        "POST", "/gecit/api/webhooks", {"json": {"url": "https://127.0.0.1/a", "institution": EXAM["institution"]}}
    ),
    "api.remove_webhook": lambda _: ("DELETE", "/gecit/api/webhooks/wh-3", {}),
    "webhooks.add": lambda _: ("POST", "/gecit/webhooks", {"data": {"url": "https://127.0.0.1/b", "institution": ""}}),
    "webhooks.try_it": lambda _: ("POST", "/gecit/webhooks/wh-1/try", {}),
    "webhooks.rotate": lambda _: ("POST", "/gecit/webhooks/wh-1/secret", {}),
    "webhooks.retry": lambda p: ("POST", f"/gecit/webhooks/wh-1/retry/{first_of(p.ledger)}", {}),
    "webhooks.pause": lambda _: ("POST", "/gecit/webhooks/wh-1/state", {"data": {"paused": "yes"}}),
    "webhooks.end": lambda _: ("POST", "/gecit/webhooks/wh-2/end", {}),
    "rules.draft_outages": lambda _: (
        "POST", "/gecit/rules/outages/draft", {"data": {**OUTAGE, "name": "march", "title": "Muafiyet"}}
    ),
    "rules.new_draft": lambda _: (
        "POST", "/gecit/rules/drafts", {"data": {"start": "rows:duplicate-query", "name": "new"}}
    ),
    "rules.save_draft": lambda p: (
        "POST", DRAFT,
        {"data": {"version": p.hidden("version"), "text": draft(p, "march").text + "\n# x\n"}},
    ),
    "rules.try_draft": lambda _: ("POST", f"{DRAFT}/try", {}),
    "rules.try_date": lambda _: (
        "POST", "/gecit/rules/rule/loinc-code/try", {"data": {"edition": "1", "start": "2026-01-01T00:00"}}
    ),
    "rules.stop_run": lambda _: ("POST", "/gecit/rules/runs/r1/stop", {}),
    "rules.activate_draft": lambda p: (
        "POST", f"{DRAFT}/activate", {"data": {"revision": p.hidden("revision"), "note": "x", "unseen": "1"}}
    ),
    "rules.remove_draft": lambda p: (
        "POST", "/gecit/rules/drafts/exemptions/new/remove",
        {"data": {"version": draft(p, "new").version}},
    ),
}  # fmt: skip
"""In an order in which each finds what it changes; each finds its delivery parked."""

MAKE_NOTHING = {"tracking.decide"}  # nothing is told to MEDULA here that could be taken back


def test_nothing_is_changed_that_cannot_be_audited(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, case in CASES.items():
        park(place.ledger)
        verb, path, sent = case(place)
        before = place.state()
        with monkeypatch.context() as broken:
            broken.setattr(place.ledger, "add_audit", lambda *_: (_ for _ in ()).throw(OSError("full")))
            assert place.client.open(path, method=verb, **sent).status_code == 503, name
        assert place.state() == before, name
        answer = place.client.open(path, method=verb, **sent)
        assert answer.status_code < 400, (name, answer.text)
        assert name in MAKE_NOTHING or place.state() != before, f"{name}: the test would prove nothing"


def test_every_change_of_the_application_is_among_them(place: Place) -> None:
    app: Flask = place.client.application
    changing = {
        one.endpoint
        for one in app.url_map.iter_rules()
        if (one.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        and isinstance(action := getattr(app.view_functions[one.endpoint], NEEDS, None), Action)
        and action not in BY_THEMSELVES
    }
    assert changing - ASKS_ONLY == set(CASES)
    assert changing >= ASKS_ONLY


def test_a_change_is_one_row_and_one_that_failed_is_two(place: Place) -> None:
    place.client.post("/gecit/views", data={"name": "yeni"})
    assert said(place) == [("list exams", "done")]
    assert place.client.delete("/gecit/api/webhooks/wh-1").status_code == 204
    park(place.ledger)
    number = first_of(place.ledger)
    assert place.client.post(f"/gecit/api/outbox/{number}/retry").status_code == 202
    assert place.client.post(f"/gecit/api/outbox/{number}/retry").status_code == 409
    assert said(place)[2:] == [
        ("retry a delivery", "done"),
        ("retry a delivery", "done"),
        ("retry a delivery", "failed"),
    ]


def said(place: Place) -> list[tuple[str, str]]:
    with place.ledger.engine.connect() as connection:
        found = connection.execute(
            sa.select(schema.audit.c.what, schema.audit.c.outcome).order_by(schema.audit.c.number)
        )
        return [(one.what, one.outcome) for one in found if one.what != "anchor"]
