"""A program that asks faster than it is answered, and webhooks that are to reach what their owner cannot."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response as Answer

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.doors import Doors, token_digest
from gecit.edges.webhook_http import FORBIDDEN, WebhookHttp
from gecit.ports import AnswerUnknown, Beat, Refused, Unavailable
from gecit.processes.web import serve
from gecit.sandbox.server import running
from gecit.web.app import create_app
from gecit.web.turns import AT_ONCE
from tests.fakes import NOON, FakeAccounts, FakeViews, FakeVitals, StillClock
from tests.support.node import free_ports, until


class SlowVitals(FakeVitals):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.waiting = 0

    def beats(self) -> list[Beat]:
        self.waiting += 1
        assert self.release.wait(20)
        return super().beats()


@pytest.fixture
def accounts() -> FakeAccounts:
    kept = FakeAccounts()
    for name in ("greedy", "other"):
        kept.save_account(Account(name=name, roles=(Role.ADMINISTRATOR,)), NOON)
        kept.add_token(token_digest(name), name, NOON, None)
    return kept


def test_one_program_leaves_half_of_the_threads_to_everybody_else(accounts: FakeAccounts) -> None:
    vitals = SlowVitals()
    app = create_app(doors=Doors(accounts, "inside", StillClock()), views=FakeViews(), vitals=vitals,
                     clock=StillClock(), node="N1")  # fmt: skip
    (port,) = free_ports(1)
    stop = serve(app, port)
    url = f"http://127.0.0.1:{port}/gecit/api/health"

    def ask(who: str) -> requests.Response:
        return requests.get(url, headers={"Authorization": f"Bearer {who}"}, timeout=30)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = [pool.submit(ask, "greedy") for _ in range(AT_ONCE)]
        until(lambda: vitals.waiting == AT_ONCE, 20, "all are under way")
        refused = ask("greedy")
        assert refused.status_code == 429 and refused.headers["Retry-After"] == "1"
        assert refused.json()["type"].endswith("too-many-at-once")
        assert requests.get(f"http://127.0.0.1:{port}/gecit/api/live", timeout=20).status_code == 200
        vitals.release.set()
        assert ask("other").status_code != 429
        assert 429 not in [one.result().status_code for one in under_way]
    assert ask("greedy").status_code != 429, "its turns came back, also of requests that were refused"
    stop()


# Webhooks


INSIDE = (
    "127.0.0.1", "localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1",
    "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]",
    "0.0.0.0", "0",  # noqa: S104
    "localhost.", "LOCALHOST", "\uff11\uff12\uff17.0.0.1", "127。0。0。1", "①②⑦.0.0.1",
)  # fmt: skip


@pytest.fixture
def inside() -> Iterator[socket.socket]:
    """Something inside the house that listens, on both families."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("before", ["", "hbys.example@", "hbys.example:x@", "hbys.example%40"])
def test_no_spelling_of_an_address_inside_the_house_is_connected_to(
    inside: socket.socket, host: str, before: str
) -> None:
    url = f"http://{before}{host}:{inside.getsockname()[1]}/"
    with pytest.raises((Refused, Unavailable)):
        WebhookHttp((), plain_http=True, timeout=2).post(url, b"{}", {})
    with pytest.raises(BlockingIOError):
        inside.accept()


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "10.0.0.1", "172.16.0.1", "192.168.1.1",
     "100.64.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fec0::1]", "[ff02::1]", "198.18.0.1"],
)  # fmt: skip
def test_nor_an_address_that_clouds_and_networks_keep_for_themselves(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was tried"))
    with pytest.raises(Refused) as refused:
        WebhookHttp((), plain_http=True).post(f"http://{host}/latest/meta-data", b"{}", {})
    assert refused.value.code == FORBIDDEN


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_receiver_leads_nobody_on(inside: socket.socket, status: int) -> None:
    """It is allowed, and answers with an address that is not."""
    elsewhere = f"http://localhost:{inside.getsockname()[1]}/"

    @Request.application
    def leads_on(request: Request) -> Answer:
        return Answer(status=status, headers={"Location": elsewhere})

    with running({"/hook": leads_on}) as url, pytest.raises((Refused, Unavailable, AnswerUnknown)):
        WebhookHttp(("127.0.0.1",), timeout=5).post(f"{url}/hook", b"{}", {})
    with pytest.raises(BlockingIOError):
        inside.accept()


@pytest.mark.parametrize(
    "url",
    ["https://hbys.example\\@127.0.0.1/", "https://hbys.example/\r\nHost: 127.0.0.1", "https://hbys.example\t/",
     "gopher://127.0.0.1:25/", "file:///etc/passwd", "https://", "https:///x", "https://[::1", "https://hbys.example:99999/",
     "//127.0.0.1/", "https://hbys.example:80:80/", "HTTPS://user:pass@hbys.example/"],
)  # fmt: skip
def test_what_is_no_plain_address_is_taken_for_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was tried"))
    with pytest.raises((Refused, Unavailable)):
        WebhookHttp((), plain_http=True).post(url, b"{}", {})
