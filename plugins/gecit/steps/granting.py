"""Written application of an institution -> a grant; and an account -> the institutions that it may report for now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from ..core.access import Role
from ..core.accounts import Account
from ..core.grants import AccessRule, Employer, Fault, Grant, Paper, ended, faults_of, granted_to, reaches
from ..core.groups import members_at
from ..core.papers import LONGEST_PAPER, StoredPaper, media_type_of, paper_name
from ..ports import Accounts, Institution, Ledger, Transaction

Granted = Callable[[Account, datetime], tuple[str, ...]]


class GrantRefused(Exception):
    """A grant cannot be recorded; `faults` are all that stands against it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


class Granting:
    """The grants of one installation, by the rule that its files say is in force."""

    def __init__(self, ledger: Ledger, accounts: Accounts, rule: AccessRule | None) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._rule = rule

    def granted(self, account: Account, now: datetime) -> tuple[str, ...]:
        """Return the SKRS codes that an account may report for at an instant, its own institution left out."""
        if account.disabled or Role.RADIOLOGIST not in account.roles:
            return ()
        return self._ledger.read(lambda tx: self._of(tx, account, now))

    def _of(self, tx: Transaction, account: Account, now: datetime) -> tuple[str, ...]:
        mine = {one.id for one in tx.groups() if account.name in members_at(one, now)}
        held = [one for one in tx.grants() if reaches(one, account.name, mine)]
        if not held:
            return ()
        known = employers(tx.institutions())
        own = known.get(account.institution, Employer(skrs=account.institution))
        return granted_to(account.name, own, held, known, self._rule, now, mine)

    def may_report(self, reader: str, skrs: str, now: datetime) -> bool:
        """Whether an account may report for an institution at an instant: its own, or one it is granted."""
        account = self._accounts.account(reader)
        if account is None or account.disabled or Role.RADIOLOGIST not in account.roles:
            return False
        return account.institution == skrs or skrs in self.granted(account, now)

    def record(
        self,
        grant: Grant,
        by: str,
        now: datetime,
        paper: bytes = b"",
        write: Callable[[Callable[[Transaction], None]], object] | None = None,
    ) -> None:
        """Record a grant, with its paper's file where there is one; raises `GrantRefused` with all that is wrong.

        `write`: how it is written, where something else is written with it.
        """
        kept = StoredPaper(media_type=media_type_of(paper), content=paper) if paper else None
        digest = hashlib.sha256(paper).hexdigest() if paper else ""
        grant = msgspec.structs.replace(grant, paper=_named(grant, digest, kept))
        radiologists = {
            one.name: one.institution
            for one in self._accounts.accounts()
            if Role.RADIOLOGIST in one.roles and not one.disabled
        }

        def work(tx: Transaction) -> None:
            found = faults_of(grant, radiologists, employers(tx.institutions()), self._rule, _open(tx))
            found = (*found, *_against(kept))
            if found:
                raise GrantRefused(found)
            if kept:
                tx.keep_paper(digest, kept, now)
            tx.record_grant(grant, now, by)

        (write or self._ledger.write)(work)

    def paper(self, grant_id: str) -> tuple[Grant, StoredPaper] | None:
        """Return the file of a grant's paper with its grant; None where there is none."""

        def work(tx: Transaction) -> tuple[Grant, StoredPaper] | None:
            grant = next((one for one in tx.grants() if one.id == grant_id), None)
            found = tx.paper(grant.paper.digest) if grant and grant.paper.digest else None
            return (grant, found) if grant and found else None

        return self._ledger.read(work)

    def end(self, grant_id: str, by: str, now: datetime) -> bool:
        """End a grant at once; False where there is none that stands."""

        def work(tx: Transaction) -> bool:
            found = next((one for one in tx.grants() if one.id == grant_id and one.ended_at is None), None)
            if found is None:
                return False
            tx.record_grant(ended(found, by, now), now, by)
            return True

        return self._ledger.write(work)

    def all(self) -> list[Grant]:
        """Return all grants, the newest beginning first."""
        return sorted(self._ledger.read(lambda tx: tx.grants()), key=lambda one: (one.since, one.id), reverse=True)


def _named(grant: Grant, digest: str, kept: StoredPaper | None) -> Paper:
    name = paper_name(grant.id, kept.media_type) if kept and kept.media_type else ""
    return msgspec.structs.replace(grant.paper, digest=digest, file_name=name)


def _against(kept: StoredPaper | None) -> Iterable[Fault]:
    if kept and len(kept.content) > LONGEST_PAPER:
        yield Fault.PAPER_TOO_LONG
    if kept and not kept.media_type:
        yield Fault.PAPER_UNREADABLE


def _open(tx: Transaction) -> set[str]:
    return {one.id for one in tx.groups() if one.closed_at is None}


def employers(institutions: list[Institution]) -> Mapping[str, Employer]:
    """Return of institutions what decides who may report for whom, by SKRS code."""
    return {one.skrs: Employer(skrs=one.skrs, ownership=one.ownership, province=one.province) for one in institutions}
