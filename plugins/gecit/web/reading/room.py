"""What the reading pages are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from gecit.core import order
from gecit.core.access import Person
from gecit.core.accounts import Account
from gecit.core.audit import AuditEntry
from gecit.core.exam import Exam
from gecit.core.exam_kinds import Kind, Reporting, kind_of
from gecit.core.order import ExamKey
from gecit.core.quality import Reasons
from gecit.core.reading import Limits
from gecit.core.reading_list import Urgency
from gecit.edges.hl7_report import ReportWriter, character_set, unwritable
from gecit.edges.store import SqlLedger
from gecit.ports import Accounts, Audit, Clock, Institution, Registry
from gecit.steps.granting import Granting
from gecit.steps.receive_message import Judging, compiled
from gecit.steps.sign_report import Judged

from ..sender import address


class ReadingRoom(NamedTuple):
    """The parts; `signs` says whether a password is an account's, counting wrong ones as sign-in does."""

    ledger: SqlLedger
    accounts: Accounts
    clock: Clock
    limits: Limits
    targets: dict[Urgency, timedelta]
    granting: Granting
    judging: Callable[[], Judging]
    writer: ReportWriter
    registry: Registry
    reporting: Reporting
    audit: Audit
    signs: Callable[[str, str, str], bool]
    reasons: Callable[[], Reasons] = Reasons  # of ratings; none where nobody says which there are

    def kind(self, exam: Exam) -> Kind:
        """Return an exam's kind."""
        return kind_of(self.reporting.kinds, exam.modality, exam.order.procedures if exam.order else ())

    def judged(self, exam: Exam) -> Judged:
        """Return what a draft is held against."""
        found = self.ledger.read(lambda tx: tx.institutions())
        institution = next(
            (one for one in found if one.skrs == exam.key.institution), Institution(skrs=exam.key.institution)
        )
        profile, judging = self.writer.profile_of(institution), self.judging()
        charset = character_set(institution, profile)
        template = self.kind(exam).template
        return Judged(profile, compiled(judging), lambda text: unwritable(text, charset), template)

    def record(self, who: Person, what: str, key: ExamKey | None, *, tckn: str = "", outcome: str = "done") -> None:
        """Tell the audit."""
        self.audit.record(
            AuditEntry(
                at=self.clock.now(),
                who=who.name,
                what=what,
                institution=key.institution if key else "",
                accession=key.accession if key else "",
                patient=tckn,
                address=address(),
                outcome="done" if outcome == "done" else "refused",
                why="" if outcome == "done" else outcome,
            )
        )


def signer_of(account: Account | None, person: Person) -> order.Person:
    """Return how a report names an account: its TCKN, the last word of its name as the family name."""
    given, _, family = (account.full_name if account else "").strip().rpartition(" ")
    return order.Person(identifier=account.tckn if account else person.tckn, family=family, given=given)
