# ruff: noqa: F811 -- fixtures are named as what they give
"""A visit by a patient's link goes over to the node that holds the images: once, within a minute, to that node."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gecit.core.events import StudyFactsRecorded
from gecit.core.share_links import Channel
from gecit.edges.audit_book import AuditBook
from gecit.edges.credentials import VISIT
from gecit.edges.doors import Doors
from gecit.edges.passwords import PasswordCheck, password_faults
from gecit.edges.store import SqlLedger
from gecit.ports import AuditSearch
from gecit.ports.nodes import NewNode
from gecit.steps.accounts import Desk
from gecit.steps.disclosing import disclosed
from gecit.steps.share_links import Hashing, Links, LinkTerms, visitors
from gecit.web.accounts import AccountPages
from gecit.web.accounts.cookies import Sessions
from gecit.web.accounts.providers import Providers
from gecit.web.app import create_app
from gecit.web.sharing import SharingDesk
from tests.fakes import FakeVitals, StillClock
from tests.support.flow import HOSPITAL, START, study

from .conftest import FakeInstitutions
from .test_nodes import silence
from .test_sharing import (  # noqa: F401 -- fixtures
    A1,
    CHEAP,
    PASSWORD,
    FakeSender,
    ask,
    audit,
    clock,
    fill,
    number,
    sender,
    token_of,
)

HTML = {"Accept": "text/html"}
HERE, THERE = "http://h.example", "http://n.example"
IMAGES = f"/gecit/viewer/{HOSPITAL.skrs}/A1"
GIVES = f"/gecit/link/over?node=N&next={quote(IMAGES, safe='')}"


def browser(node: str, ledger: SqlLedger, clock: StillClock, audit: AuditBook, sender: FakeSender) -> FlaskClient:
    ticks = iter(range(0, 10**6, 10))
    asked = {"disclosed": disclosed(ledger), "visitor": visitors(ledger)}
    doors = Doors(ledger, node, clock, lambda: float(next(ticks)), audit=audit, **asked)  # type: ignore[arg-type]
    hashing = Hashing(hash=CHEAP.hash, fits=PasswordCheck().fits)
    links = Links(ledger, ledger, audit, clock, {Channel.EMAIL: sender}, hashing, LinkTerms())
    desk = SharingDesk(ledger, ledger, clock, audit.rows, audit.digest, links)
    accounts = AccountPages(
        doors=doors,
        desk=Desk(ledger, audit, clock, CHEAP.hash, password_faults, list),
        sessions=Sessions(ledger, timedelta(hours=12)),
        clock=clock,
        institutions=FakeInstitutions(),
        providers=Providers([], ledger, audit),
    )
    made = create_app(
        doors=doors,
        views=ledger,
        vitals=FakeVitals(),
        clock=clock,
        node=node,
        ledger=ledger,
        audit=audit,
        sharing=desk,
        accounts=accounts,
    )
    return made.test_client()


@pytest.fixture
def client(ledger: SqlLedger, clock: StillClock, audit: AuditBook, sender: FakeSender) -> FlaskClient:
    """The patient at H, which holds no images: those of `fill` lie at N."""
    fill(ledger)
    for name, address in (("H", HERE), ("N", THERE)):
        assert ledger.claim_node(NewNode(name=name, mark=name, home=name, address=address)) is None
    return browser("H", ledger, clock, audit, sender)


@pytest.fixture
def there(ledger: SqlLedger, clock: StillClock, audit: AuditBook, sender: FakeSender) -> FlaskClient:
    """The visitor's browser as N knows it."""
    return browser("N", ledger, clock, audit, sender)


@pytest.fixture
def visitor(client: FlaskClient, sender: FakeSender) -> FlaskClient:
    """A browser that came by a link to H."""
    made, token = client.application.test_client(), token_of(client)
    assert made.post("/gecit/link/code", data={"token": token}, base_url=HERE).status_code == 200
    form = {"token": token, "code": sender.code}
    assert made.post("/gecit/link/open", data=form, base_url=HERE).status_code == 303
    return made


def sent_on(visitor: FlaskClient) -> str:
    found = re.search(
        r'http-equiv="refresh" content="0; url=([^"]+)"', visitor.get(IMAGES, headers=HTML, base_url=HERE).text
    )
    assert found
    return found.group(1).replace("&amp;", "&")


def asked_back(there: FlaskClient, address: str) -> str:
    answer = there.get(address.removeprefix(THERE), headers=HTML, base_url=THERE)
    assert answer.status_code == 303
    return answer.headers["Location"]


