"""A sign-in goes over to another node of the ledger under another host name: once, within a minute, to that node."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from gecit.edges.credentials import COOKIE, token_digest
from gecit.edges.doors import Doors
from gecit.edges.passwords import password_faults
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.schema import node
from gecit.ports.nodes import NewNode
from gecit.steps.accounts import Desk
from gecit.web.accounts import AccountPages
from gecit.web.accounts.cookies import Sessions
from gecit.web.accounts.over import Carrying
from gecit.web.accounts.providers import Providers
from gecit.web.app import create_app
from tests.fake_accounts import FakeAudit
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals, StillClock
from tests.web.conftest import CHEAP, FakeInstitutions

HTML = {"Accept": "text/html"}
A, B = "http://a.example", "http://b.example"
PATH = "/gecit/exams/910001/CT-%C4%B0/7?x=1"


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://")
    for name, address in (("A", A), ("B", B), ("C", "http://c.example")):
        assert opened.claim_node(NewNode(name=name, mark=name, home=name, address=address)) is None
    yield opened
    opened.close()


@pytest.fixture
def at(
    ledger: SqlLedger, accounts: FakeAccounts, audit: FakeAudit, clock: StillClock, vitals: FakeVitals
) -> Callable[..., FlaskClient]:
    """Return a browser at a node: each has cookies of its own host."""

    def made(name: str, hours: float = 12) -> FlaskClient:
        doors, institutions = Doors(accounts, "inside", clock, audit=audit), FakeInstitutions()
        pages = AccountPages(
            doors=doors,
            desk=Desk(accounts, audit, clock, CHEAP.hash, password_faults, lambda: list(institutions.kept)),
            sessions=Sessions(accounts, timedelta(hours=hours)),
            clock=clock,
            institutions=institutions,
            providers=Providers([], accounts, audit),
            carrying=Carrying(accounts, audit, clock, ledger, name),
        )
        app = create_app(
            doors=doors, views=FakeViews(), vitals=vitals, clock=clock, node=name, ledger=ledger, accounts=pages
        )
        return app.test_client()

    return made


@pytest.fixture
def here(at: Callable[[str], FlaskClient]) -> FlaskClient:
    """A browser that is signed in at A."""
    client = at("A")
    form = {"name": "admin", "password": "gizli"}
    assert client.post("/gecit/sign-in", data=form, headers={"Origin": A}, base_url=A).status_code == 303
    return client


@pytest.fixture
def there(at: Callable[[str], FlaskClient]) -> FlaskClient:
    return at("B")


def page_of(here: FlaskClient, name: str = "B", path: str = PATH) -> TestResponse:
    return here.get("/gecit/over", query_string={"node": name, "next": path}, headers=HTML, base_url=A)


def ticket_of(page: TestResponse) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def take(client: FlaskClient, ticket: str, **headers: str) -> TestResponse:
    form = {"ticket": ticket, "next": PATH}
    return client.post("/gecit/over", data=form, headers={"Origin": A, **headers}, base_url=B)


def sign_out(client: FlaskClient) -> None:
    page = client.get("/gecit/account", headers=HTML, base_url=A).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    answer = client.post("/gecit/sign-out", data={"csrf": found[1]}, headers={"Origin": A}, base_url=A)
    assert answer.status_code == 303


def signed_in(client: FlaskClient) -> bool:
    return client.get("/gecit/account", headers=HTML, base_url=B).status_code == 200


def test_who_is_signed_in_at_one_node_is_at_the_other_without_a_password(here: FlaskClient, there: FlaskClient) -> None:
    sent = there.get(f"{PATH}&from=A", headers=HTML, base_url=B)
    assert (sent.status_code, sent.location.split("?")[0]) == (303, f"{A}/gecit/over")
    assert parse_qs(urlsplit(sent.location).query) == {"node": ["B"], "next": [PATH]}
    page = here.get(sent.location, headers=HTML)
    assert f'action="{B}/gecit/over"' in page.text
    assert f"form-action {B};" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "strict-origin"  # else browsers send the origin as null
    assert page.headers["Cache-Control"] == "no-store"
    ticket = ticket_of(page)
    assert ticket not in sent.location
    answer = take(there, ticket, **{"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.location) == (303, PATH)
    assert signed_in(there)


def test_the_session_ends_when_that_of_the_first_node_does(
    here: FlaskClient, there: FlaskClient, accounts: FakeAccounts, clock: StillClock
) -> None:
    clock.at = NOON + timedelta(minutes=30)
    take(there, ticket_of(page_of(here)))
    kept = there.get_cookie(COOKIE, domain="b.example")
    assert kept is not None
    session = accounts.session(token_digest(kept.value))
    assert session is not None
    assert (session.created_at, session.expires_at) == (NOON, NOON + timedelta(hours=12))


def test_the_session_outlasts_that_of_the_first_node_by_no_setting(
    here: FlaskClient, at: Callable[..., FlaskClient], accounts: FakeAccounts
) -> None:
    there = at("B", hours=24)
    take(there, ticket_of(page_of(here)))
    kept = there.get_cookie(COOKIE, domain="b.example")
    assert kept is not None
    session = accounts.session(token_digest(kept.value))
    assert session is not None and session.expires_at == NOON + timedelta(hours=12)


def test_who_signs_out_is_signed_out_at_the_other_node_too(here: FlaskClient, there: FlaskClient) -> None:
    """At a computer that many use B would take the next one for him: the next one signs in at A alone."""
    assert take(there, ticket_of(page_of(here))).location == PATH
    waiting = ticket_of(page_of(here))
    sign_out(here)
    assert not signed_in(there)
    assert take(there, waiting).location.startswith("/gecit/sign-in")
    assert not signed_in(there)


def test_who_signs_in_after_one_who_left_is_not_taken_for_him_at_the_other_node(
    here: FlaskClient, there: FlaskClient, clock: StillClock
) -> None:
    assert take(there, ticket_of(page_of(here))).location == PATH
    clock.at = NOON + timedelta(minutes=1)
    form = {"name": "admin", "password": "gizli"}
    assert here.post("/gecit/sign-in", data=form, headers={"Origin": A}, base_url=A).status_code == 303
    assert not signed_in(there)


def test_signing_out_leaves_another_computers_session(
    here: FlaskClient, at: Callable[..., FlaskClient], clock: StillClock
) -> None:
    clock.at = NOON + timedelta(seconds=1)
    elsewhere = at("B")
    form = {"name": "admin", "password": "gizli"}
    assert elsewhere.post("/gecit/sign-in", data=form, headers={"Origin": B}, base_url=B).status_code == 303
    sign_out(here)
    assert signed_in(elsewhere)


def test_a_ticket_is_good_once(here: FlaskClient, at: Callable[[str], FlaskClient]) -> None:
    ticket = ticket_of(page_of(here))
    assert take(at("B"), ticket).location == PATH
    thief = at("B")
    answer = take(thief, ticket)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/gecit/sign-in")
    assert not signed_in(thief)


def test_a_ticket_is_good_for_a_minute(here: FlaskClient, there: FlaskClient, clock: StillClock) -> None:
    ticket = ticket_of(page_of(here))
    clock.at = NOON + timedelta(seconds=60)
    assert take(there, ticket).location.startswith("/gecit/sign-in")
    assert not signed_in(there)


def test_a_ticket_is_good_at_its_node_alone(here: FlaskClient, there: FlaskClient) -> None:
    assert take(there, ticket_of(page_of(here, "C"))).location.startswith("/gecit/sign-in")


def test_a_ticket_is_no_sign_in_of_its_own(here: FlaskClient, accounts: FakeAccounts) -> None:
    assert here.head("/gecit/over?node=B", headers=HTML, base_url=A).status_code == 200
    assert len(accounts.sessions("admin")) == 1
    ticket_of(page_of(here))
    assert [one.is_ticket for one in accounts.sessions("admin")].count(True) == 1
    page = here.get("/gecit/account", headers=HTML, base_url=A).text
    assert page.count("/gecit/account/sessions/") == 1


def test_a_ticket_opens_nothing_as_a_cookie(here: FlaskClient, there: FlaskClient) -> None:
    there.set_cookie(COOKIE, ticket_of(page_of(here)), domain="b.example")
    assert not signed_in(there)


@pytest.mark.parametrize(
    "origin", ["", "null", B, "http://a.example.evil.example", "https://a.example", "http://d.example"]
)
def test_only_another_node_of_the_ledger_signs_somebody_in(here: FlaskClient, there: FlaskClient, origin: str) -> None:
    """A stranger's page would sign the victim in as somebody else."""
    assert take(there, ticket_of(page_of(here)), Origin=origin).location.startswith("/gecit/sign-in")
    assert not signed_in(there)


