"""The cookie of a session: for us alone, and over TLS under a name that nobody else can set."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Response, request

from gecit.core.accounts import Account, Session
from gecit.edges.credentials import COOKIE, SECURE_COOKIE, new_token, token_digest
from gecit.ports import Accounts
from gecit.steps.accounts import end_with_those_carried_over

from ..sender import address


class Sessions:
    """Begins and ends sessions of browsers. `over_tls`: the node is reached over TLS whatever the request says."""

    def __init__(self, accounts: Accounts, lasting: timedelta, *, over_tls: bool = False) -> None:
        self._accounts = accounts
        self._lasting = lasting
        self._over_tls = over_tls

    def begin(self, response: Response, account: Account, now: datetime, how: str = "password") -> Response:
        """Begin a session that nobody had before, and have the browser keep it until it ends.

        Whoever sat there before and left without signing out is signed out by it, at other nodes too.
        """
        for name in (SECURE_COOKIE, COOKIE):
            if shown := request.cookies.get(name):
                end_with_those_carried_over(self._accounts, token_digest(shown))
        return self._kept(response, account, now, now, now + self._lasting, how)

    def carry_on(self, response: Response, account: Account, session: Session) -> Response:
        """Have the browser keep a sign-in of another node: a session of its own, that ends when that one does."""
        ends = min(session.expires_at, session.created_at + self._lasting)
        return self._kept(response, account, session.created_at, session.seen_at, ends, session.how)

    def _kept(
        self, response: Response, account: Account, begun_at: datetime, now: datetime, ends: datetime, how: str
    ) -> Response:
        value = new_token()
        begun = Session(
            digest=token_digest(value),
            account=account.name,
            created_at=begun_at,
            seen_at=now,
            expires_at=ends,
            how=how,
            address=address(),
        )
        self._accounts.add_session(begun)
        secure = self._over_tls or request.is_secure
        response.set_cookie(
            SECURE_COOKIE if secure else COOKIE, value, path="/", secure=secure, httponly=True, samesite="Lax"
        )
        return response

    def end(self, response: Response) -> Response:
        """Have the browser forget it."""
        for name, secure in ((SECURE_COOKIE, True), (COOKIE, False)):
            response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="Lax")
        return response
