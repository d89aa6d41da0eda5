import base64
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from gecit.edges.doors import Doors, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Beat
from gecit.web.app import create_app
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals, StillClock

BASIC = "Basic " + base64.b64encode(b"admin:gizli").decode()


@pytest.fixture
def accounts() -> FakeAccounts:
    found = FakeAccounts()
    found.add_administrator("admin", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("gizli"), NOON)
    found.add_token(token_digest("program"), "hbys", NOON, None)
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
def book() -> Iterator[SqlLedger]:
    """The ledger that the tracking pages read; empty, in memory."""
    opened = open_ledger("sqlite://")
    yield opened
    opened.close()


@pytest.fixture
def client(
    accounts: FakeAccounts, views: FakeViews, vitals: FakeVitals, clock: StillClock, book: SqlLedger
) -> FlaskClient:
    doors = Doors(accounts, "inside", clock)
    return create_app(doors=doors, views=views, vitals=vitals, clock=clock, node="N1", ledger=book).test_client()


@pytest.fixture
def page(client: FlaskClient) -> Callable[..., str]:
    """Read a page as a signed-in administrator."""

    def read(path: str, status: int = 200) -> str:
        answer = client.get(path, headers={"Authorization": BASIC})
        assert answer.status_code == status, answer.text
        return answer.text

    return read
