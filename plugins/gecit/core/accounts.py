"""Who is known here: accounts, what they sign in by, their sessions and tokens, and what rights follow."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from hashlib import sha256
from unicodedata import normalize

from .access import Action, Person, Role, Whose, may
from .values import Value

NAME = re.compile(r"[^\s:\x00-\x1f\x7f](?:[^:\x00-\x1f\x7f]{0,62}[^\s:\x00-\x1f\x7f])?")
"""A login name: HTTP Basic has no colon in it (RFC 7617)."""


class Account(Value):
    """A person or a program that may sign in; its password stands elsewhere, as a hash."""

    name: str  # what is typed at sign-in, and what the audit writes
    full_name: str = ""
    email: str = ""
    roles: tuple[Role, ...] = ()
    institution: str = ""  # SKRS code of the employer
    tckn: str = ""  # an identity provider's answer is matched with it
    disabled: bool = False
    created_at: datetime | None = None
    ownership: str = ""  # of the institution, when read: public | private | university
    province: str = ""  # of the institution, when read


class Login(Value):
    """One identity at a provider that signs an account in (OpenID Connect Core, 2: `iss` and `sub`)."""

    issuer: str
    subject: str
    account: str
    linked_at: datetime


TICKET = "ticket:"
"""Before the `how` of a session that no cookie opens (docs/decisions/0064)."""


class Session(Value):
    """One browser that is signed in."""

    digest: str  # SHA-256 of the cookie's value, hex
    account: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    how: str = "password"  # password | the label of an identity provider
    address: str = ""

    @property
    def is_ticket(self) -> bool:
        """Whether it is what takes a sign-in to another node, and no browser's."""
        return self.how.startswith(TICKET)

    @property
    def id(self) -> str:
        """What pages name it by."""
        return self.digest[:12]


class Token(Value):
    """What a program shows; the token itself is shown once and kept nowhere."""

    digest: str  # SHA-256 of the token, hex
    owner: str  # name of the account whose rights it has, narrowed
    created_at: datetime
    expires_at: datetime | None = None
    label: str = ""
    institution: str = ""  # SKRS code it is narrowed to; it is a program of that institution then
    actions: tuple[Action, ...] | None = None  # None = all that its role allows
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def id(self) -> str:
        """What pages and commands name it by."""
        return self.digest[:12]

    def stands(self, now: datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


FAMILIAR = "familiar:"  # begins a key of `familiar_key`
FAMILIAR_FOR = timedelta(days=30)
LONGEST_WINDOW = timedelta(days=1)
"""What attempts are counted in at the most; a row that began before it is nobody's any more."""


def attempt_key(kind: str, what: str) -> str:
    """Return what attempts are counted under: a digest, since what is typed as a name may be a password."""
    return sha256(f"{kind}\0{what}".encode()).hexdigest()


def attempt_from(key: str, network: str) -> str:
    """Return what attempts on one thing from one network are counted under; it is forgotten with the key itself."""
    return f"{key}:{attempt_key('from', network)}"


def familiar_key(name: str, network: str) -> str:
    """Return under what it is kept that a name's password was right from a network."""
    return FAMILIAR + attempt_from(attempt_key("account", name), network)


def login_name(typed: str) -> str:
    """Return a login name as accounts are found by it; "" where it can be none."""
    name = normalize("NFC", typed).strip()
    return name if NAME.fullmatch(name) else ""


def person_of(account: Account) -> Person:
    """Return whose rights an account has; a disabled one has none."""
    return Person(
        name=account.name,
        roles=() if account.disabled else account.roles,
        institution=account.institution,
        ownership=account.ownership,
        province=account.province,
        tckn=account.tckn,
    )


def person_of_token(token: Token, owner: Account) -> Person | None:
    """Return whose rights a token has; None where its owner may not have such a token any more.

    With an institution it is a program of that institution, whoever made it; without one it has its owner's rights.
    """
    person = person_of(owner)
    if not token.institution:
        return _narrowed(person, token) if person.roles else None
    if not may_have_token(person, token.institution):
        return None
    service = Person(name=owner.name, roles=(Role.SERVICE,), institution=token.institution)
    return _narrowed(service, token)


def may_have_token(person: Person, institution: str) -> bool:
    """Whether a person may make, or a program may have, a token of an institution."""
    own = bool(institution) and person.institution == institution
    if own and Role.SERVICE in person.roles:
        return True
    return may(person, Action.MANAGE_TOKENS, Whose.OWN if own else Whose.FOREIGN)


def _narrowed(person: Person, token: Token) -> Person:
    return Person(
        name=person.name,
        roles=person.roles,
        institution=person.institution,
        ownership=person.ownership,
        province=person.province,
        tckn=person.tckn,
        only=token.actions,
    )
