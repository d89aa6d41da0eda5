import base64
import gzip
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from argon2 import PasswordHasher

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.edges import orthanc_host
from gecit.edges.credentials import csrf_of, token_digest
from gecit.edges.doors import Doors
from gecit.edges.image_doors import ImageDoors
from gecit.edges.orthanc_host import (
    DOWN,
    INDEX_PATH,
    Forwarder,
    HttpFilter,
    IndexMark,
    address_of,
    encode_query,
    send_status,
)
from tests.fake_accounts import FakeAudit
from tests.fake_studies import FakeStudyDoors
from tests.fakes import NOON, FakeAccounts, StillClock


class OldOutput:
    """Answers as plugin 4.0 does: SendHttpStatus takes a str and its length in bytes."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.kind = ""
        self.headers: list[tuple[str, str]] = []

    def AnswerBuffer(self, body: bytes, content_type: str) -> None:
        self.status, self.body, self.kind = 200, body, content_type

    def SetHttpHeader(self, name: str, value: str) -> None:
        self.headers.append((name, value))

    def SendMethodNotAllowed(self, allowed: str) -> None:
        self.status = 405
        self.headers.append(("Allow", allowed))

    def SendHttpStatus(self, *arguments: Any) -> None:
        if len(arguments) != 3 or not isinstance(arguments[1], str):
            raise TypeError("Bad types for the arguments (3 arguments expected)")
        self.status, self.body = arguments[0], arguments[1].encode()
        assert arguments[2] == len(self.body)


class NewOutput(OldOutput):
    """Answers as Orthanc 1.12.7 with plugin 5.0 does: SendHttpStatus takes bytes, which are text/plain.

    Unless AnswerBuffer has named their kind. A status without words goes nowhere and stays; Orthanc logs that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.named = False
        self.next_status = 200

    def AnswerBuffer(self, body: bytes, content_type: str) -> None:
        self._name(content_type)
        self._send(body)

    def SendHttpStatus(self, *arguments: Any) -> None:
        if len(arguments) != 2 or not isinstance(arguments[1], bytes):
            raise TypeError("2 arguments expected")
        self.next_status, body = arguments
        if body and not self.named:
            self._name("text/plain")
        self._send(body)

    def _name(self, kind: str) -> None:
        self.named = True
        self.kind = kind
        self.headers.append(("Content-Type", kind))

    def _send(self, body: bytes) -> None:
        assert not self.status, "an answer is sent once"
        if self.next_status < 600:
            self.status, self.body = self.next_status, body


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        status = int(self.path[-3:]) if self.path[-3:].isdigit() else 200
        body = "<p>ığüşöç</p>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8" if "api" not in self.path else "application/json")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("X-Secret", "stays")
        if status == 303:
            self.send_header("Location", "/gecit/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Echo.seen = []
    found = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def forward(server: ThreadingHTTPServer) -> Forwarder:
    return Forwarder(server.server_port)


def test_a_request_arrives_with_what_it_needs_and_nothing_else(forward: Forwarder) -> None:
    output = OldOutput()
    given = {"authorization": "Bearer x", "cookie": "a=1", "host": "outside", "x-forwarded-for": "1.2.3.4"}
    forward(output, "/gecit/exams/1/İST 7/%", method="GET", groups=(), get={"q": "%C4%B1%20a"}, headers=given)
    method, path, headers, body = Echo.seen[0]
    assert (method, path, body) == ("GET", "/gecit/exams/1/%C4%B0ST%207/%25?q=%C4%B1%20a", b"")
    assert headers["authorization"] == "Bearer x" and headers["cookie"] == "a=1"
    assert "x-forwarded-for" not in headers
    assert output.status == 200 and output.body == "<p>ığüşöç</p>".encode()
    assert output.kind == "text/html; charset=utf-8"
    assert output.headers == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]


def test_a_posted_body_arrives(forward: Forwarder) -> None:
    headers = {"content-type": "application/json"}
    forward(OldOutput(), "/gecit/api/x", method="POST", groups=(), headers=headers, body=b'{"a":1}')
    assert Echo.seen[0][0] == "POST" and Echo.seen[0][3] == b'{"a":1}'


