"""Written application of an institution -> a grant; and an account -> the institutions that it may report for now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ..core.access import Role
from ..core.accounts import Account
from ..core.grants import AccessRule, Employer, Fault, Grant, ended, faults_of, granted_to, reaches
from ..core.groups import members_at
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

    def record(self, grant: Grant, by: str, now: datetime) -> None:
        """Record a grant; raises `GrantRefused` with everything that stands against it."""
        radiologists = {
            one.name: one.institution
            for one in self._accounts.accounts()
            if Role.RADIOLOGIST in one.roles and not one.disabled
        }

        def work(tx: Transaction) -> None:
            found = faults_of(grant, radiologists, employers(tx.institutions()), self._rule, _open(tx))
            if found:
                raise GrantRefused(found)
            tx.record_grant(grant, now, by)

        self._ledger.write(work)

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


def _open(tx: Transaction) -> set[str]:
    return {one.id for one in tx.groups() if one.closed_at is None}


def employers(institutions: list[Institution]) -> Mapping[str, Employer]:
    """Return of institutions what decides who may report for whom, by SKRS code."""
    return {one.skrs: Employer(skrs=one.skrs, ownership=one.ownership, province=one.province) for one in institutions}
