"""Who may come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ..core.access import Action
from ..core.accounts import Account, Login, Session, Token
from ..core.audit import AuditEntry


class NoAccountError(LookupError):
    """Something was to be kept for an account that does not exist."""


class TcknTakenError(ValueError):
    """Another account has that TCKN: an identity provider could not tell which one is meant."""


class Accounts(Protocol):
    """Who may come in. Secrets are kept as hashes only; digests are SHA-256, hex."""

    # Accounts

    def account(self, name: str) -> Account | None:
        """Return an account, disabled ones too, with ownership and province of its institution."""
        ...

    def account_of_tckn(self, tckn: str) -> Account | None:
        """Return the account with that TCKN."""
        ...

    def accounts(self) -> list[Account]:
        """Return all accounts, by name."""
        ...

    def save_account(self, account: Account, at: datetime) -> None:
        """Add an account, or change it; a disabled one loses its sessions. Raises `TcknTakenError`."""
        ...

    def password_hash(self, name: str) -> str | None:
        """Return the Argon2 hash of an account; None for nobody, and where it has no password."""
        ...

    def set_password(self, name: str, password_hash: str, at: datetime) -> None:
        """Give an account a password and end its sessions. Raises `NoAccountError`."""
        ...

    def add_administrator(self, name: str, password_hash: str, at: datetime) -> None:
        """Add an administrator, or give one a new password."""
        ...

    def has_administrator(self) -> bool:
        """Whether an administrator can sign in with a password."""
        ...

    # Identities at providers

    def login(self, issuer: str, subject: str) -> Login | None:
        """Return whom an identity of a provider signs in."""
        ...

    def link(self, login: Login) -> None:
        """Tie an identity of a provider to an account. Raises `NoAccountError`."""
        ...

    # Sessions

    def add_session(self, session: Session) -> None:
        """Keep a session; those of everybody that had expired by its beginning are forgotten."""
        ...

    def session(self, digest: str) -> Session | None:
        """Return a session that was not ended, expired or not."""
        ...

    def sessions(self, account: str) -> list[Session]:
        """Return an account's sessions, the newest first."""
        ...

    def see_session(self, digest: str, at: datetime) -> None:
        """Record that a session was used."""
        ...

    def end_session(self, account: str, digest: str) -> bool:
        """End a session of an account; the digest's first twelve digits will do. False where there is none."""
        ...

    def end_sessions(self, account: str) -> int:
        """End all sessions of an account; return how many."""
        ...

    # Tokens

    def add_token(
        self,
        digest: str,
        owner: str,
        at: datetime,
        expires_at: datetime | None,
        *,
        label: str = "",
        institution: str = "",
        actions: Sequence[Action] | None = None,
    ) -> None:
        """Keep a token's digest. Raises `NoAccountError`."""
        ...

    def token(self, digest: str) -> Token | None:
        """Return a token, revoked and expired ones too."""
        ...

    def tokens(self) -> list[Token]:
        """Return all tokens, the newest first."""
        ...

    def use_token(self, digest: str, at: datetime) -> None:
        """Record that a token was used."""
        ...

    def revoke_token(self, digest: str, at: datetime) -> bool:
        """Revoke a token; False where there is none that stands."""
        ...

    # Guessing: counted here, since several processes are doors

    def attempts(self, key: str, since: datetime) -> int:
        """Return how often something was counted in the window that began at `since` or later."""
        ...

    def count_attempt(self, key: str, at: datetime, since: datetime) -> int:
        """Count one more and return how many; this key's window begins anew where it began before `since`.

        Other keys keep their windows, of `core.accounts.LONGEST_WINDOW` at the most.
        """
        ...

    def forget_attempts(self, key: str) -> None:
        """Begin anew, and with each network of it (`core.accounts.attempt_from`)."""
        ...


class NoAudit:
    """Keeps nothing: for tests, and for what is audited elsewhere."""

    def record(self, entry: AuditEntry) -> None:
        """Do nothing."""
