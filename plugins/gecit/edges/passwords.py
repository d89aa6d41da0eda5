"""Passwords: hashing with Argon2, and an end to guessing."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from functools import cached_property
from ipaddress import IPv4Address, IPv6Network, ip_address

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from gecit.core.accounts import FAMILIAR_FOR, attempt_from, attempt_key, familiar_key
from gecit.core.values import Text
from gecit.ports import Accounts, Clock

AT_ONCE = 4  # checks that run side by side: each takes 64 MiB and some 50 ms
WAIT_SECONDS = 5.0
WINDOW = timedelta(minutes=15)
LIMITS = {"account": 10, "address": 50, "everywhere": 100}
"""Wrong passwords in one window: for one account from one network, for anybody from one, for one account from all."""


SHORTEST, LONGEST = 12, 256
GUESSES = 8  # a password must withstand 10^8 guesses of who knows names and common words (zxcvbn)
LOOKED_AT = 72  # characters that are enough to tell: zxcvbn takes no more
OURS = (
    *("gecit", "geçit", "gecit123", "teleradyoloji", "radyoloji", "hastane", "medula", "bakanlik", "saglik", "sağlık"),
    *("sifre", "şifre", "parola", "turkiye", "türkiye", "istanbul", "ankara", "izmir", "yonetici", "yönetici"),
    *("galatasaray", "fenerbahce", "fenerbahçe", "besiktas", "beşiktaş", "trabzonspor", "qwertyuiopğü", "merhaba"),
)
"""Words that are near at hand here."""


def password_faults(password: str, *known: str) -> list[Text]:
    """Say what is wrong with a new password; `known`: the account's name, its owner's name, and what else is near."""
    found = []
    if not SHORTEST <= len(password) <= LONGEST:
        found.append(
            Text(tr=f"Parola {SHORTEST}-{LONGEST} karakter olmalı.", en=f"It needs {SHORTEST} to {LONGEST} characters.")
        )
    if any(len(one) > 3 and one.casefold() in password.casefold() for one in known):
        found.append(Text(tr="Parolada kullanıcı adı ya da ad geçemez.", en="It must not hold the name."))
    if not found and _guessable(password, known):
        found.append(
            Text(
                tr="Parola kolay tahmin ediliyor: sık kullanılan sözcük, tarih ve dizilerden kaçının, birkaç ilgisiz "
                "sözcük yazın.",
                en="It is easily guessed: avoid common words, dates and sequences; take a few unrelated words.",
            )
        )
    return found


def _guessable(password: str, known: tuple[str, ...]) -> bool:
    from zxcvbn import zxcvbn  # its lists take a moment and memory, which doors do without

    near = [*OURS, *(word for one in known for word in one.split())]
    return bool(zxcvbn(password[:LOOKED_AT], user_inputs=near)["guesses_log10"] < GUESSES)


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
    """Counts wrong passwords in the ledger, so that all doors of all processes count together.

    Whoever guesses shuts the account to his own network. From many networks he shuts it to those that its owner never
    came from: where a password was right within `FAMILIAR_FOR`, only what was guessed from there counts.
    """

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def too_many(self, name: str, address: str) -> bool:
        """Whether nobody is asked any more, a right password included: else the guesser would learn it."""
        network, account = network_of(address), attempt_key("account", name)
        if self._at_limit("account", attempt_from(account, network)) or self.too_many_from(address):
            return True
        return self._at_limit("everywhere", account) and not self._is_familiar(name, network)

    def too_many_from(self, address: str) -> bool:
        """Whether nobody from there is asked any more."""
        return self._at_limit("address", attempt_key("address", network_of(address)))

    def count(self, name: str, address: str) -> None:
        """Count one more."""
        now, network, account = self._clock.now(), network_of(address), attempt_key("account", name)
        for key in (account, attempt_from(account, network), attempt_key("address", network)):
            self._accounts.count_attempt(key, now, now - WINDOW)

    def right(self, name: str, address: str) -> None:
        """Let an account begin anew from where its password was right just now, and know that place from now on."""
        now, network = self._clock.now(), network_of(address)
        familiar = familiar_key(name, network)
        for key in (attempt_from(attempt_key("account", name), network), familiar):
            self._accounts.forget_attempts(key)
        self._accounts.count_attempt(familiar, now, now)  # known from now on, not since it first was

    def _at_limit(self, kind: str, key: str) -> bool:
        return self._accounts.attempts(key, self._clock.now() - WINDOW) >= LIMITS[kind]

    def _is_familiar(self, name: str, network: str) -> bool:
        return self._accounts.attempts(familiar_key(name, network), self._clock.now() - FAMILIAR_FOR) > 0


def network_of(address: str) -> str:
    """Return what one guesser surely holds: an IPv4 address, a whole /64 of IPv6 (RFC 6177)."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
