"""What the pages of peer review, figures and feedback are made of."""

from __future__ import annotations

from typing import NamedTuple

from gecit.core.access import Person
from gecit.core.exam import Exam
from gecit.core.exam_kinds import Kind, kind_of
from gecit.core.hints import CODES
from gecit.core.issue import Issue
from gecit.core.peer_review import Reviewer, Scale, Stratum
from gecit.core.quality import Reasons
from gecit.core.reviewing import accounts_of, consulted, names_of, reviewed
from gecit.core.values import Text
from gecit.edges.store import SqlLedger
from gecit.ports import Clock
from gecit.ports.accounts import Accounts


class PeerDesk(NamedTuple):
    """The parts; `reasons` are those of ratings, by whose codes figures count."""

    ledger: SqlLedger
    accounts: Accounts
    clock: Clock
    scale: Scale
    strata: tuple[Stratum, ...]
    kinds: tuple[Kind, ...]
    reasons: Reasons = Reasons()

    def hint(self, code: str) -> Text:
        """Return what a hint is called; one that has no words any more is its code."""
        return CODES[code].title if code in CODES else Text(tr=code, en=code)

    def kind(self, exam: Exam) -> Kind:
        """Return an exam's kind."""
        return kind_of(self.kinds, exam.modality, exam.order.procedures if exam.order else ())

    def reviewer(self, person: Person) -> Reviewer:
        """Return the person as a reviewer."""
        account = self.accounts.account(person.name)
        return Reviewer(account=person.name, tckn=account.tckn if account else person.tckn)

    def names(self, exam: Exam, version: Issue) -> tuple[str, ...]:
        """Return the names that a blind review hides: of who signed and who was consulted, and where they work."""
        found = [self.accounts.account(one) for one in accounts_of(exam.reports)]
        full = [one.full_name.strip() for one in found if one]
        others = [names_of(other) for number in range(1, len(exam.reports) + 1) if (other := reviewed(exam, number))]
        asked, employers = consulted(exam)
        known = self.institution_names()
        places = [known[one] for one in (exam.key.institution, *employers) if one in known]
        every = (*names_of(version), *(one for some in others for one in some), *full, *asked, *places)
        return tuple(dict.fromkeys(one for one in every if " " in one))

    def institution_names(self) -> dict[str, str]:
        """Return what institutions are called, by SKRS code."""
        return {one.skrs: one.name or one.skrs for one in self.ledger.read(lambda tx: tx.institutions())}