def test_a_silent_node_vouches_for_nobody(here: FlaskClient, there: FlaskClient, ledger: SqlLedger) -> None:
    ticket = ticket_of(page_of(here))
    long_ago = ledger.database_time() - timedelta(minutes=5)
    with ledger.engine.begin() as connection:
        connection.execute(node.update().where(node.c.name == "A").values(beat_at=long_ago))
    assert take(there, ticket).location.startswith("/gecit/sign-in")
    answer = there.get("/gecit/account?from=A", headers=HTML, base_url=B)
    assert answer.location.startswith("/gecit/sign-in")


def test_a_disabled_account_goes_nowhere(here: FlaskClient, there: FlaskClient, accounts: FakeAccounts) -> None:
    ticket = ticket_of(page_of(here))
    accounts.kept["admin"] = replace(accounts.kept["admin"], disabled=True)
    assert take(there, ticket).location.startswith("/gecit/sign-in")


@pytest.mark.parametrize("name", ["", "A", "B", "D"])
def test_nobody_is_sent_to_a_node_that_is_not_there_or_is_this_one(there: FlaskClient, name: str) -> None:
    expected = f"{A}/gecit/over" if name == "A" else "/gecit/sign-in"
    assert there.get(f"/gecit/account?from={name}", headers=HTML, base_url=B).location.split("?")[0] == expected