@pytest.mark.parametrize("make_output", [OldOutput, NewOutput])
@pytest.mark.parametrize(
    ("status", "seen"),
    [(404, 404), (401, 401), (303, 303), (503, 503), (429, 503), (428, 400), (451, 403), (308, 307), (599, 500)],
)
def test_statuses_pass_and_those_that_orthanc_drops_are_mapped(
    forward: Forwarder, make_output: type[OldOutput], status: int, seen: int
) -> None:
    output = make_output()
    forward(output, f"/gecit/{status}", method="GET", groups=(), get={}, headers={})
    assert output.status == seen
    assert output.body == "<p>ığüşöç</p>".encode()
    assert (("Location", "/gecit/") in output.headers) == (status == 303)
    assert [value for name, value in output.headers if name == "Content-Type"] == ["text/html; charset=utf-8"]


def test_a_method_that_is_not_allowed_is_said_in_orthancs_way(forward: Forwarder) -> None:
    output = OldOutput()
    forward(output, "/gecit/api/405", method="GET", groups=(), get={}, headers={})
    assert output.status == 405 and ("Allow", "GET") in output.headers


def test_somebody_who_opens_the_address_of_a_form_gets_its_page(forward: Forwarder) -> None:
    """Orthanc says 405 without a body: the person would see an empty window."""
    output = OldOutput()
    forward(output, "/gecit/405", method="GET", groups=(), get={}, headers={})
    assert output.status == 404 and "ığüşöç" in output.body.decode()


def test_a_web_process_that_is_down_is_said_in_both_languages(server: ThreadingHTTPServer) -> None:
    forward = Forwarder(server.server_port)
    server.shutdown()
    server.server_close()
    output = OldOutput()
    forward(output, "/gecit", method="GET", groups=(), get={"q": "10000000146"}, headers={})
    assert output.status == 502
    assert DOWN.tr in output.body.decode() and DOWN.en in output.body.decode()


def test_a_web_process_that_is_down_fills_no_log(
    server: ThreadingHTTPServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.shutdown()
    server.server_close()
    forward = Forwarder(server.server_port)

    def ask() -> None:
        forward(OldOutput(), "/gecit", method="GET", groups=(), get={}, headers={})

    for _ in range(3):
        ask()
    assert [one.getMessage() for one in caplog.records] == ["web process does not answer: MaxRetryError"]
    monkeypatch.setattr(orthanc_host, "SAID_SECONDS", 0.0)
    forward._said.update({one: (0.0, unsaid) for one, (_, unsaid) in forward._said.items()})
    ask()
    assert caplog.records[-1].getMessage().endswith("MaxRetryError, and for 2 requests since this was last said")


def test_a_foreign_web_process_fills_no_log_either_and_hides_no_other_fault(
    server: ThreadingHTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    forward = Forwarder(server.server_port, lambda challenge: "another proof")
    for _ in range(3):
        forward(OldOutput(), "/gecit", method="GET", groups=(), get={}, headers={})
    [said] = [one.getMessage() for one in caplog.records]
    assert said.startswith("somebody else listens on the web process's port")
    server.shutdown()
    server.server_close()
    forward._pool.close()
    forward._pool = Forwarder(server.server_port)._pool
    forward(OldOutput(), "/gecit", method="GET", groups=(), get={}, headers={})
    assert caplog.records[-1].getMessage().startswith("web process does not answer: ")


def test_a_connection_that_the_web_process_closed_meanwhile_is_opened_again(forward: Forwarder) -> None:
    for _ in range(2):
        output = OldOutput()
        forward(output, "/gecit", method="GET", groups=(), get={}, headers={})
        assert output.status == 200


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"q": "%C4%B1%20a%2Bb"}, "q=%C4%B1%20a%2Bb"),  # Orthanc 1.10.1: still encoded
        ({"q": "ı a&b=c"}, "q=%C4%B1%20a%26b%3Dc"),  # Orthanc 1.13: decoded
        ({"%C5%9F": "1", "flag": ""}, "%C5%9F=1&flag="),
        ({"q": "100%"}, "q=100%25"),
        ({}, ""),
    ],
)
def test_a_query_is_written_the_same_whether_or_not_orthanc_decoded_it(given: dict[str, str], written: str) -> None:
    assert encode_query(given) == written


