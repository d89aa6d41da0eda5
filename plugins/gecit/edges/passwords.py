"""Passwords: hashing with Argon2, and an end to guessing."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from gecit.ports import Accounts, Clock

from .credentials import attempt_key

AT_ONCE = 4  # checks that run side by side: each takes 64 MiB and some 50 ms
WAIT_SECONDS = 5.0
WINDOW = timedelta(minutes=15)
LIMITS = {"account": 10, "address": 50}
"""Wrong passwords in one window, from anywhere for one account, and for anybody from one address."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password (RFC 9106, the library's parameters)."""
    return PasswordHasher().hash(password)


class PasswordCheck:
    """Compares passwords with their hashes, a few at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._room = threading.BoundedSemaphore(AT_ONCE)

    @cached_property
    def _nobody(self) -> str:
        """A hash that nothing fits, so that an unknown user costs as much time as a known one."""
        return self._hasher.hash(secrets.token_urlsafe())

    def fits(self, password_hash: str | None, password: str) -> bool | None:
        """Whether it is the password; None where too many are being checked to tell."""
        if not self._room.acquire(timeout=WAIT_SECONDS):
            return None
        try:
            return self._hasher.verify(password_hash or self._nobody, password) and password_hash is not None
        except (Argon2Error, InvalidHashError):
            return False
        finally:
            self._room.release()


class Guessing:
    """Counts wrong passwords in the ledger, so that all doors of all processes count together."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def too_many(self, name: str, address: str) -> bool:
        """Whether nobody is asked any more, a right password included: else the guesser would learn it."""
        since = self._clock.now() - WINDOW
        return any(self._accounts.attempts(key, since) >= LIMITS[kind] for kind, key in _keys(name, address))

    def count(self, name: str, address: str) -> None:
        """Count one more."""
        now = self._clock.now()
        for _, key in _keys(name, address):
            self._accounts.count_attempt(key, now, now - WINDOW)

    def forget(self, name: str) -> None:
        """Let an account begin anew: it signed in, or was given another password."""
        self._accounts.forget_attempts(attempt_key("account", name))


def _keys(name: str, address: str) -> list[tuple[str, str]]:
    return [("account", attempt_key("account", name)), ("address", attempt_key("address", address))]
