"""Doors of HTTP: credentials, and what the plugin passes on to the web process."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import urllib3

from gecit.core.access import Role
from gecit.core.accounts import Account, Session
from gecit.edges.credentials import csrf_of, is_loopback, read_basic, session_of, visit_of
from gecit.edges.doors import Doors, How, token_digest
from gecit.edges.orthanc_host import KNOWN_STATUS, PASSED_BACK, PASSED_ON, PREFIX, Forwarder, is_ours
from gecit.edges.same_origin import carries, from_elsewhere
from tests.edges.test_orthanc_host import OldOutput
from tests.fake_accounts import FakeAudit
from tests.fakes import NOON, FakeAccounts, StillClock

from ..draw import Draw
from ..target import Target, must

SECRET, TOKEN, INSIDE = "session-secret", "token-secret", "inside-secret"


PLACES = ("203.0.113.7", "127.0.0.1", "::1", "", "x")


@cache
def _doors() -> Doors:
    accounts = FakeAccounts()
    accounts.save_account(Account(name="ayşe", roles=(Role.RADIOLOGIST,), institution="910001"), NOON)
    accounts.add_token(token_digest(TOKEN), "ayşe", NOON, None)
    accounts.add_session(
        Session(
            digest=token_digest(SECRET),
            account="ayşe",
            created_at=NOON,
            seen_at=NOON,
            expires_at=NOON + timedelta(hours=9),
        )
    )
    return Doors(accounts, INSIDE, StillClock(), audit=FakeAudit())


def credentials(data: bytes) -> object:
    """Nobody comes in who does not show one of the three secrets, where it counts."""
    header, _, rest = data.partition(b"\n")
    cookie, _, number = rest.partition(b"\n")
    authorization, cookies = header.decode("latin-1"), cookie.decode("latin-1")
    where = PLACES[number[0] % len(PLACES)] if number else PLACES[0]
    found = _doors().admit(authorization, where, cookies)
    if found.granted:
        shown = {
            How.TOKEN: TOKEN in authorization,
            How.INTERNAL: INSIDE in authorization and is_loopback(where),
            How.SESSION: SECRET in cookies and not authorization,
        }
        must(found.how and shown.get(found.how), f"{found.how} came in without its secret")
    pair = read_basic(authorization)
    if pair and pair[0].isascii():
        again = base64.b64encode(f"{pair[0]}:{pair[1]}".encode()).decode()
        must(read_basic(again) == pair, "written and read again it is another")
    session = session_of(cookies)
    must(";" not in session, "a session holds a separator")
    return found.granted, found.why, pair, session, visit_of(cookies, secure_only=True), csrf_of(session)


def credential_seeds() -> list[bytes]:
    basic = base64.b64encode("ayşe:parola".encode())
    return [
        f"Bearer {TOKEN}\n\n0".encode(),
        f"Bearer {INSIDE}\n\n1".encode(),
        f"Bearer {INSIDE}\n\n0".encode(),
        f"\ngecit={SECRET}\n0".encode(),
        f'\na=b; __Host-gecit="{SECRET}"; gecit=x\n2'.encode(),
        b"Basic " + basic + b"\n\n0",
        basic,
        b"session cookie " + SECRET.encode() + b"\n\n",
        b"\ngecit_visit=abc\n",
    ]


class Pool:
    """A web process that answers at once; remembers what it was asked."""

    port = 1

    def __init__(self) -> None:
        self.asked: tuple[str, str, Any, dict[str, str]] = ("", "", None, {})
        self.answer: Any = None

    def request(self, method: str, path: str, body: Any = None, headers: Any = None, **_: object) -> Any:
        self.asked = (method, path, body, dict(headers or {}))
        return self.answer


NAMES = (*PASSED_ON, "host", "x-forwarded-for", "x-gecit-forwarder", "x-forwarded-host", "transfer-encoding")
BACK = (*PASSED_BACK, "X-Secret", "Server", "Transfer-Encoding", "Connection")


def forwarder(data: bytes) -> object:
    """Path and query arrive as they were; nothing but what is listed passes, either way; nothing is added."""
    draw = Draw(data)
    uri = PREFIX + draw.pick(("", "/", "/api/exams", f"/{draw.text(24)}", f"/exams/{draw.text(12)}/{draw.text(12)}"))
    given = {draw.pick(NAMES): draw.header(48) for _ in range(draw.below(5))}
    asked = {draw.text(8).replace("\ud800", "?"): draw.text(24).replace("\ud800", "?") for _ in range(draw.below(4))}
    status = draw.pick((200, 200, 201, 303, 404, 405, 428, 429, 451, 500, 599, 299))
    back = urllib3.HTTPHeaderDict((draw.pick(BACK), draw.header(32)) for _ in range(draw.below(5)))
    pool, output = Pool(), OldOutput()
    pool.answer = urllib3.HTTPResponse(draw.raw(64), back, status, preload_content=True)
    forward = Forwarder(1)
    forward._pool = pool  # type: ignore[assignment]
    body = draw.raw(32)
    method = draw.pick(("GET", "POST", "PUT", "DELETE"))
    must(is_ours(uri), "not ours")
    forward(
        output,
        uri,
        method=method,
        groups=(),
        get=asked,
        headers=given,
        ip=draw.pick(("127.0.0.1", "10.1.1.1")),
        body=body,
    )
    must(output.status in KNOWN_STATUS | {200, 405}, f"status {output.status}")
    _arrived(pool, uri, asked, given)
    names = {name for name, _ in output.headers}
    must(names <= {*PASSED_BACK, "Content-Type", "Allow", "Retry-After"}, f"passed back: {names}")
    return output.status, output.body, output.headers, pool.asked


def _arrived(pool: Pool, uri: str, asked: dict[str, str], given: dict[str, str]) -> None:
    _, target, _, headers = pool.asked
    if not target:
        return
    must(target.isascii() and target.isprintable() and " " not in target, "no request target")
    parts = urlsplit(target)
    must(not parts.scheme and not parts.netloc and not parts.fragment, "another address")
    must(
        unquote(parts.path, errors="surrogateescape").encode("utf-8", "surrogateescape")
        == uri.encode("utf-8", "surrogateescape"),
        "another path",
    )
    if all(one.isascii() and "%" not in one and "+" not in one for pair in asked.items() for one in pair):
        wanted = [pair for pair in asked.items() if pair != ("", "")]
        must(
            [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair != ("", "")] == wanted,
            "another query",
        )
    must(
        {name.lower() for name in headers} <= {*PASSED_ON, "x-forwarded-for", "x-forwarded-host", "x-gecit-forwarder"},
        "more headers",
    )


def origin(data: bytes) -> object:
    """Headers that say where a request comes from."""
    first, _, rest = data.partition(b"\n")
    site, _, host = rest.partition(b"\n")
    said = [one.decode("latin-1") for one in (first, site, host)]
    elsewhere = from_elsewhere(*said)
    must(elsewhere or not said[0] or said[2].lower() in said[0].lower(), "another origin is taken for ours")
    return elsewhere, carries(said[0], "abc")


TARGETS = (
    Target(
        name="credentials",
        reads="`Authorization` and `Cookie`",
        holds="never raises; nobody comes in without a secret that counts there; Basic read and written is the same",
        one=credentials,
        seeds=credential_seeds,
        tokens=(
            b"Bearer ",
            b"Basic ",
            b"gecit=",
            b"__Host-gecit=",
            b"gecit_visit=",
            SECRET.encode(),
            TOKEN.encode(),
            INSIDE.encode(),
            b"session cookie ",
            b"127.0.0.1",
            b"\n",
            b"; ",
        ),
        longest=512,
        ours=PLACES,
    ),
    Target(
        name="forwarder",
        reads="requests and answers that the plugin passes on",
        holds="path and query arrive as they were; only the listed headers pass; a status that Orthanc can say",
        one=forwarder,
        seeds=lambda: [bytes([n, 20]) + bytes(range(n, n + 60)) for n in range(0, 200, 20)],
        tokens=(b"%2e%2e", b"\r\n", b"?", b"#", b"//", b"\x00", b"%", b"..", b"@"),
        longest=512,
    ),
    Target(
        name="origin",
        reads="`Origin`, `Sec-Fetch-Site`, `Host` and form tokens",
        holds="another origin is never taken for ours",
        one=origin,
        seeds=lambda: [
            b"https://a.example\nsame-origin\na.example",
            b"null\n\na",
            b"http://[\n\na",
            b"https://a.example:8443\n\na.example:8443",
        ],
        tokens=(
            b"https://",
            b"http://[",
            b"[::1]",
            b"@",
            b"same-origin",
            b"none",
            b"cross-site",
            b"\n",
            b"null",
            b":80",
        ),
        longest=256,
    ),
)