def ticket(visitor: FlaskClient, there: FlaskClient) -> dict[str, str]:
    assert asked_back(there, sent_on(visitor)) == f"{HERE}{GIVES}"
    return ticket_of(visitor)


def ticket_of(visitor: FlaskClient) -> dict[str, str]:
    """Return what the page at H posts to N."""
    page = visitor.get(GIVES, headers=HTML, base_url=HERE)
    assert page.status_code == 200
    assert f'action="{THERE}/gecit/link/over"' in page.text
    assert f"form-action {THERE}" in page.headers["Content-Security-Policy"]
    fields = re.findall(r'name="(ticket|until|next)" value="([^"]+)"', page.text)
    assert len(fields) == 3
    return dict(fields)


def post(there: FlaskClient, form: dict[str, Any], origin: str = HERE) -> TestResponse:
    return there.post("/gecit/link/over", data=form, headers={"Origin": origin}, base_url=THERE)


def test_a_visitor_is_led_to_the_images_and_sees_there_what_the_link_opens(
    visitor: FlaskClient, there: FlaskClient, client: FlaskClient, ledger: SqlLedger
) -> None:
    address = sent_on(visitor)
    assert address == f"{THERE}{IMAGES}?from=H&by=link"
    assert urlsplit(asked_back(there, address)).path == "/gecit/link/over"
    taken = post(there, ticket(visitor, there))
    assert (taken.status_code, taken.headers["Location"]) == (303, IMAGES)
    opened = there.get(IMAGES, base_url=THERE)
    assert opened.headers["Location"].startswith("/gecit/ohif/viewer?StudyInstanceUIDs=")
    assert there.get(A1, base_url=THERE).status_code == 200
    for path, status in ((f"/gecit/viewer/{HOSPITAL.skrs}/A2", 404), ("/gecit/api/exams", 403)):
        assert there.get(path, base_url=THERE).status_code == status, path
    assert ask(client, "hasta", f"/gecit/sharing/{number(ledger)}/end", {}).status_code == 303
    assert there.get(A1, base_url=THERE).status_code == 401, "the patient ended it"


def test_the_visit_there_ends_with_the_one_here(visitor: FlaskClient, there: FlaskClient, clock: StillClock) -> None:
    clock.at += timedelta(minutes=59)
    assert post(there, ticket(visitor, there)).status_code == 303
    assert there.get(A1, base_url=THERE).status_code == 200
    clock.at += timedelta(minutes=2)
    assert there.get(A1, base_url=THERE).status_code == 401


@pytest.mark.parametrize(
    "spoilt",
    [{"ticket": "x"}, {"until": "2099-01-01T00:00:00+00:00"}, {"until": "yarın"}, {"until": "2099-01-01T00:00:00"}],
)
def test_what_is_no_ticket_opens_nothing(
    visitor: FlaskClient, there: FlaskClient, spoilt: dict[str, str], audit: AuditBook
) -> None:
    answer = post(there, {**ticket(visitor, there), **spoilt})
    assert answer.headers["Location"] == "/gecit/link?said=visit-over"
    assert VISIT not in str(answer.headers.getlist("Set-Cookie"))
    assert there.get(A1, base_url=THERE).status_code == 401


def test_a_ticket_is_good_once_for_a_minute_at_its_node_from_a_node(
    visitor: FlaskClient, there: FlaskClient, clock: StillClock, audit: AuditBook
) -> None:
    form, late = ticket(visitor, there), ticket(visitor, there)
    assert post(there, form, "http://elsewhere.example").headers["Location"].endswith("visit-over")
    assert (
        visitor.post("/gecit/link/over", data=form, headers={"Origin": THERE}, base_url=HERE)
        .headers["Location"]
        .endswith("visit-over")
    ), "it is N's"
    assert post(there, form).headers["Location"] == IMAGES
    assert post(there, form).headers["Location"].endswith("visit-over")
    clock.at += timedelta(seconds=61)
    assert post(there, late).headers["Location"].endswith("visit-over")
    rows = [(one.what, one.outcome) for one in audit.rows(AuditSearch(what="take a visit over"))]
    assert rows.count(("take a visit over", "done")) == 1 and 1 <= rows.count(("take a visit over", "refused")) <= 2
    assert audit.rows(AuditSearch(what="hand a visit over"))


def test_a_node_that_is_silent_is_named_to_a_visitor(visitor: FlaskClient, ledger: SqlLedger) -> None:
    silence(ledger, "N")
    answer = visitor.get(f"{IMAGES}?lang=en", headers=HTML, base_url=HERE)
    assert answer.status_code == 503
    assert "Node N, which holds the images, does not answer" in answer.text