@pytest.mark.parametrize("output", [OldOutput(), NewOutput()])
def test_a_body_that_is_no_text_still_gets_an_answer(output: OldOutput) -> None:
    send_status(output, 500, b"\xff\x00")
    assert output.status == 500


@pytest.mark.parametrize("output", [OldOutput(), NewOutput()])
def test_an_answer_without_a_body_has_no_kind(output: OldOutput) -> None:
    send_status(output, 303, b"", "text/html")
    assert (output.status, output.body, output.headers) == (303, b"", [])


@pytest.fixture
def http_filter() -> HttpFilter:
    doors = Doors(FakeAccounts(), "inside", StillClock())
    return HttpFilter(doors, ImageDoors(FakeStudyDoors(), FakeAudit(), StillClock(), "N1"))


@pytest.mark.parametrize(
    ("uri", "authorization", "address", "passes"),
    [
        ("/system", "", "127.0.0.1", False),
        ("/system", "Bearer inside", "127.0.0.1", True),
        ("/system", "Bearer inside", "192.0.2.7", False),
        ("/gecit", "", "192.0.2.7", True),
        ("/gecit/x", "Bearer anything", "192.0.2.7", True),
        ("/gecit/x", "Bearer inside", "192.0.2.7", False),
        ("/gecitx", "", "127.0.0.1", False),
        ("/", "", "127.0.0.1", False),
    ],
)
def test_the_filter_guards_all_but_our_own_pages(
    http_filter: HttpFilter, uri: str, authorization: str, address: str, passes: bool
) -> None:
    headers = {"authorization": authorization} if authorization else {}
    assert http_filter(uri, method=1, ip=address, headers=headers, get={}) is passes


GET, POST, PUT, DELETE = 1, 2, 3, 4  # as Orthanc tells its filter
BASIC = "Basic " + base64.b64encode(b"admin:gizli").decode()
OURS = {"origin": "http://node:8042", "host": "node:8042"}
CSRF = {"x-csrf-token": csrf_of("v")}


