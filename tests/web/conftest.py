import base64
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from gecit.core.access import Person
from gecit.edges.doors import Doors, token_digest
from gecit.edges.passwords import password_faults
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Beat, Institution
from gecit.steps.accounts import Desk
from gecit.web.accounts import AccountPages
from gecit.web.accounts.cookies import Sessions
from gecit.web.accounts.providers import Providers
from gecit.web.app import create_app
from tests.fake_accounts import FakeAudit
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals, StillClock
from tests.support.watched import watched

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
BASIC = "Basic " + base64.b64encode(b"admin:gizli").decode()


@pytest.fixture(autouse=True)
def _told_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No request of any test here changes a ledger that the audit was not told of (docs/decisions/0044)."""
    with watched(monkeypatch) as untold:
        yield
    assert untold == []


@pytest.fixture
def accounts() -> FakeAccounts:
    found = FakeAccounts()
    found.add_administrator("admin", CHEAP.hash("gizli"), NOON)
    found.add_token(token_digest("program"), "admin", NOON, None)
    return found


@pytest.fixture
def views() -> FakeViews:
    return FakeViews()


@pytest.fixture
def vitals() -> FakeVitals:
    found = FakeVitals()
    for process in ("orthanc", "web", "listen", "work"):
        found.beat(Beat(node="N1", process=process, pid=7, at=NOON))
    return found


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def audit() -> FakeAudit:
    return FakeAudit()


class FakeInstitutions:
    """The institutions that the pages of accounts know."""

    def __init__(self) -> None:
        self.kept = {"910001": Institution(skrs="910001", name="Deneme", province="Ankara", aets=("CT1",))}

    def all(self) -> list[Institution]:
        return sorted(self.kept.values(), key=lambda one: one.skrs)

    def record(self, one: Institution, by: Person) -> None:
        self.kept[one.skrs] = one

    def profiles(self) -> list[str]:
        return ["example-hbys", "ministry"]


@pytest.fixture
def institutions() -> FakeInstitutions:
    return FakeInstitutions()


@pytest.fixture
def doors(accounts: FakeAccounts, clock: StillClock, audit: FakeAudit) -> Doors:
    return Doors(accounts, "inside", clock, audit=audit)


@pytest.fixture
def book() -> Iterator[SqlLedger]:
    """The ledger that the tracking pages read; empty, in memory."""
    opened = open_ledger("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def client(
    accounts: FakeAccounts,
    views: FakeViews,
    vitals: FakeVitals,
    clock: StillClock,
    doors: Doors,
    audit: FakeAudit,
    institutions: FakeInstitutions,
    book: SqlLedger,
) -> FlaskClient:
    pages = AccountPages(
        doors=doors,
        desk=Desk(accounts, audit, clock, CHEAP.hash, password_faults, lambda: list(institutions.kept)),
        sessions=Sessions(accounts, timedelta(hours=12)),
        clock=clock,
        institutions=institutions,
        providers=Providers([], accounts, audit),
    )
    app = create_app(doors=doors, views=views, vitals=vitals, clock=clock, node="N1", ledger=book, accounts=pages)
    return app.test_client()


@pytest.fixture
def page(client: FlaskClient) -> Callable[..., str]:
    """Read a page as a signed-in administrator."""

    def read(path: str, status: int = 200) -> str:
        answer = client.get(path, headers={"Authorization": BASIC})
        assert answer.status_code == status, answer.text
        return answer.text

    return read