@pytest.mark.parametrize("name", ["", "A", "D"])
def test_a_ticket_is_for_another_living_node(here: FlaskClient, name: str) -> None:
    assert page_of(here, name).status_code == 404


def test_who_is_signed_in_nowhere_gets_no_ticket(at: Callable[[str], FlaskClient]) -> None:
    stranger = at("A")
    assert page_of(stranger).location.startswith("/gecit/sign-in")
    basic: dict[str, Any] = {"query_string": {"node": "B"}, "auth": ("admin", "gizli"), "base_url": A}
    assert stranger.get("/gecit/over", **basic).status_code == 404, "a password is no session"


def test_each_way_over_is_audited(here: FlaskClient, there: FlaskClient, audit: FakeAudit) -> None:
    ticket = ticket_of(page_of(here))
    take(there, ticket)
    take(there, ticket)
    by_another = {"by": "another node", "node": "A"}
    rows = [(one.who, one.outcome, one.why) for one in audit.entries if one.detail == by_another]
    assert rows == [("admin", "done", ""), ("", "refused", "no ticket")]
    assert ticket not in repr(audit.entries)


def test_who_sends_made_up_tickets_fills_no_audit(there: FlaskClient, audit: FakeAudit) -> None:
    for number in range(20):
        take(there, f"made up {number}")
    assert [one.why for one in audit.entries] == ["no ticket"]


def test_nobody_goes_over_where_the_audit_cannot_be_told(
    here: FlaskClient, there: FlaskClient, accounts: FakeAccounts, audit: FakeAudit
) -> None:
    ticket, before = ticket_of(page_of(here)), len(accounts.kept_sessions)
    audit.broken = True
    answer = take(there, ticket)
    assert answer.status_code >= 500 and "Set-Cookie" not in answer.headers
    audit.broken = False
    assert len(accounts.kept_sessions) == before - 1, "the ticket alone is spent"
    assert not signed_in(there)