@pytest.fixture
def guarded() -> HttpFilter:
    """A filter that knows an administrator with a session and a token, and a radiologist."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = FakeAccounts()
    accounts.add_administrator("admin", cheap.hash("gizli"), NOON)
    accounts.save_account(Account(name="radyolog", roles=(Role.RADIOLOGIST,), institution="910001"), NOON)
    accounts.set_password("radyolog", cheap.hash("gizli"), NOON)
    accounts.add_token(token_digest("t"), "admin", NOON, None)
    until = NOON + timedelta(hours=1)
    accounts.add_session(
        Session(digest=token_digest("v"), account="admin", created_at=NOON, seen_at=NOON, expires_at=until)
    )
    doors = Doors(accounts, "inside", StillClock())
    return HttpFilter(doors, ImageDoors(FakeStudyDoors(), FakeAudit(), StillClock(), "N1"))


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        (GET, {"authorization": BASIC}, True),
        (GET, {"cookie": "gecit=v"}, True),
        (GET, {"cookie": "gecit=other"}, False),
        ("GET", {"cookie": "gecit=v", "origin": "https://elsewhere.example"}, True),
        (POST, {"authorization": BASIC}, True),
        (POST, {"authorization": BASIC, "origin": "https://elsewhere.example", "host": "node:8042"}, False),
        (POST, {"authorization": BASIC, "sec-fetch-site": "cross-site"}, False),
        (POST, {"authorization": BASIC, **OURS}, True),
        (POST, {"authorization": "Bearer t", "origin": "https://elsewhere.example"}, True),
        (POST, {"authorization": "Bearer inside"}, True),
        (POST, {"cookie": "gecit=v"}, False),
        (PUT, {"cookie": "gecit=v", **OURS}, False),
        (DELETE, {"cookie": "gecit=v", **OURS, "x-csrf-token": "0" * 64}, False),
        (DELETE, {"cookie": "gecit=v", **OURS, **CSRF}, True),
        (DELETE, {"cookie": "gecit=v", "origin": "https://elsewhere.example", "host": "node:8042", **CSRF}, False),
        (None, {"cookie": "gecit=v"}, False),
    ],
)
def test_what_changes_orthanc_comes_from_our_pages_or_a_program(
    guarded: HttpFilter, method: object, headers: dict[str, str], passes: bool
) -> None:
    assert guarded("/studies/1", method=method, ip="127.0.0.1", headers=headers, get={}) is passes


def test_orthanc_takes_the_passwords_of_administrators_only(guarded: HttpFilter) -> None:
    radiologist = "Basic " + base64.b64encode(b"radyolog:gizli").decode()
    assert not guarded("/system", method=GET, ip="127.0.0.1", headers={"authorization": radiologist})
    assert guarded("/gecit/", method=GET, ip="127.0.0.1", headers={"authorization": radiologist})


def test_a_filter_that_errs_refuses(http_filter: HttpFilter) -> None:
    assert http_filter("/system", ip="127.0.0.1", headers=None) is False


class PropertyOrthanc:
    """The two calls of `orthanc` that keep a value in the index."""

    def __init__(self) -> None:
        self.kept: dict[int, str] = {}
        self.broken = False

    def GetGlobalProperty(self, number: int, default: str) -> str:
        if self.broken:
            raise RuntimeError("database")
        return self.kept.get(number, default)

    def SetGlobalProperty(self, number: int, value: str) -> None:
        self.kept[number] = value


def test_an_index_is_marked_once_and_another_index_has_another_mark() -> None:
    one, other = PropertyOrthanc(), PropertyOrthanc()
    marks = []
    for orthanc in (one, one, other):
        output = OldOutput()
        IndexMark(orthanc)(output, INDEX_PATH, method="GET")
        marks.append(output.body)
    assert marks[0] == marks[1]
    assert len(marks[0]) == 32
    assert marks[2] != marks[0]


def test_an_index_that_cannot_be_read_is_an_outage_and_gets_no_new_mark() -> None:
    orthanc = PropertyOrthanc()
    orthanc.broken = True
    output = OldOutput()
    IndexMark(orthanc)(output, INDEX_PATH, method="GET")
    assert output.status == 503
    assert orthanc.kept == {}


def test_a_stranger_on_the_web_port_is_sent_no_password_and_answers_for_nobody(server: ThreadingHTTPServer) -> None:
    """Two nodes on neighbouring ports must not serve each other's pages."""
    doors = Doors(FakeAccounts(), "secret", StillClock())
    output = OldOutput()
    Forwarder(server.server_port, doors.proof)(
        output, "/gecit/exams", method="GET", get={}, headers={"authorization": "Basic abc"}
    )
    assert output.status != 200
    assert all("authorization" not in {name.lower() for name in headers} for _, _, headers, _ in Echo.seen)


def test_what_is_compressed_reaches_the_browser_as_it_is() -> None:
    class Compressed(Echo):
        def do_GET(self) -> None:
            self.seen.append((self.command, self.path, dict(self.headers), b""))
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

    packed = gzip.compress(b"x" * 1000)
    Echo.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Compressed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    output = OldOutput()
    headers = {"accept-encoding": "gzip, br"}
    Forwarder(server.server_port)(output, "/gecit/a", method="GET", groups=(), get={}, headers=headers)
    server.shutdown()
    server.server_close()
    assert Echo.seen[0][2]["accept-encoding"] == "gzip, br"
    assert (output.status, output.body) == (200, packed)
    assert ("Content-Encoding", "gzip") in output.headers


@pytest.mark.parametrize(
    ("ip", "said", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "127.0.0.1", "192.0.2.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "127.0.0.1, 192.0.2.9", "192.0.2.9"),
        ("::1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_a_proxy_on_this_computer_is_believed_and_nobody_else(ip: str, said: str | None, address: str) -> None:
    assert address_of({"ip": ip, "headers": {"x-forwarded-for": said} if said else {}}) == address


def test_the_internal_token_does_not_open_through_a_proxy() -> None:
    found = HttpFilter(
        Doors(FakeAccounts(), "inside", StillClock()), ImageDoors(FakeStudyDoors(), FakeAudit(), StillClock(), "N1")
    )
    headers = {"authorization": "Bearer inside"}
    assert found("/system", method=1, ip="127.0.0.1", headers=headers, get={})
    assert not found("/system", method=1, ip="127.0.0.1", headers={**headers, "x-forwarded-for": "192.0.2.9"}, get={})
