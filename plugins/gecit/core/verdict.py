"""Findings, the verdict they add up to, and the one table that adds them (design 7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from .values import Text, Value


class Status(StrEnum):
    """What one rule says of one exam."""

    PASSED = "passed"
    FAILED = "failed"
    EXCUSED = "excused"
    CANNOT_TELL = "cannot tell"
    NOT_IN_FORCE = "not in force"


class Effect(StrEnum):
    """What a failed finding does to the submission."""

    HOLD = "hold"  # something is wrong that somebody must mend
    WAIT = "wait"  # a piece is missing that is still expected
    REFUSE_REPORT = "refuse-report"  # the ORU is answered AE; for an exam it acts as hold
    WARN = "warn"  # shown, never changes the outcome


class Outcome(StrEnum):
    """What is to be done with the exam."""

    SUBMIT = "submit"
    HOLD = "hold"
    PENDING = "pending"


class Finding(Value):
    """What one rule says of one exam, and all a person needs to mend it."""

    rule: str
    status: Status
    effect: Effect
    title: Text
    reason: Text | None = None  # why, with the values filled in
    fix: Text | None = None  # what to do
    who: str = ""  # modality | HBYS | radiologist | PACS | administrator
    where: str = ""  # OBR-4.4, (0008,0050) ...
    expected: str = ""
    found: str = ""
    edition: datetime | None = None  # `from` of the edition that was applied
    exemptions: tuple[str, ...] = ()  # every exemption that excuses, by id
    recheck_at: datetime | None = None  # when a "cannot tell" is worth asking again
    from_site: bool = False  # the rule or an exemption that was used is of the site's own folder


class Verdict(Value):
    """The findings of all rules and one outcome, with what is needed to reproduce it."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    judged_at: datetime
    known_at: datetime
    rulebook: str  # revision: hash of its content
    codes: str = ""  # revision of the code lists
    due_at: datetime | None = None  # for pending: when the judge looks again

    def finding(self, rule: str) -> Finding:
        """Return the finding of one rule; KeyError where there is none."""
        for one in self.findings:
            if one.rule == rule:
                return one
        raise KeyError(rule)


# Design 7.1. Excused, passed and not in force never hold; a warning never does either.
DECIDES: dict[tuple[Status, Effect], Outcome] = {
    (Status.FAILED, Effect.HOLD): Outcome.HOLD,
    (Status.FAILED, Effect.REFUSE_REPORT): Outcome.HOLD,
    (Status.FAILED, Effect.WAIT): Outcome.PENDING,
    (Status.CANNOT_TELL, Effect.HOLD): Outcome.PENDING,
    (Status.CANNOT_TELL, Effect.REFUSE_REPORT): Outcome.PENDING,
    (Status.CANNOT_TELL, Effect.WAIT): Outcome.PENDING,
}
PRECEDENCE = (Outcome.HOLD, Outcome.PENDING)


def decide(said: Iterable[tuple[Status, Effect]], *, unsettled: bool) -> Outcome:
    """Add up what the rules said; `unsettled` = images of the exam may still be arriving."""
    decided = {DECIDES.get(one) for one in said}
    if unsettled:
        decided.add(Outcome.PENDING)
    return next((one for one in PRECEDENCE if one in decided), Outcome.SUBMIT)


def outcome(findings: tuple[Finding, ...], *, unsettled: bool) -> Outcome:
    """Add findings up."""
    return decide(((one.status, one.effect) for one in findings), unsettled=unsettled)
