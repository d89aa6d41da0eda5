"""Signing in by a real provider of identities: code flow with PKCE, state and nonce, and who is let in by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from gecit.core.access import Role
from gecit.core.accounts import Account, Login
from gecit.edges.credentials import COOKIE, token_digest
from gecit.edges.doors import Doors
from gecit.edges.passwords import hash_password, password_faults
from gecit.edges.store import SqlLedger
from gecit.edges.system_clock import SystemClock
from gecit.processes.web import serve
from gecit.steps.accounts import Desk
from gecit.web.accounts import AccountPages
from gecit.web.accounts.cookies import Sessions
from gecit.web.accounts.providers import Provider, Providers
from gecit.web.app import create_app
from tests.fake_accounts import FakeAudit
from tests.support.node import free_ports
from tests.support.oidc import CLIENT, SECRET, provider, sign_in_there
from tests.web.conftest import FakeInstitutions

AYSE = Account(name="ayşe", roles=(Role.RADIOLOGIST,), institution="910001", tckn="10000000146")
CLOCK = SystemClock()


class Running:
    """Our node with one provider, and a browser."""

    def __init__(self, url: str, issuer: str, ledger: SqlLedger, audit: FakeAudit) -> None:
        self.url, self.issuer, self.ledger, self.audit = url, issuer, ledger, audit
        self.browser = requests.Session()

    def sign_in(self, login: str, next_page: str = "/gecit/account") -> requests.Response:
        return sign_in_there(self.browser, f"{self.url}/gecit/sign-in/by/e-devlet?next={next_page}", login)

    def signed_in(self) -> str:
        """Return whose session the browser has; "" for nobody."""
        session = self.ledger.session(token_digest(self.browser.cookies.get(COOKIE, "-")))
        return session.account if session else ""


Run = Callable[..., Running]


@pytest.fixture
def run(sqlite_ledger: SqlLedger) -> Iterator[Run]:
    stack = []

    def start(*, in_userinfo: bool = False, **changed: object) -> Running:
        context = running(sqlite_ledger, in_userinfo=in_userinfo, **changed)
        stack.append(context)
        return context.__enter__()

    yield start
    for context in reversed(stack):
        context.__exit__(None, None, None)


@contextmanager
def running(ledger: SqlLedger, *, in_userinfo: bool, **changed: object) -> Iterator[Running]:
    port, provider_port = free_ports(2)
    url, audit, clock = f"http://127.0.0.1:{port}", FakeAudit(), CLOCK
    back = f"{url}/gecit/sign-in/by/e-devlet/back"
    with provider(provider_port, back, in_userinfo=in_userinfo) as issuer:
        known = {
            "name": "e-devlet",
            "label": "e-Devlet",
            "issuer": issuer,
            "client_id": CLIENT,
            "secret": SECRET,
            "scope": "openid profile email kimlik",
            "tckn_claim": "tckn",
            "citizens": False,
            **changed,
        }
        doors = Doors(ledger, "inside", clock, audit=audit)
        institutions = FakeInstitutions()
        pages = AccountPages(
            doors=doors,
            desk=Desk(ledger, audit, clock, hash_password, password_faults, lambda: ["910001"]),
            sessions=Sessions(ledger, timedelta(hours=12)),
            clock=clock,
            institutions=institutions,
            providers=Providers([Provider(**known)], ledger, audit, url),
        )
        app = create_app(doors=doors, views=ledger, vitals=ledger, clock=clock, node="N1", accounts=pages)
        stop = serve(app, port)
        try:
            yield Running(url, issuer, ledger, audit)
        finally:
            stop()


@pytest.mark.parametrize("in_userinfo", [False, True])
def test_an_account_is_found_by_its_number_and_next_time_by_its_identity(run: Run, in_userinfo: bool) -> None:
    node = run(in_userinfo=in_userinfo)
    node.ledger.save_account(AYSE, CLOCK.now())
    page = node.sign_in("ayse")
    assert (page.status_code, page.url) == (200, f"{node.url}/gecit/account")
    assert node.signed_in() == "ayşe"
    assert "e-Devlet" in page.text, "how the session was opened"
    assert node.ledger.login(node.issuer, "ayse").account == "ayşe"
    assert node.audit.said()[-1] == ("ayşe", "sign in", "done")
    assert "10000000146" not in repr(node.audit.entries) + page.url


def test_whoever_has_no_account_is_told_what_to_do(run: Run) -> None:
    node = run()
    page = node.sign_in("veli")
    assert page.status_code == 403
    assert "burada hesabınız yok" in page.text
    assert node.signed_in() == "" and node.ledger.accounts() == []
    assert node.audit.said() == [("", "sign in", "refused")]


def test_a_citizen_is_made_only_where_the_provider_vouches_for_everybody(run: Run) -> None:
    node = run(citizens=True)
    assert node.sign_in("veli").status_code == 200
    (made,) = node.ledger.accounts()
    assert (made.roles, made.tckn, made.full_name) == ((Role.CITIZEN,), "10000000078", "Veli Çağlar")
    assert "10000000078" not in made.name
    assert node.signed_in() == made.name
    assert node.sign_in("veli").status_code == 200
    assert len(node.ledger.accounts()) == 1


def test_without_a_number_nobody_becomes_a_citizen(run: Run) -> None:
    node = run(citizens=True)
    page = node.sign_in("numarasiz")
    assert page.status_code == 403 and "TcknClaim" in page.text
    assert node.ledger.accounts() == []


def test_whoever_is_disabled_is_not_let_in_by_a_provider(run: Run) -> None:
    node = run(citizens=True)
    node.ledger.save_account(Account(name="ayşe", tckn="10000000146", disabled=True), CLOCK.now())
    assert node.sign_in("ayse").status_code == 403
    assert node.signed_in() == ""


def test_an_account_that_was_given_to_somebody_else_is_not_opened_by_an_old_tie(run: Run) -> None:
    node = run()
    node.ledger.save_account(Account(name="oda1", roles=(Role.CLINICIAN,), tckn="10000000078"), CLOCK.now())
    node.ledger.link(Login(issuer=node.issuer, subject="ayse", account="oda1", linked_at=CLOCK.now()))
    assert node.sign_in("ayse").status_code == 403
    assert node.signed_in() == ""


def test_what_is_sent_to_the_provider_is_bound_to_this_browser(run: Run) -> None:
    node = run()
    answer = node.browser.get(f"{node.url}/gecit/sign-in/by/e-devlet", allow_redirects=False)
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[one][0]) >= 20 for one in ("state", "nonce", "code_challenge"))
    waiting = answer.headers["Set-Cookie"]
    assert "HttpOnly" in waiting and "Path=/gecit/sign-in" in waiting and "SameSite=Lax" in waiting


def back_of(node: Running, login: str) -> str:
    """Sign in at the provider and return the address it sends the browser back to, not followed."""
    kept: list[str] = []

    def stop(answer: requests.Response, *_: object, **__: object) -> requests.Response:
        target = answer.headers.get("Location", "")
        if f"{node.url}/gecit/sign-in/by/e-devlet/back" in target:
            kept.append(target)
            answer.status_code = 200
            del answer.headers["Location"]
        return answer

    node.browser.hooks["response"].append(stop)
    node.sign_in(login)
    node.browser.hooks["response"].clear()
    return kept[0]


def test_an_answer_for_another_browser_is_refused(run: Run) -> None:
    """Somebody gets one to open an address with his own code, so that one works under his name."""
    node = run()
    node.ledger.save_account(AYSE, CLOCK.now())
    answer = requests.get(back_of(node, "ayse"), timeout=10)
    assert answer.status_code == 502
    assert COOKIE not in answer.cookies
    assert node.ledger.sessions("ayşe") == []


def test_an_answer_serves_once(run: Run) -> None:
    node = run()
    node.ledger.save_account(AYSE, CLOCK.now())
    address = back_of(node, "ayse")
    assert node.browser.get(address).status_code == 200
    assert node.browser.get(address).status_code == 502


def test_a_state_that_was_changed_is_refused(run: Run) -> None:
    node = run()
    node.ledger.save_account(AYSE, CLOCK.now())
    address = back_of(node, "ayse")
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert node.browser.get(address.replace(state, "x" * len(state))).status_code == 502
    assert node.signed_in() == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "wrong"},
        {"issuer": "http://127.0.0.1:1"},
        {"client_id": "another"},
    ],
)
def test_a_provider_that_is_set_wrong_is_a_page_that_says_who_must_look(run: Run, changed: dict[str, str]) -> None:
    node = run(**changed)
    node.ledger.save_account(AYSE, CLOCK.now())
    page = node.sign_in("ayse")
    assert page.status_code in (400, 502)
    assert node.signed_in() == ""


def test_an_issuer_that_is_another_than_the_settings_name_is_refused(run: Run) -> None:
    """localhost and 127.0.0.1 answer alike here, and only one of them is the issuer."""
    node = run()
    other = run(issuer=node.issuer.replace("127.0.0.1", "localhost"))
    assert other.browser.get(f"{other.url}/gecit/sign-in/by/e-devlet").status_code == 502


def test_an_unknown_provider_is_not_there(run: Run) -> None:
    node = run()
    assert requests.get(f"{node.url}/gecit/sign-in/by/other", timeout=10).status_code == 404
    assert "e-Devlet ile oturum aç" in requests.get(f"{node.url}/gecit/sign-in", timeout=10).text
