"""What the pages of sharing are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from gecit.core.access import Action
from gecit.core.accounts import Account
from gecit.core.audit_chain import AuditRow
from gecit.core.disclosures import Disclosure
from gecit.core.exam import Exam
from gecit.core.openings import CareRule
from gecit.core.order import ExamKey
from gecit.core.own_exams import performed_on
from gecit.core.sharing import Use
from gecit.core.values import Value
from gecit.edges.store import SqlLedger
from gecit.ports import Accounts, AuditSearch, Clock
from gecit.steps.share_links import Links

OPENED = frozenset({Action.SEE_REPORT.value, Action.SEE_IMAGES.value})
LOOKED_AT = 500
"""Rows of a patient's audit that are looked through for the last use."""


class SharingDesk(NamedTuple):
    """The parts; `rows` and `digest` are the audit's."""

    ledger: SqlLedger
    accounts: Accounts
    clock: Clock
    rows: Callable[[AuditSearch], Sequence[AuditRow]]
    digest: Callable[[str], str]
    links: Links
    public_url: str = ""  # under which browsers reach the node; "" = as the browser names it
    rule: Callable[[], CareRule] = CareRule  # of care relations, as it stands now

    def last_uses(self, patient: str, shared: Sequence[Disclosure]) -> dict[str, Use]:
        """Return when each was last used, as the audit has it, by id; the newest rows of the patient are looked at."""
        if not shared:
            return {}
        since = min(one.since for one in shared)
        search = AuditSearch(patient=self.digest(patient), outcome="done", since=since, limit=LOOKED_AT)
        known: dict[str, Account] = {}
        found: dict[str, Use] = {}
        for row in self.rows(search):
            if row.what not in OPENED or not row.who:
                continue
            who = known.setdefault(row.who, self.accounts.account(row.who) or Account(name=row.who))
            if row.institution and row.institution == who.institution:  # his own work, which needs no consent
                continue
            for one in shared:
                if one.id not in found and one.since <= row.at < one.ends and one.means(who) and of_it(one, row):
                    found[one.id] = Use(at=row.at, who=who.full_name or who.name)
        return found


def of_it(one: Disclosure, row: AuditRow) -> bool:
    """Whether a row can be of what was opened; a row of images names no exam."""
    opened = {(key.institution, key.accession) for key in one.exams}
    return not opened or not row.accession or (row.institution, row.accession) in opened


class ShownExam(Value):
    """An exam in a list."""

    key: ExamKey
    name: str
    day: date | None
    ordered_at: datetime | None  # tells two of one day apart
    institution: str
    images: int
    reported: bool


def shown(exam: Exam, names: dict[str, str], *, reported: bool) -> ShownExam:
    """Return what a list shows of an exam; `names`: of institutions, by SKRS code."""
    procedures = exam.order.procedures if exam.order else ()
    at = (exam.order.ordered_at if exam.order else None) or exam.order_received_at
    return ShownExam(
        key=exam.key,
        name=", ".join(one.sut_name or one.loinc_name or one.sut for one in procedures) or exam.modality,
        day=performed_on(exam),
        ordered_at=at,
        institution=names.get(exam.key.institution, exam.key.institution),
        images=exam.images,
        reported=reported,
    )