def test_a_visitor_whose_node_fell_silent_is_asked_for_his_link_and_for_no_password(
    visitor: FlaskClient, there: FlaskClient, ledger: SqlLedger
) -> None:
    address = sent_on(visitor)
    silence(ledger, "H")
    assert asked_back(there, address) == "/gecit/link?said=visit-over"


def test_the_viewer_by_uid_says_nothing_of_what_the_link_does_not_open(visitor: FlaskClient, ledger: SqlLedger) -> None:
    for name, uid in (("A1", "1.2.1"), ("B1", "1.2.2")):
        facts = study(name, name, study_instance_uid=uid)
        ledger.write(lambda tx, one=facts: tx.append(StudyFactsRecorded(at=START, study=one.key, facts=one)))  # type: ignore[misc]

    def viewer(uid: str) -> TestResponse:
        return visitor.get(f"/gecit/ohif/viewer?StudyInstanceUIDs={uid}", headers=HTML, base_url=HERE)

    assert f"url={THERE}/gecit/ohif/viewer?StudyInstanceUIDs=1.2.1" in viewer("1.2.1").text
    assert viewer("1.2.2").text == viewer("1.2.3").text, "somebody else's, and none that is known"
    silence(ledger, "N")
    assert (viewer("1.2.1").status_code, viewer("1.2.2").status_code) == (503, 200)


def test_who_is_signed_in_there_is_told_so_in_place_of_a_404(
    visitor: FlaskClient, there: FlaskClient, ledger: SqlLedger
) -> None:
    there.post("/gecit/sign-in", data={"name": "uzak", "password": PASSWORD}, headers={"Origin": THERE}, base_url=THERE)
    led = there.get(sent_on(visitor).removeprefix(THERE), headers=HTML, base_url=THERE)
    assert led.headers["Location"] == "/gecit/link"
    assert "uzak" in there.get("/gecit/link", headers=HTML, base_url=THERE).text
    assert there.get(IMAGES, headers=HTML, base_url=THERE).status_code == 404, "who came without a link"
    answer = post(there, ticket_of(visitor))
    assert answer.status_code == 200 and VISIT not in str(answer.headers.getlist("Set-Cookie"))


def test_whoever_leaves_the_link_leaves_it_at_every_node(
    visitor: FlaskClient, there: FlaskClient, audit: AuditBook
) -> None:
    form, late = ticket(visitor, there), ticket(visitor, there)
    assert post(there, form).headers["Location"] == IMAGES
    assert there.get(A1, base_url=THERE).status_code == 200
    csrf = re.search(r'name="csrf" value="([^"]+)"', visitor.get("/gecit/shared", base_url=HERE).text)
    assert csrf
    left = visitor.post("/gecit/link/leave", data={"csrf": csrf.group(1)}, headers={"Origin": HERE}, base_url=HERE)
    assert left.status_code == 303
    assert there.get(A1, base_url=THERE).status_code == 401
    assert post(there, late).headers["Location"].endswith("visit-over"), "a ticket of what was left"
    newest = audit.rows(AuditSearch(what="take a visit over"))
    assert ("refused", "left or taken meanwhile") in [(one.outcome, one.why) for one in newest]


def test_what_only_asks_for_the_head_of_the_page_makes_no_ticket(visitor: FlaskClient, audit: AuditBook) -> None:
    assert visitor.head(GIVES, headers=HTML, base_url=HERE).status_code == 200
    assert audit.rows(AuditSearch(what="hand a visit over")) == []
    ticket_of(visitor)
    assert len(audit.rows(AuditSearch(what="hand a visit over"))) == 1


def test_the_visit_of_who_sat_there_before_hides_no_other(
    visitor: FlaskClient, there: FlaskClient, client: FlaskClient, sender: FakeSender
) -> None:
    assert post(there, ticket(visitor, there)).status_code == 303
    next_one, token = client.application.test_client(), token_of(client, exam=f"{HOSPITAL.skrs} A2")
    next_one.post("/gecit/link/code", data={"token": token}, base_url=HERE)
    next_one.post("/gecit/link/open", data={"token": token, "code": sender.code}, base_url=HERE)
    second = IMAGES.replace("A1", "A2")
    page = next_one.get(second, headers=HTML, base_url=HERE).text
    assert f"url={THERE}{second}?from=H&amp;by=link" in page
    led = there.get(f"{second}?from=H&by=link", headers=HTML, base_url=THERE)
    assert led.status_code == 303 and led.headers["Location"].startswith(f"{HERE}/gecit/link/over?")
    assert there.get(second, headers=HTML, base_url=THERE).status_code == 404
