"""What an administrator, and everybody of the own account, does with accounts and tokens; every change is audited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from ..core.access import Action, Person, Role, Whose, may
from ..core.accounts import Account, Token, attempt_key, login_name, may_have_token, person_of
from ..core.audit import AuditEntry
from ..core.identifiers import has_tckn_checksum
from ..core.values import Text
from ..ports import Accounts, Audit, Clock, TcknTakenError

NEEDS_EMPLOYER = frozenset(Role) - {Role.ADMINISTRATOR, Role.CITIZEN}
SETUP = Person(name="gecit", roles=(Role.ADMINISTRATOR,))
"""Who works at the installation's own command line."""


class AccountFault(Exception):
    """What was asked for cannot be done; says what to mend."""

    def __init__(self, faults: Sequence[Text]) -> None:
        super().__init__("\n".join(f"{one.tr} / {one.en}" for one in faults))
        self.faults = tuple(faults)


def end_with_those_carried_over(accounts: Accounts, digest: str) -> None:
    """End a session and all of one beginning with it."""
    begun = accounts.session(digest)
    for one in accounts.sessions(begun.account) if begun else ():
        if begun and one.created_at == begun.created_at:
            accounts.end_session(one.account, one.digest)


class Desk:
    """Changes accounts and tokens on behalf of somebody.

    `hashed`: makes a password's hash. `faults`: says what is wrong with a new password, given what is known of its
    owner. `institutions`: the SKRS codes that are recorded.
    """

    def __init__(
        self,
        accounts: Accounts,
        audit: Audit,
        clock: Clock,
        hashed: Callable[[str], str],
        faults: Callable[..., list[Text]],
        institutions: Callable[[], Sequence[str]],
    ) -> None:
        self.accounts = accounts
        self._audit = audit
        self._clock = clock
        self._hashed = hashed
        self._faults = faults
        self._institutions = institutions

    # Accounts

    def save(self, by: Person, account: Account, address: str = "", *, new: bool = False) -> Account:
        """Add or change an account. Raises `AccountFault`."""
        name = login_name(account.name)
        old = self.accounts.account(name) if name else None
        _raise(self._wrong(account, name, old, new=new))
        kept = replace(account, name=name)
        self._tell(by, "add an account" if old is None else "change an account", address, kept, _changes(old, kept))
        try:
            self.accounts.save_account(kept, self._clock.now())
        except TcknTakenError as fault:
            raise AccountFault([TCKN_TAKEN]) from fault
        return kept

    def _wrong(self, account: Account, name: str, old: Account | None, *, new: bool) -> list[Text]:
        known = not account.institution or account.institution in self._institutions()
        homeless = not account.institution and bool(NEEDS_EMPLOYER & set(account.roles))
        tckn = account.tckn and not has_tckn_checksum(account.tckn)
        checks = (
            (not name, NAME_FAULT),
            (new and (old is not None or name.casefold() == SETUP.name), NAME_TAKEN),  # the audit's name for ourselves
            (not known, NO_INSTITUTION),
            (homeless, NO_EMPLOYER),
            (bool(tckn), TCKN_FAULT),
            (old is not None and self._last_administrator(old, account), LAST_ADMINISTRATOR),
        )
        return [text for wrong, text in checks if wrong]

    def _last_administrator(self, old: Account, new: Account) -> bool:
        def able(one: Account) -> bool:
            return Role.ADMINISTRATOR in one.roles and not one.disabled

        if not able(old) or able(new):
            return False
        others = (one for one in self.accounts.accounts() if one.name != old.name)
        return not any(able(one) and self.accounts.password_hash(one.name) for one in others)

    def set_password(self, by: Person, account: Account, password: str, address: str = "") -> None:
        """Give an account a password; its sessions end. Raises `AccountFault`."""
        _raise(self._faults(password, account.name, account.full_name))
        self._tell(by, "set a password", address, account)
        self.accounts.set_password(account.name, self._hashed(password), self._clock.now())
        self.accounts.forget_attempts(attempt_key("account", account.name))

    def password_faults(self, password: str, *known: str) -> list[Text]:
        """Say what is wrong with a new password."""
        return self._faults(password, *known)

    # Sessions

    def end_session(self, by: Person, digest: str, address: str = "") -> bool:
        """End one of one's own sessions."""
        self._record(by, "sign out", address, by.institution)
        return self.accounts.end_session(by.name, digest)

    def sign_out(self, by: Person, digest: str, address: str = "") -> None:
        """End a browser's session with those that it was carried over to at other nodes.

        He who sat there knows of none of them, and a node that still knew him would take the next one for him.
        """
        self._record(by, "sign out", address, by.institution)
        end_with_those_carried_over(self.accounts, digest)

    def end_sessions(self, by: Person, account: Account, address: str = "") -> int:
        """End all sessions of an account."""
        self._tell(by, "sign out everywhere", address, account)
        return self.accounts.end_sessions(account.name)

    # Tokens

    def tokens(self, by: Person) -> list[Token]:
        """Return the tokens that somebody may see: those of institutions that he may make tokens of."""
        return [one for one in self.accounts.tokens() if _manages(by, one)]

    def add_token(self, by: Person, token: Token, address: str = "") -> None:
        """Keep a token. Raises `AccountFault`."""
        owner = self.accounts.account(token.owner)
        if owner is None:
            raise AccountFault([NO_ACCOUNT])
        if token.institution and token.institution not in self._institutions():
            raise AccountFault([NO_INSTITUTION])
        able = may_have_token(person_of(owner), token.institution) if token.institution else bool(owner.roles)
        _raise([] if _manages(by, token) and able else [TOKEN_FAULT])
        self._record(by, "add a token", address, token.institution, token=token.id, owner=owner.name)
        self.accounts.add_token(
            token.digest,
            owner.name,
            token.created_at,
            token.expires_at,
            label=token.label,
            institution=token.institution,
            actions=token.actions,
        )

    def revoke_token(self, by: Person, named: str, address: str = "") -> Token:
        """Revoke the token whose digest begins so. Raises `AccountFault`."""
        found = [one for one in self.tokens(by) if len(named) >= 12 and one.digest.startswith(named)]
        if len(found) != 1:
            raise AccountFault([NO_TOKEN])
        self._record(by, "revoke a token", address, found[0].institution, token=found[0].id, owner=found[0].owner)
        self.accounts.revoke_token(found[0].digest, self._clock.now())
        return found[0]

    # Institutions

    def record(self, by: Person, what: str, institution: str, address: str = "") -> None:
        """Have a change of an institution audited."""
        self._record(by, what, address, institution)

    # Audit

    def _tell(self, by: Person, what: str, address: str, account: Account, changed: str = "") -> None:
        detail = {"account": account.name} | ({"changed": changed} if changed else {})
        self._record(by, what, address, account.institution, **detail)

    def _record(self, by: Person, what: str, address: str, institution: str, **detail: str) -> None:
        outcome: Literal["done"] = "done"
        self._audit.record(
            AuditEntry(
                at=self._clock.now(),
                who=by.name,
                what=what,
                institution=institution,
                address=address,
                outcome=outcome,
                detail=detail,
            )
        )


