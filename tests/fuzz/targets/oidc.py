"""What a provider of identities answers: discovery, keys, tokens, userinfo; and what a browser brings back from it."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import Client

from gecit.edges.credentials import COOKIE
from gecit.edges.doors import Doors
from gecit.edges.passwords import password_faults
from gecit.steps.accounts import Desk
from gecit.web.accounts import AccountPages
from gecit.web.accounts.cookies import Sessions
from gecit.web.accounts.providers import Provider, Providers
from gecit.web.app import create_app
from tests.fake_accounts import FakeAudit
from tests.fakes import FakeAccounts, FakeViews, FakeVitals, StillClock
from tests.web.conftest import CHEAP, FakeInstitutions

from ..draw import Draw
from ..target import Target, must

ISSUER = "https://kimlik.example"
PATHS = ("/.well-known/openid-configuration", "/jwks", "/token", "/userinfo")
STRANGE = RSAKey.generate_key(2048)
CLAIMS = {
    "iss": ISSUER,
    "sub": "ayse",
    "aud": "gecit",
    "iat": 1772442000,
    "exp": 4000000000,
    "nonce": "n",
    "tckn": "10000000146",
}
RIGHT: tuple[Any, ...] = (
    {
        "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks", "userinfo_endpoint": f"{ISSUER}/userinfo",
        "id_token_signing_alg_values_supported": ["RS256"],
    },
    {"keys": [{**RSAKey.generate_key(2048).as_dict(private=False), "kid": "1", "use": "sig"}]},
    {"access_token": "a", "token_type": "Bearer",
     "id_token": jwt.encode({"alg": "RS256", "kid": "1"}, CLAIMS, STRANGE)},
    {"sub": "ayse", "tckn": "10000000146"},
)  # fmt: skip
NAMES = (
    "issuer", "token_endpoint", "jwks_uri", "userinfo_endpoint", "id_token_signing_alg_values_supported", "keys",
    "kty", "kid",
    "n", "e", "alg", "use", "access_token", "token_type", "id_token", "expires_in", "error", "error_description", "sub",
)  # fmt: skip


class Answers:
    """In the place of the network of `requests`: one body for each of the provider's addresses."""

    bodies: tuple[bytes, ...] = ()

    def __call__(self, asked: requests.PreparedRequest, **_: Any) -> requests.Response:
        found = requests.Response()
        path = urlsplit(asked.url or "").path
        found.status_code = 200
        found.url, found.request = asked.url or "", asked
        found._content = self.bodies[PATHS.index(path)] if path in PATHS else b"{}"
        found.headers["Content-Type"] = "application/json"
        return found


ANSWERS = Answers()


@cache
def _made() -> tuple[Flask, Providers]:
    accounts, clock, audit = FakeAccounts(), StillClock(), FakeAudit()
    known = Provider(
        name="e-devlet", label="e-Devlet", issuer=ISSUER, client_id="gecit", secret="x" * 40, scope="openid",
        tckn_claim="tckn", citizens=True,
    )  # fmt: skip
    doors = Doors(accounts, "inside", clock, audit=audit)
    pages = AccountPages(
        doors=doors, desk=Desk(accounts, audit, clock, CHEAP.hash, password_faults, lambda: ["910001"]),
        sessions=Sessions(accounts, timedelta(hours=12)), clock=clock, institutions=FakeInstitutions(),
        providers=Providers([known], accounts, audit, "https://gecit.example"),
    )  # fmt: skip
    app = create_app(doors=doors, views=FakeViews(), vitals=FakeVitals(), clock=clock, node="N1", accounts=pages)
    return app, pages.providers


def _app() -> Flask:
    """Our node, which knows nothing yet of what the provider's metadata and keys are."""
    app, providers = _made()
    providers._oauth._clients.clear()
    return app


@cache
def _waiting() -> tuple[str, str]:
    """The cookie and state of a sign-in that is under way."""
    Answers.bodies = tuple(json.dumps(one).encode() for one in RIGHT)
    answer = Client(_app(), use_cookies=False).get("/gecit/sign-in/by/e-devlet")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return cookie, parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]


def one(data: bytes) -> object:
    """Whatever the provider says, nobody is signed in by a token that it did not sign."""
    requests.adapters.HTTPAdapter.send = ANSWERS.__call__  # type: ignore[method-assign, assignment]
    cookie, state = _waiting()
    draw = Draw(data)
    which, came = draw.below(5), draw.pick(("state", "state", "state", "error", "odd", "none"))
    query = {
        "state": f"code=c&state={state}", "error": f"error={quote(draw.text(20), errors='replace')}&state={state}",
        "odd": f"code={quote(draw.text(20), errors='replace')}"
        f"&state={quote(draw.text(20), errors='replace')}", "none": "",
    }[came]  # fmt: skip
    rest = draw.rest()
    Answers.bodies = tuple(
        (_token(rest) if which == 4 and number == 2 else rest)
        if number == (2 if which == 4 else which)
        else json.dumps(right).encode()
        for number, right in enumerate(RIGHT)
    )
    answer = Client(_app(), use_cookies=False).get(
        f"/gecit/sign-in/by/e-devlet/back?{query}", headers={"Cookie": cookie if draw.byte() < 250 else ""}
    )
    must(answer.status_code in (302, 303, 400, 403, 404, 502), f"status {answer.status_code}")
    must(not any(one.startswith(f"{COOKIE}=") for one in answer.headers.getlist("Set-Cookie")), "somebody is signed in")
    return answer.status_code


def _token(rest: bytes) -> bytes:
    """An identity token of the fuzzer's: head and claims of JSON of its own, or a token as it stands."""
    head, _, claims = rest.partition(b"\n")
    made = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, claims)) + b"."
    return json.dumps({**RIGHT[2], "id_token": made.decode()}).encode()


def seeds() -> list[bytes]:
    bodies = [json.dumps(one).encode() for one in RIGHT]
    whole = [bytes([number, 0]) + body for number, body in enumerate(bodies)]
    tokens = [
        b'{"alg":"none"}\n' + json.dumps(CLAIMS).encode(),
        b'{"alg":"RS256","kid":"1"}\n' + json.dumps(CLAIMS).encode(),
    ]
    return [*whole, *(b"\x04\x00" + one for one in tokens), b"\0\4\x20abc", b"\0\3\x20access_denied"]


TARGETS = (
    Target(
        name="oidc",
        reads="answers of a provider of identities, and what a browser brings back",
        holds="nobody is signed in by a token that the provider did not sign; a refusal otherwise",
        one=one,
        seeds=seeds,
        tokens=(
            *tuple(f'"{name}":'.encode() for name in NAMES),
            b'"none"',
            b'"HS256"',
            b"null",
            b"NaN",
            b"[" * 1100,
            b'{"keys":[]}',
            b"{}",
        ),
        longest=2048,
    ),
)
