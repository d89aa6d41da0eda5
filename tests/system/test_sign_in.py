"""Signing in through Orthanc's port: one cookie for our pages and for Orthanc itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import requests

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.credentials import COOKIE, csrf_of, new_token, token_digest
from gecit.edges.doors import ANSWER_SECONDS
from gecit.edges.store import open_ledger
from tests.support.node import ADMINISTRATOR, Node, until

pytestmark = pytest.mark.system
HTML = {"Accept": "text/html"}


@pytest.fixture
def browser(orthanc_node: Node) -> requests.Session:
    """A browser in which the administrator has signed in on the page."""
    browser = requests.Session()
    page = browser.get(f"{orthanc_node.url}/gecit/users", headers=HTML)
    assert page.url == f"{orthanc_node.url}/gecit/sign-in?next=/gecit/users"
    form = {"name": ADMINISTRATOR[0], "password": ADMINISTRATOR[1], "next": "/gecit/users"}
    page = browser.post(f"{orthanc_node.url}/gecit/sign-in", data=form, headers={"Origin": orthanc_node.url})
    assert (page.status_code, page.url) == (200, f"{orthanc_node.url}/gecit/users")
    return browser


def token(browser: requests.Session) -> dict[str, str]:
    return {"X-CSRF-Token": csrf_of(browser.cookies[COOKIE])}


@pytest.mark.parametrize("path", ["/system", "/app/explorer.html", "/dicom-web/studies", "/gecit/health"])
def test_one_cookie_opens_pages_and_orthanc(orthanc_node: Node, browser: requests.Session, path: str) -> None:
    assert browser.get(f"{orthanc_node.url}{path}").status_code == 200


def test_orthanc_is_changed_by_a_session_only_with_its_token(orthanc_node: Node, browser: requests.Session) -> None:
    address = f"{orthanc_node.url}/tools/find"
    query = {"Level": "Study", "Query": {}}
    assert browser.post(address, json=query).status_code == 403
    assert browser.post(address, json=query, headers={"X-CSRF-Token": "0" * 64}).status_code == 403
    elsewhere = {**token(browser), "Origin": "https://elsewhere.example"}
    assert browser.post(address, json=query, headers=elsewhere).status_code == 403
    ours = {**token(browser), "Origin": orthanc_node.url}
    assert browser.post(address, json=query, headers=ours).status_code == 200


def test_the_web_process_knows_who_really_asks(orthanc_node: Node, browser: requests.Session) -> None:
    """The forwarder says whom the browser named and where it stands; what a client says of that is not believed."""
    shown = browser.get(f"{orthanc_node.url}/gecit/account", headers={"X-Forwarded-For": "192.0.2.99"}).text
    assert "127.0.0.1" in shown and "192.0.2.99" not in shown
    foreign = {**token(browser), "Origin": "https://elsewhere.example", "X-Forwarded-Host": "elsewhere.example"}
    answer = browser.post(f"{orthanc_node.url}/gecit/account/sign-out-everywhere", headers=foreign)
    assert answer.status_code == 403


def test_a_token_that_is_revoked_on_the_page_shuts_orthanc_within_seconds(
    orthanc_node: Node, browser: requests.Session
) -> None:
    ledger, secret = open_ledger(orthanc_node.database), new_token()
    ledger.add_token(token_digest(secret), ADMINISTRATOR[0], datetime.now(UTC), None)
    ledger.close()
    program = {"Authorization": f"Bearer {secret}"}
    assert requests.get(f"{orthanc_node.url}/system", headers=program, timeout=10).status_code == 200
    revoke = f"{orthanc_node.url}/gecit/tokens/{token_digest(secret)[:12]}/revoke"
    assert browser.post(revoke, headers=token(browser)).status_code == 200
    until(
        lambda: requests.get(f"{orthanc_node.url}/system", headers=program, timeout=10).status_code == 403,
        ANSWER_SECONDS + 2,
        "a revoked token opens nothing",
    )


def test_signing_out_shuts_orthanc_within_seconds(orthanc_node: Node, browser: requests.Session) -> None:
    kept = {COOKIE: browser.cookies[COOKIE]}
    assert browser.post(f"{orthanc_node.url}/gecit/sign-out", headers=token(browser)).status_code == 200
    assert requests.get(f"{orthanc_node.url}/gecit/users", cookies=kept, timeout=10).status_code == 401
    until(
        lambda: requests.get(f"{orthanc_node.url}/system", cookies=kept, timeout=10).status_code == 403,
        ANSWER_SECONDS + 2,
        "an ended session opens nothing",
    )


def test_guesses_at_the_page_count_at_orthanc_too(orthanc_node: Node) -> None:
    """Two processes are doors, and share what they counted."""
    ledger = open_ledger(orthanc_node.database)
    ledger.save_account(Account(name="kurban", roles=(Role.ADMINISTRATOR,)), datetime.now(UTC))
    ledger.close()
    for number in range(5):
        form = {"name": "kurban", "password": f"guess {number}"}
        assert requests.post(f"{orthanc_node.url}/gecit/sign-in", data=form, timeout=10).status_code == 401
        requests.get(f"{orthanc_node.url}/system", auth=("kurban", f"other guess {number}"), timeout=10)
    answer = requests.post(
        f"{orthanc_node.url}/gecit/sign-in", data={"name": "kurban", "password": "one more"}, timeout=10
    )
    assert answer.status_code == 503, "429 as Orthanc can say it"
    assert re.search("on beş dakika", answer.content.decode())
