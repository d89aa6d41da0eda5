"""Accounts, their identities at providers, sessions, tokens, and how often somebody guessed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from gecit.core.access import Action, Role
from gecit.core.accounts import FAMILIAR, FAMILIAR_FOR, LONGEST_WINDOW, Account, Login, Session, Token
from gecit.core.events import AccessGranted
from gecit.ports import NoAccountError, TcknTakenError, Transaction

from .account_rows import ACCOUNTS, read_account, read_roles
from .base import Transactions
from .schema import Instant, account, attempt, login, session, token
from .transaction import SqlTransaction

SHORT = 12  # digits of a digest that name a session or a token


class Admitting(Transactions):
    """Implements `ports.Accounts`."""

    # Accounts

    def account(self, name: str) -> Account | None:
        """Return an account, disabled ones too."""
        return self._account(account.c.name == name)

    def account_of_tckn(self, tckn: str) -> Account | None:
        """Return the account with that TCKN."""
        return self._account(account.c.tckn == tckn) if tckn else None

    def _account(self, where: sa.ColumnElement[bool]) -> Account | None:
        with self._reading() as connection:
            row = connection.execute(ACCOUNTS.where(where)).first()
        return read_account(row) if row else None

    def accounts(self) -> list[Account]:
        """Return all accounts, by name."""
        with self._reading() as connection:
            return [read_account(row) for row in connection.execute(ACCOUNTS.order_by(account.c.name))]

    def save_account(self, one: Account, at: datetime) -> None:
        """Add an account, or change it."""

        def work(tx: SqlTransaction) -> None:
            old = tx.execute(sa.select(account).where(account.c.name == one.name)).mappings().first()
            row = _account_row(one, at, old)
            if old:
                tx.execute(sa.update(account).where(account.c.name == one.name).values(row))
            else:
                tx.execute(sa.insert(account).values(row))
            if one.disabled:
                tx.execute(sa.delete(session).where(session.c.account == one.name))
            if Role.ADMINISTRATOR in one.roles and not (old and Role.ADMINISTRATOR in read_roles(old["roles"])):
                tx.append(AccessGranted(at=at, who=one.name, what="administrator"))

        try:
            self._change(work)
        except IntegrityError as fault:
            raise TcknTakenError(one.name) from fault

    def password_hash(self, name: str) -> str | None:
        """Return the Argon2 hash of an account."""
        with self._reading() as connection:
            return connection.scalar(sa.select(account.c.password_hash).where(account.c.name == name)) or None

    def set_password(self, name: str, password_hash: str, at: datetime) -> None:
        """Give an account a password and end its sessions."""
        values = {"password_hash": password_hash, "changed_at": at}

        def work(tx: SqlTransaction) -> None:
            changed = tx.execute(sa.update(account).where(account.c.name == name).values(values))
            if changed.rowcount == 0:
                raise NoAccountError(name)
            tx.execute(sa.delete(session).where(session.c.account == name))

        self._change(work)

    def add_administrator(self, name: str, password_hash: str, at: datetime) -> None:
        """Add an administrator, or give one a new password."""
        if self.account(name) is None:
            self.save_account(Account(name=name, roles=(Role.ADMINISTRATOR,)), at)
        self.set_password(name, password_hash, at)

    def has_administrator(self) -> bool:
        """Whether an administrator can sign in with a password."""
        able = sa.select(account.c.roles).where(account.c.password_hash != "", sa.not_(account.c.disabled))
        with self._reading() as connection:
            return any(Role.ADMINISTRATOR in read_roles(one) for one in connection.scalars(able))

    # Identities at providers

    def login(self, issuer: str, subject: str) -> Login | None:
        """Return whom an identity of a provider signs in."""
        query = sa.select(login).where(login.c.issuer == issuer, login.c.subject == subject)
        with self._reading() as connection:
            row = connection.execute(query).first()
        return Login(**row._mapping) if row else None

    def link(self, one: Login) -> None:
        """Tie an identity of a provider to an account."""

        def work(tx: SqlTransaction) -> None:
            _must_exist(tx, one.account)
            tx.upsert(login, [msgspec.structs.asdict(one)])

        self._change(work)

    # Sessions

    def add_session(self, one: Session) -> None:
        """Keep a session; those that had expired by its beginning are forgotten."""
        with self._begin() as connection:
            connection.execute(sa.delete(session).where(session.c.expires_at <= one.created_at))
            connection.execute(sa.insert(session).values(msgspec.structs.asdict(one)))

    def session(self, digest: str) -> Session | None:
        """Return a session that was not ended."""
        with self._reading() as connection:
            row = connection.execute(sa.select(session).where(session.c.digest == digest)).first()
        return Session(**row._mapping) if row else None

    def sessions(self, name: str) -> list[Session]:
        """Return an account's sessions, the newest first."""
        query = sa.select(session).where(session.c.account == name).order_by(session.c.created_at.desc())
        with self._reading() as connection:
            return [Session(**row._mapping) for row in connection.execute(query)]

    def see_session(self, digest: str, at: datetime) -> None:
        """Record that a session was used."""
        with self._begin() as connection:
            connection.execute(sa.update(session).where(session.c.digest == digest).values(seen_at=at))

    def end_session(self, name: str, digest: str) -> bool:
        """End a session of an account."""
        if len(digest) < SHORT:
            return False
        ended = session.c.digest.startswith(digest, autoescape=True)
        with self._begin() as connection:
            return connection.execute(sa.delete(session).where(session.c.account == name, ended)).rowcount > 0

    def end_sessions(self, name: str) -> int:
        """End all sessions of an account."""
        with self._begin() as connection:
            return connection.execute(sa.delete(session).where(session.c.account == name)).rowcount

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
        """Keep a token's digest."""
        values = {
            "digest": digest,
            "owner": owner,
            "created_at": at,
            "expires_at": expires_at,
            "label": label,
            "institution": institution,
            "actions": None if actions is None else msgspec.json.encode(list(actions)).decode(),
        }

        def work(tx: SqlTransaction) -> None:
            _must_exist(tx, owner)
            tx.execute(sa.insert(token).values(values))
            tx.append(AccessGranted(at=at, who=owner, what="token"))

        self._change(work)

    def token(self, digest: str) -> Token | None:
        """Return a token, revoked and expired ones too."""
        with self._reading() as connection:
            row = connection.execute(sa.select(token).where(token.c.digest == digest)).first()
        return _read_token(row) if row else None

    def tokens(self) -> list[Token]:
        """Return all tokens, the newest first."""
        with self._reading() as connection:
            found = connection.execute(sa.select(token).order_by(token.c.created_at.desc(), token.c.digest))
            return [_read_token(row) for row in found]

    def use_token(self, digest: str, at: datetime) -> None:
        """Record that a token was used."""
        with self._begin() as connection:
            connection.execute(sa.update(token).where(token.c.digest == digest).values(last_used_at=at))

    def revoke_token(self, digest: str, at: datetime) -> bool:
        """Revoke a token."""
        standing = token.c.digest == digest, token.c.revoked_at.is_(None)
        with self._begin() as connection:
            return connection.execute(sa.update(token).where(*standing).values(revoked_at=at)).rowcount == 1

    # Guessing

    def attempts(self, key: str, since: datetime) -> int:
        """Return how often something was counted in a window."""
        query = sa.select(attempt.c.count).where(attempt.c.key == key, attempt.c.since >= since)
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def count_attempt(self, key: str, at: datetime, since: datetime) -> int:
        """Count one more and return how many."""
        over = attempt.c.since < since  # of this very key: others count in windows of their own
        with self._begin() as connection:
            connection.execute(sa.delete(attempt).where(_over(at)))
            insert: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(attempt)
            counted = insert.values(key=key, since=at, count=1).on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": sa.case((over, 1), else_=attempt.c.count + 1),
                    "since": sa.case((over, sa.literal(at, Instant)), else_=attempt.c.since),
                },
            )
            return int(connection.scalar(counted.returning(attempt.c.count)))

    def forget_attempts(self, key: str) -> None:
        """Begin anew, from each network too."""
        mine = sa.or_(attempt.c.key == key, attempt.c.key.startswith(f"{key}:"))
        with self._begin() as connection:
            connection.execute(sa.delete(attempt).where(mine))

    def _change(self, work: Any) -> None:
        def checked(tx: Transaction) -> None:
            assert isinstance(tx, SqlTransaction)  # noqa: S101
            work(tx)

        self.write(checked)


def _must_exist(tx: SqlTransaction, name: str) -> None:
    if tx.execute(sa.select(account.c.name).where(account.c.name == name)).first() is None:
        raise NoAccountError(name)


def _account_row(one: Account, at: datetime, old: Any) -> dict[str, Any]:
    return {
        "name": one.name,
        "full_name": one.full_name,
        "email": one.email,
        "roles": msgspec.json.encode(sorted(one.roles)).decode(),
        "institution": one.institution,
        "tckn": one.tckn,
        "password_hash": old["password_hash"] if old else "",
        "disabled": one.disabled,
        "created_at": old["created_at"] if old else at,
        "changed_at": at,
    }


def _read_token(row: Any) -> Token:
    values = dict(row._mapping)
    if values["actions"] is not None:
        values["actions"] = msgspec.json.decode(values["actions"], type=tuple[Action, ...])
    return Token(**values)


def _over(at: datetime) -> sa.ColumnElement[bool]:
    """Whether nobody counts on a row of `attempt` any more."""
    familiar = attempt.c.key.startswith(FAMILIAR)
    return sa.and_(
        attempt.c.since < at - LONGEST_WINDOW, sa.or_(sa.not_(familiar), attempt.c.since < at - FAMILIAR_FOR)
    )
