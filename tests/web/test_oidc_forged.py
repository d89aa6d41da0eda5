"""An identity token that the provider did not sign, or not for us, not now, not for this sign-in, lets nobody in."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.credentials import COOKIE
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
from tests.web.conftest import FakeInstitutions

OWN, STRANGE = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
SECRET = "x" * 40
CLOCK = SystemClock()
Forge = Callable[[dict[str, Any]], str]


def signed(claims: dict[str, Any], key: Any = OWN, alg: str = "RS256") -> str:
    return jwt.encode({"alg": alg, "kid": OWN.thumbprint()}, claims, key, algorithms=[alg])


def unsigned(claims: dict[str, Any]) -> str:
    """Return the token with a header that says `none` in the place of a signature (RFC 7515 A.5)."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{signed(claims).split('.')[1]}."


class Forger(BaseHTTPRequestHandler):
    """A provider that answers whatever it was told to; all of its other answers are right."""

    forge: Forge = staticmethod(signed)
    nonce = ""
    offered = ("RS256", "HS256", "none")

    def do_GET(self) -> None:
        issuer = f"http://{self.headers['Host']}"
        if self.path.startswith("/jwks"):
            self.answer({"keys": [{**OWN.as_dict(private=False), "kid": OWN.thumbprint(), "use": "sig"}]})
        else:
            self.answer(
                {
                    "issuer": issuer,
                    "authorization_endpoint": f"{issuer}/auth",
                    "token_endpoint": f"{issuer}/token",
                    "jwks_uri": f"{issuer}/jwks",
                    "id_token_signing_alg_values_supported": list(self.offered),
                }
            )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        now = int(time.time())
        claims = {
            "iss": f"http://{self.headers['Host']}",
            "sub": "ayse",
            "aud": "gecit",
            "iat": now,
            "exp": now + 300,
            "nonce": Forger.nonce,
            "tckn": "10000000146",
        }
        self.answer({"access_token": "a", "token_type": "Bearer", "id_token": Forger.forge(claims)})

    def answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def node(sqlite_ledger: SqlLedger) -> Iterator[str]:
    """The address of our node; a radiologist of it has the number that the provider tells."""
    sqlite_ledger.save_account(
        Account(name="ayşe", roles=(Role.RADIOLOGIST,), institution="910001", tckn="10000000146"), CLOCK.now()
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (port,) = free_ports(1)
    url, audit = f"http://127.0.0.1:{port}", FakeAudit()
    known = Provider(
        name="e-devlet",
        label="e-Devlet",
        issuer=f"http://127.0.0.1:{server.server_port}",
        client_id="gecit",
        secret=SECRET,
        scope="openid",
        tckn_claim="tckn",
        citizens=False,
    )
    doors = Doors(sqlite_ledger, "inside", CLOCK, audit=audit)
    pages = AccountPages(
        doors=doors,
        desk=Desk(sqlite_ledger, audit, CLOCK, hash_password, password_faults, lambda: ["910001"]),
        sessions=Sessions(sqlite_ledger, timedelta(hours=12)),
        clock=CLOCK,
        institutions=FakeInstitutions(),
        providers=Providers([known], sqlite_ledger, audit, url),
    )
    app = create_app(doors=doors, views=sqlite_ledger, vitals=sqlite_ledger, clock=CLOCK, node="N1", accounts=pages)
    stop = serve(app, port)
    yield url
    stop()
    server.shutdown()
    server.server_close()


def come_back(node: str) -> tuple[int, bool]:
    """Go to the provider and come back with a code; return the status, and whether a session began."""
    browser = requests.Session()
    asked = browser.get(f"{node}/gecit/sign-in/by/e-devlet", allow_redirects=False, timeout=10)
    query = parse_qs(urlsplit(asked.headers["Location"]).query)
    Forger.nonce = query["nonce"][0]
    back = {"code": "c", "state": query["state"][0]}
    answer = browser.get(f"{node}/gecit/sign-in/by/e-devlet/back", params=back, allow_redirects=False, timeout=10)
    return answer.status_code, COOKIE in browser.cookies


def test_the_forger_is_believed_where_it_forges_nothing(node: str) -> None:
    Forger.forge = staticmethod(signed)
    assert come_back(node) == (303, True)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda claims: signed({**claims, "aud": "another"}), id="for another client"),
        pytest.param(lambda claims: signed({**claims, "iss": "https://elsewhere.example"}), id="of another issuer"),
        pytest.param(lambda claims: signed({**claims, "exp": claims["iat"] - 3600}), id="expired"),
        pytest.param(lambda claims: signed({**claims, "nonce": "old"}), id="of another sign-in"),
        pytest.param(
            lambda claims: signed({name: value for name, value in claims.items() if name != "nonce"}), id="no nonce"
        ),
        pytest.param(
            lambda claims: signed({name: value for name, value in claims.items() if name != "sub"}), id="no subject"
        ),
        pytest.param(lambda claims: signed(claims, STRANGE), id="signed by a stranger"),
        pytest.param(lambda claims: signed(claims, OctKey.import_key(SECRET), "HS256"), id="signed by the secret"),
        pytest.param(unsigned, id="unsigned"),
        pytest.param(lambda claims: "no.token.atall", id="nonsense"),
    ],
)
def test_a_forged_token_lets_nobody_in(node: str, sqlite_ledger: SqlLedger, forge: Forge) -> None:
    Forger.forge = staticmethod(forge)
    assert come_back(node) == (502, False)
    assert sqlite_ledger.sessions("ayşe") == []
