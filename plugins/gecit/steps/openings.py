"""A care relation, or a physician's stated reason -> a disclosure; its end; and the review of a stated reason."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from ..core.accounts import Account, attempt_key
from ..core.disclosures import Disclosure, Ground
from ..core.openings import EMERGENCIES_A_DAY, CareOpening, CareRule, Fault, Outcome, Way, faults_of
from ..ports import Accounts, Ledger, Transaction
from .disclosing import disclose, end

DAY = timedelta(days=1)


class OpeningRefused(Exception):
    """An opening cannot be recorded; `faults` is all that stands against it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(", ".join(faults))
        self.faults = tuple(faults)


def open_to(
    tx: Transaction,
    asked: CareOpening,
    physician: Account | None,
    rule: CareRule,
    now: datetime,
    ground: Ground = Ground.CARE,
) -> CareOpening:
    """Record an opening and its disclosure within a transaction; raises `OpeningRefused`, and nothing is recorded."""
    if found := faults_of(asked, physician, rule, now):
        raise OpeningRefused(found)
    made = replace(asked, id=secrets.token_hex(8), since=max(asked.since, now))
    opened = Disclosure(
        id=made.id,
        ground=ground,
        reference=made.id,
        since=made.since,
        until=made.until,
        account=made.account,
        employer=made.institution,  # whoever leaves it, leaves its patients
        patient=made.patient,
    )
    disclose(tx, opened, made.recorded_by, now)
    tx.record_opening(made, now, made.recorded_by)
    return made


def shut(tx: Transaction, found: CareOpening, by: str, now: datetime) -> bool:
    """End an opening at once within a transaction; False where it stands no more."""
    if not end(tx, tx.disclosures_for([found.id]), by, now):
        return False
    tx.record_opening(replace(found, ended_at=now, ended_by=by), now, by)
    return True


def move_end(tx: Transaction, found: CareOpening, until: datetime, by: str, now: datetime) -> None:
    """Let an opening end at another instant, within a transaction; one that somebody ended meanwhile stays ended."""
    standing = tx.opening(found.id)  # held until commit: who ends it on a page holds it too
    if standing is None or not standing.stands(now):
        return
    for one in tx.disclosures_for([found.id]):
        if now < one.ends:
            tx.record_disclosure(replace(one, until=until), now, by)
    tx.record_opening(replace(standing, until=until), now, by)


class Openings:
    """The openings of one installation, by the rule that its file says is in force."""

    def __init__(self, ledger: Ledger, accounts: Accounts, rule: Callable[[], CareRule]) -> None:
        self._ledger, self._accounts, self._rule = ledger, accounts, rule

    @property
    def rule(self) -> CareRule:
        """The rule as its file says now."""
        return self._rule()

    def record(self, asked: CareOpening, now: datetime) -> CareOpening:
        """Record a care relation; raises `OpeningRefused`."""
        return self._record(asked, Ground.CARE, now)

    def state(self, account: str, patient: str, reason: str, now: datetime) -> CareOpening:
        """Open a patient's exams to a physician who states a reason, for the rule's hours; raises `OpeningRefused`."""
        physician = self._accounts.account(account)
        hours = self.rule.at(now).stated_reason_hours
        asked = CareOpening(
            id="",
            way=Way.STATED,
            institution=physician.institution if physician else "",
            account=account,
            patient=patient,
            reason=reason,
            since=now,
            until=now + timedelta(hours=hours or 1),
            recorded_by=account,
        )
        key = attempt_key("emergency", account)
        if found := faults_of(asked, physician, self.rule, now):
            raise OpeningRefused(found)
        if self._accounts.count_attempt(key, now, now - DAY) > EMERGENCIES_A_DAY:
            raise OpeningRefused([Fault.TOO_MANY])
        return self._record(asked, Ground.EMERGENCY, now)

    def _record(self, asked: CareOpening, ground: Ground, now: datetime) -> CareOpening:
        physician = self._accounts.account(asked.account)
        return self._ledger.write(lambda tx: open_to(tx, asked, physician, self.rule, now, ground))

    def end(self, number: str, by: str, now: datetime) -> bool:
        """End a care relation at once: discharge, another physician; False where none of that id stands."""

        def work(tx: Transaction) -> bool:
            found = tx.opening(number)
            return found is not None and shut(tx, found, by, now)

        return self._ledger.write(work)

    def review(self, number: str, outcome: Outcome, note: str, by: str, now: datetime) -> bool:
        """Record a review; one that is not justified ends it too. False where it waits no more."""

        def work(tx: Transaction) -> bool:
            found = tx.opening(number)
            if found is None or not found.waits:
                return False
            if found.account == by:
                raise OpeningRefused([Fault.OWN_REVIEW])
            if not note:
                raise OpeningRefused([Fault.REASON])
            ended = outcome is Outcome.NOT_JUSTIFIED and end(tx, tx.disclosures_for([number]), by, now) > 0
            reviewed = replace(found, outcome=outcome, reviewed_by=by, reviewed_at=now, note=note)
            tx.record_opening(replace(reviewed, ended_at=now, ended_by=by) if ended else reviewed, now, by)
            return True

        return self._ledger.write(work)
