"""Whatever stands in an address or a form, each route of the pages answers, on both engines."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.edges.audit_book import AuditBook
from gecit.edges.credentials import csrf_of
from gecit.edges.doors import Doors, token_digest
from gecit.edges.store import SqlLedger
from gecit.ports import AuditSearch
from gecit.web.api.integration import Integrating
from gecit.web.api.webhooks import Destinations
from gecit.web.app import create_app
from gecit.web.tracking.exports import Exports
from tests.fakes import NOON, StillClock
from tests.support.exams import record

FIELDS = (  # noqa: SIM905 -- one line to read
    "outcome billing rule modality device institution from to accession study after before seen day who what page "
    "since until name tckn exam all kind said count digest"
).split()
SERVICE_DOWN = 503  # rules and processes, of which this ledger has none


@pytest.fixture
def book(ledger: SqlLedger) -> AuditBook:
    return AuditBook(ledger, b"k" * 32, "N1/web", StillClock())


@pytest.fixture
def app(ledger: SqlLedger, book: AuditBook, tmp_path: Path) -> Flask:
    clock = StillClock()
    record(ledger)
    ledger.save_account(Account(name="root", roles=tuple(Role)), NOON)
    ledger.add_token(token_digest("t"), "root", NOON, None)
    return create_app(
        doors=Doors(ledger, "inside", clock, audit=book), views=ledger, vitals=ledger, clock=clock, node="N1",
        evidence=ledger, ledger=ledger, audit=book, exports=Exports(folder=tmp_path, start=lambda _: None),
        integrating=Integrating(ledger, ledger, Destinations()),
    )  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    ["a%00b", "%ff", "0001-01-01", "9999-12-31", "9" * 40, "00001" + "9" * 30, "0001-01-01T00:00:00%2B14:00~x~y"],
)
def test_no_route_breaks(app: Flask, odd: str) -> None:
    client, broken = app.test_client(), []
    query = "&".join(f"{name}={odd}" for name in FIELDS)
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", odd, re.sub(r"<int:\w+>", "7", rule.rule))
        for method in sorted({"GET", "POST", "DELETE"} & (rule.methods or set())):
            headers = {"Authorization": "Bearer t", "Content-Type": "application/x-www-form-urlencoded"}
            asked = f"{path}?{query}" if method == "GET" else path
            answer = client.open(asked, method=method, headers=headers, data=None if method == "GET" else query)
            if answer.status_code >= 500 and answer.status_code != SERVICE_DOWN:
                broken.append((method, rule.rule, answer.status_code))
    for name in FIELDS:
        for path in ("/gecit", "/gecit/changes", "/gecit/audit", "/gecit/day", "/gecit/api/exams", "/gecit/api/outbox"):
            answer = client.get(f"{path}?{name}={odd}", headers={"Authorization": "Bearer t"})
            if answer.status_code >= 500:
                broken.append((path, name, answer.status_code))
    assert broken == []


def test_what_a_session_posts_is_audited_by_its_digest(app: Flask, ledger: SqlLedger, book: AuditBook) -> None:
    """The guard reads the form for the session's token: had the body not been kept before, all digests were one."""
    begun = Session(
        digest=token_digest("v"), account="root", created_at=NOON, seen_at=NOON, expires_at=NOON + timedelta(hours=1)
    )
    ledger.add_session(begun)
    client = app.test_client()
    client.set_cookie("gecit", "v")
    for name in ("one", "two"):
        answer = client.post("/gecit/views", data={"csrf": csrf_of("v"), "name": name, "outcome": "hold"})
        assert answer.status_code == 303
    rows = [one for one in book.rows(AuditSearch()) if one.detail.get("route") == "tracking.save_view"]
    assert len({one.detail["payload"] for one in rows}) == 2
