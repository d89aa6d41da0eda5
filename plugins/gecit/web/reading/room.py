"""What the reading pages are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, TypeVar

from gecit.core import order
from gecit.core.access import Person
from gecit.core.accounts import Account
from gecit.core.audit import AuditEntry
from gecit.core.exam import Exam
from gecit.core.exam_kinds import Kind, Macro, Reporting, kind_of
from gecit.core.order import ExamKey
from gecit.core.quality import Reasons
from gecit.core.reading import Limits
from gecit.core.reading_list import Urgency
from gecit.core.templates import of_account, of_institution, with_macros, with_template
from gecit.edges.hl7_report import ReportWriter, character_set, unwritable
from gecit.edges.store import SqlLedger
from gecit.ports import Accounts, Clock, Institution, Registry, Tags, Transaction
from gecit.ports.audited import AuditedChanges
from gecit.steps.granting import Granting
from gecit.steps.receive_message import Judging, compiled
from gecit.steps.sign_report import Judged

from ..sender import address

T = TypeVar("T")


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
    audit: AuditedChanges
    signs: Callable[[str, str, str], bool]
    tags: Tags | None = None  # of the archive; None = no key image can be marked
    node: str = ""
    reasons: Callable[[], Reasons] = Reasons  # of ratings; none where nobody says which there are

    def kind(self, exam: Exam) -> Kind:
        """Return an exam's kind."""
        return kind_of(self.reporting.kinds, exam.modality, exam.order.procedures if exam.order else ())

    def kind_for(self, exam: Exam, author: str, tx: Transaction | None = None) -> Kind:
        """Return an exam's kind with an author's template: his own, else the institution's, else the shipped one."""
        owners = (of_account(author), of_institution(exam.key.institution))
        owned = tx.templates(owners) if tx else self.ledger.read(lambda tx: tx.templates(owners))
        return with_template(self.kind(exam), owned, owners)

    def names(self) -> dict[str, str]:
        """Return what institutions are called, by SKRS code."""
        found = self.ledger.read(lambda tx: tx.institutions())
        return {one.skrs: one.name or one.skrs for one in found}

    def macros_for(self, exam: Exam, author: str) -> tuple[Macro, ...]:
        """Return the macros that an author has for an exam."""
        owners = (of_account(author), of_institution(exam.key.institution))
        owned = self.ledger.read(lambda tx: tx.templates(owners))
        all_of_them = with_macros(self.reporting.macros, owned, owners)
        return Reporting(macros=all_of_them).macros_for(self.kind(exam))

    def judged(self, exam: Exam, author: str) -> Judged:
        """Return what an author's draft is held against."""
        found = self.ledger.read(lambda tx: tx.institutions())
        institution = next(
            (one for one in found if one.skrs == exam.key.institution), Institution(skrs=exam.key.institution)
        )
        profile, judging = self.writer.profile_of(institution), self.judging()
        charset = character_set(institution, profile)
        template = self.kind_for(exam, author).template
        return Judged(profile, compiled(judging), lambda text: unwritable(text, charset), template)

    def record(
        self,
        who: Person,
        what: str,
        key: ExamKey | None,
        *,
        tckn: str = "",
        outcome: str = "done",
        detail: dict[str, str] | None = None,
    ) -> None:
        """Tell the audit."""
        self.audit.record(self._entry(who, what, key, tckn, outcome, detail))

    def carry_out(
        self,
        who: Person,
        what: str,
        key: ExamKey | None,
        work: Callable[[Transaction], T],
        *,
        tckn: str = "",
        detail: dict[str, str] | None = None,
    ) -> T:
        """Do it and tell the audit, in one transaction: what is refused is told by who catches it, with `record`."""
        return self.audit.carry_out(self._entry(who, what, key, tckn, "done", detail), self.ledger, work)

    def _entry(
        self, who: Person, what: str, key: ExamKey | None, tckn: str, outcome: str, detail: dict[str, str] | None
    ) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(),
            who=who.name,
            what=what,
            institution=key.institution if key else "",
            accession=key.accession if key else "",
            patient=tckn,
            address=address(),
            outcome="done" if outcome == "done" else "refused",
            why="" if outcome == "done" else outcome,
            detail=detail or {},
        )


def signer_of(account: Account | None, person: Person) -> order.Person:
    """Return how a report names an account: its TCKN, the last word of its name as the family name."""
    given, _, family = (account.full_name if account else "").strip().rpartition(" ")
    return order.Person(identifier=account.tckn if account else person.tckn, family=family, given=given)
