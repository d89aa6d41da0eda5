"""Signing in by a provider of identities (OpenID Connect Core 3.1: code flow; with PKCE, state and nonce).

The library keeps state, nonce and verifier of a sign-in that is under way in a cookie of its own, signed, for minutes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, Response, abort, make_response, redirect, render_template, request, session
from joserfc.errors import JoseError

from gecit.core.accounts import Account
from gecit.core.values import Value
from gecit.ports import Accounts, Audit, Clock
from gecit.steps.identify import Identity, NotKnown, identify

from ..access import open_to_all
from ..frame import landing
from ..problem import refuse
from ..sender import address, safe_next
from .cookies import Sessions

log = logging.getLogger("gecit.sign_in")

TIMEOUT_SECONDS = 10
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider's; none at all, and one by a shared secret, are not among them."""
WAITING_COOKIE = "gecit_waiting"


class Provider(Value):
    """One provider, as settings name it."""

    name: str  # in addresses
    label: str
    issuer: str
    client_id: str
    secret: str
    scope: str
    tckn_claim: str
    citizens: bool
    ca_file: str = ""


class WrongProviderError(Exception):
    """What answers at the address is not the issuer that the settings name."""


class Providers:
    """The providers of this node, each asked for its endpoints when it is first needed."""

    def __init__(self, known: Sequence[Provider], accounts: Accounts, audit: Audit, public_url: str = "") -> None:
        self._known = {one.name: one for one in known}
        self._accounts = accounts
        self._audit = audit
        self._public_url = public_url.rstrip("/")
        self._oauth = OAuth()

    def attach(self, app: Flask, secret: bytes) -> None:
        """Register the providers with the application; `secret` signs the cookie of sign-ins under way."""
        app.secret_key = secret
        app.config.update(
            SESSION_COOKIE_NAME=WAITING_COOKIE,
            SESSION_COOKIE_PATH="/gecit/sign-in",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",  # the provider sends people back from its own origin
            SESSION_COOKIE_SECURE=self._public_url.startswith("https:"),
        )
        self._oauth.init_app(app)
        for one in self._known.values():
            self._oauth.register(
                one.name,
                client_id=one.client_id,
                client_secret=one.secret,
                server_metadata_url=f"{one.issuer.rstrip('/')}/.well-known/openid-configuration",
                client_kwargs={
                    "scope": one.scope,
                    "code_challenge_method": "S256",
                    "default_timeout": TIMEOUT_SECONDS,
                    "verify": one.ca_file or True,
                },
            )

    def shown(self) -> list[Provider]:
        """Return what the sign-in page offers."""
        return list(self._known.values())

    def named(self, name: str) -> Provider:
        """Return one; 404 where there is none."""
        return self._known.get(name) or abort(404)

    def send_there(self, one: Provider, next_page: str) -> Response:
        """Send the browser to the provider."""
        session["next"] = next_page
        home = self._public_url or request.url_root.rstrip("/")
        answer = self._client(one).authorize_redirect(f"{home}/gecit/sign-in/by/{one.name}/back")
        return make_response(answer)

    def identity(self, one: Provider) -> Identity:
        """Read and check what the provider sent back: code against token, signature, issuer, audience, nonce, times."""
        client = self._client(one)
        token = client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "values": [one.issuer]},
                "sub": {"essential": True},
                "aud": {"essential": True, "value": one.client_id},
            }
        )
        claims = token.get("userinfo") or {}  # of the ID token; the library calls it so
        if not claims:
            raise WrongProviderError("no ID token")
        if one.tckn_claim not in claims and client.server_metadata.get("userinfo_endpoint"):
            further = client.userinfo(token=token)
            if further.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
                raise WrongProviderError("userinfo of another subject")
            claims = {**further, **claims}
        return Identity(
            issuer=one.issuer,
            subject=str(claims["sub"]),
            tckn=str(claims.get(one.tckn_claim, "")),
            full_name=str(claims.get("name", ""))[:200],
            email=str(claims.get("email", ""))[:200],
        )

    def account(self, one: Provider, identity: Identity, clock: Clock) -> Account:
        """Return the account that an identity signs in. Raises `NotKnown`."""
        return identify(
            self._accounts,
            self._audit,
            clock,
            identity,
            label=one.label,
            citizens=one.citizens,
            address=address(),
        )

    def _client(self, one: Provider) -> Any:
        client = self._oauth.create_client(one.name)
        metadata = client.load_server_metadata()
        if metadata.get("issuer") != one.issuer:  # OpenID Connect Discovery 4.3
            raise WrongProviderError("another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [alg for alg in offered if alg in SIGNATURES]
        return client


# An answer that is JSON of another form goes through the libraries as a wrong type, key or attribute.
OF_ANOTHER_FORM = (LookupError, ValueError, TypeError, AttributeError, RecursionError, OverflowError)
FAILS = (AuthlibBaseError, JoseError, WrongProviderError, requests.RequestException, *OF_ANOTHER_FORM)


def provider_pages(providers: Providers, sessions: Sessions, clock: Clock) -> Blueprint:
    """Build the two addresses of a sign-in: going there, and coming back."""
    pages = Blueprint("providers", __name__, url_prefix="/gecit/sign-in/by")

    @pages.get("/<name>")
    @open_to_all
    def go(name: str) -> Response:
        one = providers.named(name)
        try:
            return providers.send_there(one, safe_next(request.args.get("next", "")))
        except FAILS as fault:
            log.error("%s cannot be asked: %s", one.name, type(fault).__name__)
            return refuse("provider")

    @pages.get("/<name>/back")
    @open_to_all
    def back(name: str) -> Response:
        one, next_page = providers.named(name), safe_next(session.pop("next", ""))
        try:
            identity = providers.identity(one)
        except FAILS as fault:  # what the provider says of it may name somebody
            log.warning("%s: sign-in failed: %s", one.name, type(fault).__name__)
            return refuse("provider")
        try:
            account = providers.account(one, identity, clock)
        except NotKnown as fault:
            page = render_template("sign_in.html", next=next_page, fault=fault.text, providers=providers.shown())
            return make_response(page, 403)
        return sessions.begin(
            make_response(redirect(landing(account.roles, next_page), 303)), account, clock.now(), one.label
        )

    return pages