def expiry(now: datetime, ends: datetime | None) -> datetime | None:
    """Return when a token ends; a past end is none that a person means. Raises `AccountFault`."""
    if ends is not None and ends <= now:
        raise AccountFault([PAST])
    return ends


def _manages(by: Person, token: Token) -> bool:
    """Whether somebody may make, see and revoke such a token: one without an institution is an administrator's."""
    own = bool(token.institution) and token.institution == by.institution
    return may(by, Action.MANAGE_TOKENS, Whose.OWN if own else Whose.FOREIGN)


def _changes(old: Account | None, new: Account) -> str:
    """Name the fields that change; what stands in them stays out of the audit, but for roles."""
    if old is None:
        return f"roles: {' '.join(new.roles)}"
    fields = ("full_name", "email", "institution", "tckn", "disabled")
    names = [one for one in fields if getattr(old, one) != getattr(new, one)]
    if set(old.roles) != set(new.roles):
        names.append(f"roles: {' '.join(sorted(old.roles))} -> {' '.join(sorted(new.roles))}")
    return ", ".join(names)


def _raise(faults: Sequence[Text]) -> None:
    if faults:
        raise AccountFault(faults)


NAME_FAULT = Text(
    tr="Kullanıcı adı 1-64 karakter olmalı; başında ve sonunda boşluk, içinde iki nokta olamaz.",
    en="A user name has 1 to 64 characters, no blank at its ends and no colon.",
)
NAME_TAKEN = Text(tr="Bu kullanıcı adı alınmış.", en="This user name is taken.")
NO_ACCOUNT = Text(tr="Böyle bir hesap yok.", en="There is no such account.")
NO_TOKEN = Text(tr="Böyle bir belirteç yok.", en="There is no such token.")
NO_INSTITUTION = Text(
    tr="Bu SKRS koduyla kayıtlı kurum yok; önce kurumu ekleyin.",
    en="No institution is recorded with this SKRS code; add it first.",
)
NO_EMPLOYER = Text(
    tr="Bu rol için kurum seçilmeli; yalnızca sistem yöneticisi ile vatandaşın kurumu olmayabilir.",
    en="This role needs an institution; only administrators and citizens may have none.",
)
TCKN_FAULT = Text(tr="T.C. kimlik numarası geçersiz.", en="The Turkish identity number is not valid.")
TCKN_TAKEN = Text(
    tr="Bu T.C. kimlik numarası başka bir hesapta kayıtlı.", en="Another account has this Turkish identity number."
)
LAST_ADMINISTRATOR = Text(
    tr="Parolayla girebilen son sistem yöneticisi bırakılamaz; önce bir başkasını ekleyin.",
    en="The last administrator with a password cannot be given up; add another one first.",
)
TOKEN_FAULT = Text(
    tr="Bu hesap için bu kurumun belirteci verilemez: sahibi o kurumun yöneticisi ya da programı, ya da sistem "
    "yöneticisi olmalı; kurumsuz belirteci yalnızca sistem yöneticisi verir.",
    en="This account cannot have a token of this institution: its owner must be its manager, its program or an "
    "administrator; only administrators give tokens without an institution.",
)
PAST = Text(tr="Bitiş günü geçmişte olamaz.", en="The end must not be in the past.")
