"""Consultation, consent, care or emergency -> a disclosure; and an account -> what is opened to it now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from ..core.access import TABLE, Whose
from ..core.accounts import Account
from ..core.disclosures import Disclosed, Disclosure, Ground, disclosed_to, faults_of
from ..core.openings import CareRule
from ..ports import Ledger, Transaction

BY_RULE = (Ground.CARE, Ground.EMERGENCY)
"""What rests on the rule of care relations, and falls with it."""
OpenTo = Callable[[Account, datetime], Disclosed]


class DisclosureRefused(Exception):
    """A disclosure cannot be recorded; `faults` names the fields that keep it from that."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def disclosed(ledger: Ledger, rule: Callable[[], CareRule] = CareRule) -> OpenTo:
    """Return what answers which exams are opened to an account at an instant; one that cannot use any is not asked.

    `rule` gives the rule of care relations as it stands now: what it no longer allows is shut, whenever recorded.
    """
    able = {role for role, row in TABLE.items() if any(Whose.DISCLOSED in whose for whose in row.values())}

    def ask(account: Account, now: datetime) -> Disclosed:
        if account.disabled or not able.intersection(account.roles):
            return Disclosed()
        return disclosed_to(account, ledger.read(lambda tx: standing(tx, account, now, rule())), now)

    return ask


def standing(tx: Transaction, account: Account, now: datetime, rule: CareRule) -> list[Disclosure]:
    """Return what stands for an account at an instant and the rule in force allows, what ends last first."""
    found = tx.disclosures_to(account, now)
    openings = tx.openings_by(one.reference for one in found if one.ground in BY_RULE)

    def holds(one: Disclosure) -> bool:
        opening = openings.get(one.reference)
        return one.ground not in BY_RULE or (opening is not None and rule.allows(opening, now))

    return [one for one in found if holds(one)]


def disclose(tx: Transaction, made: Disclosure, by: str, now: datetime) -> None:
    """Record a disclosure within a transaction; raises `DisclosureRefused`."""
    found = faults_of(made)
    if found:
        raise DisclosureRefused(found)
    tx.record_disclosure(replace(made, recorded_at=now, recorded_by=by), now, by)


def end(tx: Transaction, found: Iterable[Disclosure], by: str, now: datetime) -> int:
    """End at once those of them that still stand, or are still to begin; returns how many."""
    standing = [one for one in found if now < one.ends]
    for one in standing:
        tx.record_disclosure(replace(one, ended_at=now, ended_by=by), now, by)
    return len(standing)
