"""Who may pass: the internal token, an administrator's password, or a token. A door that errs refuses."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_address

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from gecit.core.access import Person, Role
from gecit.core.values import Value
from gecit.ports import Accounts, Clock

log = logging.getLogger("gecit.doors")

PASSWORD_SECONDS = 60.0  # a right password is believed for so long: one Argon2 check costs about 50 ms
TOKEN_SECONDS = 5.0  # a revoked token, and a wrong credential, are remembered for so long
FAILURES = 10  # wrong passwords for one user from one address ...
FAILURE_SECONDS = 60.0  # ... within so long; then nobody is asked any more
REMEMBERED = 4096  # entries of each table, the oldest forgotten first
INTERNAL = "gecit"


class Why(StrEnum):
    """Why somebody is not let in."""

    MISSING = "missing"  # no credentials, or none that we can read
    WRONG = "wrong"
    TOO_MANY = "too many"  # failures; try again later
    UNAVAILABLE = "unavailable"  # the ledger cannot be asked


class Admission(Value):
    """Who stands at the door: `who` is empty where the door stays shut."""

    who: str = ""
    why: Why | None = None

    @property
    def granted(self) -> bool:
        """Whether the door opens."""
        return bool(self.who)

    @property
    def person(self) -> Person:
        """Whose rights count; whoever is not let in has none."""
        return Person(name=self.who, roles=(Role.ADMINISTRATOR,) if self.who else ())


class Remembered:
    """A small table of answers, each good until its second (monotonic)."""

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, tuple[float, Admission]] = OrderedDict()

    def get(self, key: bytes, now: float) -> Admission | None:
        """Return the answer while it is good."""
        until, answer = self._rows.get(key, (now, None))
        return answer if now < until else None

    def put(self, key: bytes, answer: Admission, until: float) -> None:
        """Keep an answer, the oldest being forgotten where the table is full."""
        self._rows[key] = (until, answer)
        self._rows.move_to_end(key)
        while len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)


class Failures:
    """Counts wrong passwords by user and address in windows of `FAILURE_SECONDS`."""

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def many(self, key: bytes, now: float) -> bool:
        """Whether the window is full."""
        since, count = self._rows.get(key, (now, 0))
        return count >= FAILURES and now < since + FAILURE_SECONDS

    def add(self, key: bytes, now: float) -> None:
        """Count one more failure."""
        since, count = self._rows.get(key, (now, 0))
        self._rows[key] = (since, count + 1) if now < since + FAILURE_SECONDS else (now, 1)
        while len(self._rows) > REMEMBERED:
            self._rows.popitem(last=False)


def new_token() -> str:
    """Return a fresh token of 256 random bits."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what the ledger keeps of a token: its SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_loopback(address: str) -> bool:
    """Whether the address is this machine; False for what is no address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Doors:
    """Decides by one `Authorization` header and the address it came from; safe to share between threads."""

    def __init__(
        self, accounts: Accounts, internal_token: str, clock: Clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = accounts
        self._internal = internal_token.encode()
        self._clock = clock
        self._monotonic = monotonic
        self._hasher = PasswordHasher()
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known = Remembered()
        self._failures = Failures()

    def admit(self, authorization: str, address: str) -> Admission:
        """Say who it is; never raises: what goes wrong inside keeps the door shut."""
        try:
            return self._admit(authorization, address)
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a door: it refuses
            log.error("door cannot ask: %s", type(fault).__name__)
            return Admission(why=Why.UNAVAILABLE)

    def proof(self, challenge: str) -> str:
        """Answer a challenge as only a process of this node can: HMAC-SHA-256 under the internal token, hex."""
        return hmac.new(self._internal, b"gecit web " + challenge.encode(), "sha256").hexdigest()

    def is_internal(self, authorization: str) -> bool:
        """Whether this is the token that only this installation's own processes know."""
        scheme, _, secret = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(secret.strip().encode(), self._internal)

    def _admit(self, authorization: str, address: str) -> Admission:
        scheme, _, secret = authorization.partition(" ")
        if self.is_internal(authorization):
            return Admission(who=INTERNAL) if is_loopback(address) else Admission(why=Why.WRONG)
        check = {"basic": self._password, "bearer": self._token}.get(scheme.lower())
        if check is None or not secret.strip():
            return Admission(why=Why.MISSING)
        key, now = self._digest(scheme.lower(), secret.strip()), self._monotonic()
        with self._lock:
            known = self._known.get(key, now)
        return known or check(secret.strip(), key, address)

    def _digest(self, *parts: str) -> bytes:
        return hashlib.blake2b("\0".join(parts).encode(), key=self._key).digest()

    def _remember(self, key: bytes, answer: Admission, seconds: float) -> Admission:
        with self._lock:
            self._known.put(key, answer, self._monotonic() + seconds)
        return answer

    def _token(self, secret: str, key: bytes, address: str) -> Admission:
        owner = self._accounts.token_owner(token_digest(secret), self._clock.now())
        return self._remember(key, Admission(who=owner) if owner else Admission(why=Why.WRONG), TOKEN_SECONDS)

    def _password(self, secret: str, key: bytes, address: str) -> Admission:
        pair = read_basic(secret)
        if pair is None:
            return Admission(why=Why.MISSING)
        user, password = pair
        attempt = self._digest(user, address)
        with self._lock:
            if self._failures.many(attempt, self._monotonic()):
                return Admission(why=Why.TOO_MANY)
        if self._verify(self._accounts.password_hash(user), password):
            return self._remember(key, Admission(who=user), PASSWORD_SECONDS)
        with self._lock:
            self._failures.add(attempt, self._monotonic())
        log.warning("wrong password from %s", address)
        return self._remember(key, Admission(why=Why.WRONG), TOKEN_SECONDS)

    @cached_property
    def _nobody(self) -> str:
        """A hash that nothing fits, so that an unknown user costs as much time as a known one."""
        return self._hasher.hash(secrets.token_urlsafe())

    def _verify(self, password_hash: str | None, password: str) -> bool:
        try:
            right = self._hasher.verify(password_hash or self._nobody, password)
        except (Argon2Error, InvalidHashError):
            return False
        return right and password_hash is not None


def read_basic(secret: str) -> tuple[str, str] | None:
    """Return user and password of an HTTP Basic credential (RFC 7617, UTF-8); None where it is none."""
    try:
        user, colon, password = base64.b64decode(secret, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon and user else None
