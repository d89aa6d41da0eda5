"""The accounts in memory; it passes the contract tests of the ledger (tests/contract/test_accounts.py)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from gecit.core.access import Action, Role
from gecit.core.accounts import Account, Login, Session, Token
from gecit.core.audit import AuditEntry
from gecit.ports import NoAccountError, TcknTakenError, Transaction
from gecit.ports.audited import AuditedLedger

T = TypeVar("T")
SAYS_TOO_MUCH = "cannot read the row of 10000000146"


class FakeAudit:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.broken = False

    def record(self, entry: AuditEntry) -> None:
        if self.broken:
            raise OSError(SAYS_TOO_MUCH)
        self.entries.append(entry)

    def carry_out(self, entry: AuditEntry, ledger: AuditedLedger, work: Callable[[Transaction], T]) -> T:
        def both(tx: Transaction) -> T:
            result = work(tx)
            self.record(entry)
            return result

        return ledger.write(both)

    def said(self) -> list[tuple[str, str, str]]:
        return [(one.who, one.what, one.outcome) for one in self.entries]


class FakeAccounts:
    def __init__(self) -> None:
        self.kept: dict[str, Account] = {}
        self.passwords: dict[str, str] = {}
        self.logins: dict[tuple[str, str], Login] = {}
        self.kept_sessions: dict[str, Session] = {}
        self.kept_tokens: dict[str, Token] = {}
        self.counted: dict[str, tuple[datetime, int]] = {}
        self.asked = 0
        self.broken = False

    def account(self, name: str) -> Account | None:
        self._ask()
        return self.kept.get(name)

    def account_of_tckn(self, tckn: str) -> Account | None:
        return next((one for one in self.kept.values() if tckn and one.tckn == tckn), None)

    def accounts(self) -> list[Account]:
        return sorted(self.kept.values(), key=lambda one: one.name)

    def save_account(self, account: Account, at: datetime) -> None:
        other = self.account_of_tckn(account.tckn)
        if other and other.name != account.name:
            raise TcknTakenError(account.name)
        old = self.kept.get(account.name)
        roles = tuple(sorted(account.roles))
        self.kept[account.name] = replace(account, created_at=old.created_at if old else at, roles=roles)
        if account.disabled:
            self.end_sessions(account.name)

    def password_hash(self, name: str) -> str | None:
        self._ask()
        return self.passwords.get(name)

    def set_password(self, name: str, password_hash: str, at: datetime) -> None:
        self._must_exist(name)
        self.passwords[name] = password_hash
        self.end_sessions(name)

    def add_administrator(self, name: str, password_hash: str, at: datetime) -> None:
        if name not in self.kept:
            self.save_account(Account(name=name, roles=(Role.ADMINISTRATOR,)), at)
        self.set_password(name, password_hash, at)

    def has_administrator(self) -> bool:
        return any(
            Role.ADMINISTRATOR in one.roles and not one.disabled and one.name in self.passwords
            for one in self.kept.values()
        )

    def login(self, issuer: str, subject: str) -> Login | None:
        return self.logins.get((issuer, subject))

    def link(self, login: Login) -> None:
        self._must_exist(login.account)
        self.logins[login.issuer, login.subject] = login

    def add_session(self, session: Session) -> None:
        self.kept_sessions = {
            digest: one for digest, one in self.kept_sessions.items() if one.expires_at > session.created_at
        }
        self.kept_sessions[session.digest] = session

    def session(self, digest: str) -> Session | None:
        self._ask()
        return self.kept_sessions.get(digest)

    def sessions(self, account: str) -> list[Session]:
        mine = [one for one in self.kept_sessions.values() if one.account == account]
        return sorted(mine, key=lambda one: one.created_at, reverse=True)

    def see_session(self, digest: str, at: datetime) -> None:
        if digest in self.kept_sessions:
            self.kept_sessions[digest] = replace(self.kept_sessions[digest], seen_at=at)

    def end_session(self, account: str, digest: str) -> bool:
        ended = [one.digest for one in self.sessions(account) if len(digest) >= 12 and one.digest.startswith(digest)]
        for one in ended:
            del self.kept_sessions[one]
        return bool(ended)

    def end_sessions(self, account: str) -> int:
        return sum(self.end_session(account, one.digest) for one in self.sessions(account))

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
        self._must_exist(owner)
        self.kept_tokens[digest] = Token(
            digest=digest,
            owner=owner,
            created_at=at,
            expires_at=expires_at,
            label=label,
            institution=institution,
            actions=None if actions is None else tuple(actions),
        )

    def token(self, digest: str) -> Token | None:
        self._ask()
        return self.kept_tokens.get(digest)

    def tokens(self) -> list[Token]:
        return sorted(self.kept_tokens.values(), key=lambda one: one.created_at, reverse=True)

    def use_token(self, digest: str, at: datetime) -> None:
        if digest in self.kept_tokens:
            self.kept_tokens[digest] = replace(self.kept_tokens[digest], last_used_at=at)

    def revoke_token(self, digest: str, at: datetime) -> bool:
        one = self.kept_tokens.get(digest)
        if one is None or one.revoked_at:
            return False
        self.kept_tokens[digest] = replace(one, revoked_at=at)
        return True

    def attempts(self, key: str, since: datetime) -> int:
        began, count = self.counted.get(key, (since, 0))
        return count if began >= since else 0

    def count_attempt(self, key: str, at: datetime, since: datetime) -> int:
        began, count = self.counted.get(key, (at, 0))
        self.counted[key] = (began, count + 1) if began >= since else (at, 1)
        return self.counted[key][1]

    def forget_attempts(self, key: str) -> None:
        for one in [one for one in self.counted if one == key or one.startswith(f"{key}:")]:
            del self.counted[one]

    def _must_exist(self, name: str) -> None:
        if name not in self.kept:
            raise NoAccountError(name)

    def _ask(self) -> None:
        self.asked += 1
        if self.broken:
            raise OSError(SAYS_TOO_MUCH)
