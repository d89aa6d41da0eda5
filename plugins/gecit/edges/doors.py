"""Who may pass: the internal token, a password, a token, a session. A door that errs refuses."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.accounts import Account, login_name, person_of, person_of_token
from gecit.core.audit import AuditEntry
from gecit.core.disclosures import Disclosed
from gecit.core.values import Value
from gecit.ports import Accounts, Audit, Clock, NoAudit, Unavailable

from .credentials import csrf_of, is_loopback, read_basic, session_of, visit_of
from .credentials import new_token as new_token
from .credentials import token_digest as token_digest
from .passwords import Guessing, PasswordCheck, network_of

log = logging.getLogger("gecit.doors")

ANSWER_SECONDS = 3.0  # what the ledger said is believed for so long: who is revoked is out after it
RIGHT_SECONDS = 900.0  # a right password is not hashed again for so long, while the account's hash stays the same
USED_SECONDS = 60.0  # last use and last sight are written down no more often
REFUSED_SECONDS = 60.0  # within it the same refusal from the same network is one row of the audit
REMEMBERED = 4096  # entries of each table, the oldest forgotten first
IDLE = timedelta(minutes=60)
INTERNAL = "gecit"
SIGN_IN, SHOW_TOKEN = "sign in", "show a token"
SESSION, VISIT = "session cookie", "visit cookie"  # as a scheme that no header can name, for the blank


class Why(StrEnum):
    """Why somebody is not let in."""

    MISSING = "missing"  # no credentials, none that we can read, or a session that ended
    WRONG = "wrong"
    TOO_MANY = "too many"  # failures; try again later
    UNAVAILABLE = "unavailable"  # the ledger cannot be asked


class How(StrEnum):
    """What opened the door."""

    INTERNAL = "internal"
    PASSWORD = "password"  # noqa: S105 -- HTTP Basic
    TOKEN = "token"  # noqa: S105
    SESSION = "session"
    VISIT = "visit"  # a link and its code were shown


class Told(StrEnum):
    """Which right passwords are audited as a sign-in."""

    EACH = "each"  # somebody signs in on the page
    FIRST = "first"  # a program shows its password with every request
    NONE = "none"  # somebody who is signed in confirms something


class Admission(Value):
    """Who stands at the door: `who` is empty where the door stays shut."""

    who: str = ""
    why: Why | None = None
    person: Person = Person(name="")  # whose rights count; whoever is not let in has none
    how: How | None = None
    session: str = ""  # digest of the session
    csrf: str = ""  # what a form of this session must carry

    @property
    def granted(self) -> bool:
        """Whether the door opens."""
        return bool(self.who)

    @property
    def is_administrator(self) -> bool:
        """Whether it is one, or this installation itself."""
        return Role.ADMINISTRATOR in self.person.roles


T = TypeVar("T")


class Remembered(Generic[T]):
    """A small table of answers, each good until its second (monotonic)."""

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, tuple[float, T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes, now: float) -> T | None:
        """Return the answer while it is good."""
        with self._lock:
            row = self._rows.get(key)
        return row[1] if row and now < row[0] else None

    def put(self, key: bytes, answer: T, until: float) -> None:
        """Keep an answer, the oldest being forgotten where the table is full."""
        with self._lock:
            self._rows[key] = (until, answer)
            self._rows.move_to_end(key)
            while len(self._rows) > REMEMBERED:
                self._rows.popitem(last=False)


class Doors:
    """Decides by what a request shows and the address it came from; safe to share between threads.

    `idle`: how long a session stands unused. `secure_only`: take no cookie but the one that only TLS can set.
    `granted`: which institutions an account may report for at an instant, beside its own. `disclosed`: which exams
    are opened to it. `visitor`: as whom the digest of a visit's cookie (SHA-256, hex) stands at an instant.
    """

    def __init__(
        self,
        accounts: Accounts,
        internal_token: str,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        audit: Audit | None = None,
        idle: timedelta = IDLE,
        secure_only: bool = False,
        granted: Callable[[Account, datetime], tuple[str, ...]] = lambda account, now: (),
        disclosed: Callable[[Account, datetime], Disclosed] = lambda account, now: Disclosed(),
        visitor: Callable[[str, datetime], Account | None] = lambda digest, now: None,
    ) -> None:
        self._accounts = accounts
        self._granted = granted
        self._disclosed = disclosed
        self._visitor = visitor
        self._internal = internal_token.encode()
        self._clock = clock
        self._monotonic = monotonic
        self._audit = audit or NoAudit()
        self._idle = idle
        self._secure_only = secure_only
        self._passwords = PasswordCheck()
        self._guessing = Guessing(accounts, clock)
        self._key = secrets.token_bytes(32)
        self._era = 0  # counts what was forgotten
        self._known: Remembered[Admission] = Remembered()
        self._right: Remembered[str] = Remembered()  # credential -> the hash that it fitted
        self._used: Remembered[bool] = Remembered()
        self._told: Remembered[bool] = Remembered()

    def admit(self, authorization: str, address: str, cookies: str = "") -> Admission:
        """Say who it is by the headers Authorization, else Cookie; never raises: what goes wrong keeps it shut."""
        try:
            return self._admit(authorization, address, cookies)
        except Exception as fault:  # noqa: BLE001 the outermost boundary of a door: it refuses
            log.error("door cannot ask: %s", type(fault).__name__)
            return Admission(why=Why.UNAVAILABLE)

    def sign_in(self, name: str, password: str, address: str) -> Admission:
        """Say whether a password that was typed into our page opens the door; raises where the ledger fails."""
        return self._check(login_name(name), password, address, Told.EACH)

    def knows_password(self, name: str, password: str, address: str) -> Admission:
        """Say whether somebody who is signed in knows the password too; raises where the ledger fails."""
        return self._check(name, password, address, Told.NONE)

    def forget(self, cookies: str) -> None:
        """Have the next request with this session ask the ledger again: it was ended, or its account changed."""
        self._era += 1
        for scheme, secret in ((SESSION, session_of(cookies)), (VISIT, visit_of(cookies))):
            self._known.put(self._digest(scheme, secret), Admission(), 0.0)

    def proof(self, challenge: str) -> str:
        """Answer a challenge as only a process of this node can: HMAC-SHA-256 under the internal token, hex."""
        return hmac.new(self._internal, b"gecit web " + challenge.encode(), "sha256").hexdigest()

    def key(self, purpose: str) -> bytes:
        """Return a key for something of this installation's own, as long as its internal token serves."""
        return hmac.new(self._internal, f"gecit key {purpose}".encode(), "sha256").digest()

    def is_internal(self, authorization: str) -> bool:
        """Whether this is the token that only this installation's own processes know."""
        scheme, _, secret = authorization.partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(secret.strip().encode(), self._internal)

    def _admit(self, authorization: str, address: str, cookies: str) -> Admission:
        if self.is_internal(authorization):
            return _internal() if is_loopback(address) else Admission(why=Why.WRONG)
        scheme, _, secret = authorization.partition(" ")
        if not authorization:
            scheme, secret = self._shown(cookies)
        checks = {"basic": self._basic, "bearer": self._token, SESSION: self._session, VISIT: self._visit}
        check = checks.get(scheme.lower())
        if check is None or not secret.strip():
            return Admission(why=Why.MISSING)
        # Only where it was shown before: elsewhere a password that is remembered would answer guesses past any limit.
        from_there = (address,) if check == self._basic else ()
        key = self._digest(scheme.lower(), secret.strip(), *from_there)
        began, era = self._monotonic(), self._era
        known = self._known.get(key, began)
        if known:
            return known
        answer = check(secret.strip(), address)
        if era == self._era:  # else something was ended while the ledger was asked, perhaps this
            self._known.put(key, answer, began + ANSWER_SECONDS)
        return answer

    def _shown(self, cookies: str) -> tuple[str, str]:
        """Return what a browser shows: its session, else its visit."""
        session = session_of(cookies, secure_only=self._secure_only)
        return (SESSION, session) if session else (VISIT, visit_of(cookies, secure_only=self._secure_only))

    def _digest(self, *parts: str) -> bytes:
        return hashlib.blake2b("\0".join(parts).encode(), key=self._key).digest()

    # Sessions

    def _session(self, value: str, address: str) -> Admission:
        digest, now = token_digest(value), self._clock.now()
        found = self._accounts.session(digest)
        if found is None or now >= min(found.expires_at, found.seen_at + self._idle):
            return Admission(why=Why.MISSING)
        account = self._accounts.account(found.account)
        if account is None or account.disabled:
            return Admission(why=Why.MISSING)
        self._note(digest, self._accounts.see_session)
        made = Admission(who=account.name, person=self._person(account), how=How.SESSION)
        return replace(made, session=digest, csrf=csrf_of(value))

    def _visit(self, value: str, address: str) -> Admission:
        account = self._visitor(token_digest(value), self._clock.now())
        person = self._person(account) if account else None
        if account is None or person is None or not (person.disclosed or person.disclosed_patients):
            return Admission(why=Why.MISSING)
        return Admission(who=account.name, person=person, how=How.VISIT, csrf=csrf_of(value))

    # Tokens

    def _token(self, secret: str, address: str) -> Admission:
        digest, now = token_digest(secret), self._clock.now()
        token = self._accounts.token(digest)
        owner = self._accounts.account(token.owner) if token else None
        if token is None or owner is None:
            self._refused_again(SHOW_TOKEN, "", address, "unknown token")
            return Admission(why=Why.WRONG)
        person = person_of_token(token, owner)
        if not token.stands(now) or person is None:
            self._refused_again(SHOW_TOKEN, owner.name, address, f"token {token.id} expired, revoked or without rights")
            return Admission(why=Why.WRONG)
        self._note(digest, self._accounts.use_token)
        return Admission(who=owner.name, person=person, how=How.TOKEN)

    def _note(self, digest: str, write: Callable[[str, datetime], None]) -> None:
        """Write down that it was used, now and then; whoever may come in does not wait for a ledger that is busy."""
        key, now = digest.encode(), self._monotonic()
        if self._used.get(key, now):
            return
        try:
            write(digest, self._clock.now())
        except Unavailable:
            log.warning("a last use was not written down")
        self._used.put(key, True, now + USED_SECONDS)

    # Passwords

    def _basic(self, secret: str, address: str) -> Admission:
        pair = read_basic(secret)
        return self._check(*pair, address, Told.FIRST) if pair else Admission(why=Why.MISSING)

    def _check(self, name: str, password: str, address: str, told: Told) -> Admission:
        account = self._accounts.account(name) if name else None
        kept = self._accounts.password_hash(name) if account and not account.disabled else None
        credential, now = self._digest(name, password, address), self._monotonic()
        seen_here = account and kept and self._right.get(credential, now) == kept
        if account and seen_here and not self._guessing.too_many_from(address):
            if told is Told.EACH:
                self._record(SIGN_IN, account.name, address, account.institution)
            return self._by_password(account)
        if self._guessing.too_many(name, address):
            self._refused_again(SIGN_IN, account.name if account else "", address, "too many wrong passwords")
            return Admission(why=Why.TOO_MANY)
        fits = self._passwords.fits(kept, password)
        if fits is None:
            return Admission(why=Why.TOO_MANY)
        if not (fits and account and kept):
            self._guessing.count(name, address)
            self._refused(SIGN_IN, account.name if account else "", address, "wrong password")
            return Admission(why=Why.WRONG)
        self._guessing.right(name, address)
        if told is not Told.NONE:
            self._record(SIGN_IN, account.name, address, account.institution)
            self._right.put(credential, kept, now + RIGHT_SECONDS)
        return self._by_password(account)

    def _by_password(self, account: Account) -> Admission:
        return Admission(who=account.name, person=self._person(account), how=How.PASSWORD)

    def _person(self, account: Account) -> Person:
        now = self._clock.now()
        shown = self._disclosed(account, now)
        return replace(
            person_of(account),
            granted=self._granted(account, now),
            disclosed=shown.exams,
            disclosed_patients=shown.patients,
        )

    # Audit

    def _refused_again(self, what: str, who: str, address: str, why: str) -> None:
        """Tell of what anybody can repeat as fast as he likes: once a minute, or he would fill the audit."""
        key, now = self._digest(what, who, network_of(address), why), self._monotonic()
        if not self._told.get(key, now):
            self._refused(what, who, address, why)
            self._told.put(key, True, now + REFUSED_SECONDS)

    def _refused(self, what: str, who: str, address: str, why: str) -> None:
        log.warning("%s refused from %s: %s", what, address, why)
        now = self._clock.now()
        self._audit.record(AuditEntry(at=now, who=who, what=what, address=address, outcome="refused", why=why))

    def _record(self, what: str, who: str, address: str, institution: str) -> None:
        made = AuditEntry(at=self._clock.now(), who=who, what=what, address=address, outcome="done")
        self._audit.record(replace(made, institution=institution))


def _internal() -> Admission:
    person = Person(name=INTERNAL, roles=(Role.ADMINISTRATOR,))
    return Admission(who=INTERNAL, person=person, how=How.INTERNAL)
