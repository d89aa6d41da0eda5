"""The judge: what every rule of a rulebook says of one exam, and what it adds up to. Pure and reproducible.

Which revision of the rulebook was known is the caller's business (the ledger cuts by `activated_at`);
here each rule's edition is picked by the exam's own date. A full verdict and its marks are two ways to write down
the same weighing; only the verdict makes texts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import NamedTuple

import msgspec

from .checks import CHECKS, Answer, Context, Params, unknown
from .dates import DATED_BY
from .exam import Exam, ReceivedReport
from .excusing import Hit, PreparedExemption, excusing, prepare
from .report import ReportStatus
from .rulebook import Edition, Rule, Rulebook
from .scopes import Part, Subject, in_scope, prepare_scope
from .values import Text, Value, local
from .verdict import Effect, Finding, Outcome, Status, Verdict, decide

__all__ = ["Compiled", "Mark", "Marks", "in_scope", "judge", "judge_report", "marks_of"]

Mark = tuple[str, Status, tuple[str, ...]]
"""Rule id, status, ids of the windows that excuse."""


class Marks(Value):
    """What a verdict comes down to: two verdicts with equal marks need no new one.

    Rules that are not in force are left out, so that a rule without power over an exam changes nothing of it.
    """

    outcome: Outcome
    findings: tuple[Mark, ...]  # in the order of rule ids


def marks_of(verdict: Verdict) -> Marks:
    """Return the marks of a full verdict."""
    said = [(one.rule, one.status, one.exemptions) for one in verdict.findings if one.status is not _NOT_IN_FORCE]
    return Marks(outcome=verdict.outcome, findings=tuple(said))


class Lack(Enum):
    """Why no check was asked; its text is made only for a full verdict."""

    DATE_UNKNOWN = "date unknown"
    DATE_OUTSIDE = "not in force at its date"
    SCOPE_UNKNOWN = "not known whether it is meant"
    SCOPE_OUTSIDE = "not meant"


Weighed = tuple[Status, Answer | Lack, Edition | None, tuple[Hit, ...]]
"""What one rule says of one exam, before it is written down: a plain tuple, made for every rule of every exam."""


class PreparedEdition(NamedTuple):
    """An edition with its ends in seconds since 1970 and the parameters of its check filled in."""

    start: float
    until: float
    timeless: bool
    scope: Part | None  # None = every exam
    run: Callable[[Exam, Context, Params], Answer]
    params: Params
    edition: Edition


class PreparedRule:
    """One rule, its editions and exemptions, ready to be asked."""

    __slots__ = ("_context", "_dated_by", "_editions", "_exemptions", "passed", "rule")

    def __init__(self, rule: Rule, exemptions: tuple[PreparedExemption, ...], context: Context) -> None:
        self.rule = rule
        self.passed: Mark = (rule.id, _PASSED, ())
        self._context = context
        self._dated_by = rule.dated_by
        self._editions = tuple(_prepared(one) for one in rule.editions)
        self._exemptions = exemptions

    def weigh(self, subject: Subject) -> Weighed:
        """Say what the rule makes of the exam: the first edition, in the order of tracks, that covers and means it."""
        moment = subject.moments[self._dated_by]
        outside: Edition | None = None
        for start, until, timeless, scope, run, params, edition in self._editions:
            if moment is None:
                if not timeless and (scope is None or scope(subject) is not False):
                    return self._excused(subject, _DATE_UNKNOWN)
            elif not start <= moment < until:
                continue
            inside = scope is None or scope(subject)
            if inside:
                answer = run(subject.exam, self._context, params)
                weighed = answer.status, answer, edition, ()
                return weighed if answer.status is _PASSED else self._excused(subject, weighed)
            if inside is None:
                return self._excused(subject, (Status.CANNOT_TELL, Lack.SCOPE_UNKNOWN, edition, ()))
            outside = outside or edition
        return (_NOT_IN_FORCE, Lack.SCOPE_OUTSIDE, outside, ()) if outside else _DATE_OUTSIDE

    def _excused(self, subject: Subject, weighed: Weighed) -> Weighed:
        """A window that covers the exam means that the rule cannot hold it, whatever the check would say later.

        So "cannot tell" is excused too, and nobody waits for a dose report that is not asked for.
        """
        status, answer, edition, _ = weighed
        if status is _NOT_IN_FORCE or not self._exemptions:  # a check may say that it has nothing to ask
            return weighed
        hits = excusing(self._exemptions, subject)
        return (Status.EXCUSED, answer, edition, hits) if hits else weighed


class Compiled:
    """A rulebook and the site's choices made ready once, to judge any number of exams."""

    def __init__(self, rulebook: Rulebook, context: Context) -> None:
        self.rulebook = rulebook
        self.context = context
        exemptions = prepare(rulebook, context)
        self._rules = tuple(PreparedRule(one, exemptions.get(one.id, ()), context) for one in rulebook.rules)

    def judge(
        self, exam: Exam, *, judged_at: datetime, known_at: datetime, valid_at: datetime | None = None
    ) -> Verdict:
        """Return the full verdict; `valid_at` stands in for every date of the exam that picks editions and windows."""
        subject = Subject(exam, judged_at, valid_at)
        weighed = [one.weigh(subject) for one in self._rules]
        findings = tuple(_finding(one.rule, said, subject) for one, said in zip(self._rules, weighed, strict=True))
        pairs = [(said[0], one.rule.effect) for one, said in zip(self._rules, weighed, strict=True)]
        decided = decide(pairs, unsettled=exam.unsettled)
        return Verdict(
            outcome=decided,
            findings=findings,
            judged_at=judged_at,
            known_at=known_at,
            rulebook=self.rulebook.revision,
            codes=self.context.codes,
            due_at=_due_at(findings, judged_at, self.context) if decided is Outcome.PENDING else None,
        )

    def marks(self, exam: Exam, now: datetime) -> Marks:
        """Return the marks of the verdict that `judge` would give at `now`."""
        subject = Subject(exam, now)
        marks: list[Mark] = []
        pairs: list[tuple[Status, Effect]] = []
        for one in self._rules:
            status, _, _, hits = one.weigh(subject)
            if status is _PASSED:
                marks.append(one.passed)
            elif status is not _NOT_IN_FORCE:
                marks.append((one.rule.id, status, tuple([hit.window.id for hit in hits])))
                pairs.append((status, one.rule.effect))
        return Marks(outcome=decide(pairs, unsettled=exam.unsettled), findings=tuple(marks))

    def findings(self, exam: Exam, now: datetime, effect: Effect) -> tuple[Finding, ...]:
        """Return what the rules of one effect say."""
        subject = Subject(exam, now)
        rules = [one for one in self._rules if one.rule.effect is effect]
        return tuple(_finding(one.rule, one.weigh(subject), subject) for one in rules)

    def failed(self, exam: Exam, now: datetime, effect: Effect, who: str) -> list[Finding]:
        """Return what fails of the rules of one effect that the named one must mend."""
        subject = Subject(exam, now)
        weighed = [
            (one.rule, one.weigh(subject)) for one in self._rules if one.rule.effect is effect and one.rule.who == who
        ]
        return [_finding(rule, said, subject) for rule, said in weighed if said[0] is Status.FAILED]


def judge(
    exam: Exam,
    rulebook: Rulebook,
    context: Context,
    *,
    judged_at: datetime,
    known_at: datetime,
    valid_at: datetime | None = None,
) -> Verdict:
    """Judge one exam; `rulebook` is the revision in force at `known_at`, `judged_at` the present instant."""
    return Compiled(rulebook, context).judge(exam, judged_at=judged_at, known_at=known_at, valid_at=valid_at)


def judge_report(exam: Exam, candidate: ReceivedReport, compiled: Compiled) -> tuple[Finding, ...]:
    """Say what the refusing rules make of a report before it is accepted, as if it were the exam's only version.

    Any FAILED finding refuses it; otherwise any CANNOT_TELL defers it. An addendum is signed like any report.
    """
    if candidate.report.status is ReportStatus.ADDENDUM:
        as_report = msgspec.structs.replace(candidate.report, status=ReportStatus.FINAL)
        candidate = msgspec.structs.replace(candidate, report=as_report)
    supposed = msgspec.structs.replace(exam, reports=(candidate,), refused_report=None)
    return compiled.findings(supposed, candidate.received_at, Effect.REFUSE_REPORT)


# As module names: members of an Enum are looked up through a descriptor, and this is asked of every rule of every exam.
_PASSED, _NOT_IN_FORCE = Status.PASSED, Status.NOT_IN_FORCE
_DATE_UNKNOWN: Weighed = (Status.CANNOT_TELL, Lack.DATE_UNKNOWN, None, ())
_DATE_OUTSIDE: Weighed = (Status.NOT_IN_FORCE, Lack.DATE_OUTSIDE, None, ())


def _prepared(edition: Edition) -> PreparedEdition:
    check = CHECKS[edition.check]
    return PreparedEdition(
        start=edition.start.timestamp() if edition.start else float("-inf"),
        until=edition.until.timestamp() if edition.until else float("inf"),
        timeless=edition.timeless,
        scope=prepare_scope(edition.applies),
        run=check.run,
        params={**check.params, **edition.params},
        edition=edition,
    )


def _finding(rule: Rule, weighed: Weighed, subject: Subject) -> Finding:
    status, said, edition, hits = weighed
    answer = _SAID[said](rule, subject) if isinstance(said, Lack) else said
    return Finding(
        rule=rule.id,
        status=status,
        effect=rule.effect,
        title=rule.title,
        reason=answer.reason,
        fix=rule.fix if status is Status.FAILED else None,
        who=rule.who,
        where=answer.where or rule.where,
        expected=answer.expected,
        found=answer.found,
        edition=edition.start if edition else None,
        exemptions=tuple(one.window.id for one in hits),
        recheck_at=answer.recheck_at,
        from_site="site" in {rule.origin, *(origin for one in hits for origin in one.origins)},
    )


def _due_at(findings: tuple[Finding, ...], judged_at: datetime, context: Context) -> datetime:
    asked = [one.recheck_at for one in findings if one.recheck_at and one.status is Status.CANNOT_TELL]
    return min(asked, default=judged_at + context.recheck)


def _date_unknown(rule: Rule, subject: Subject) -> Answer:
    name = DATED_BY[rule.dated_by].name
    return unknown(
        f"Kuralın dayandığı tarih henüz bilinmiyor: {name.tr}.",
        f"The date that the rule goes by is not known yet: {name.en}.",
    )


def _date_outside(rule: Rule, subject: Subject) -> Answer:
    name, date = DATED_BY[rule.dated_by].name, subject.moments.date(rule.dated_by)
    shown = f"{local(date):%d.%m.%Y %H:%M}" if date else "-"
    return Answer(
        status=Status.NOT_IN_FORCE,
        reason=Text(
            tr=f"Kural bu tarihte yürürlükte değil ({name.tr}: {shown}).",
            en=f"The rule is not in force at this date ({name.en}: {shown}).",
        ),
    )


def _scope_unknown(rule: Rule, subject: Subject) -> Answer:
    return unknown(
        "Tetkikin yöntemi (modalite) ya da SUT kodu henüz bilinmiyor.",
        "The exam's modality or SUT code is not known yet.",
    )


def _scope_outside(rule: Rule, subject: Subject) -> Answer:
    modality = subject.modality or "-"
    return Answer(
        status=Status.NOT_IN_FORCE,
        reason=Text(
            tr=f"Kural bu tetkik için geçerli değil (yöntem: {modality}).",
            en=f"The rule does not apply to this exam (modality: {modality}).",
        ),
    )


_SAID: dict[Lack, Callable[[Rule, Subject], Answer]] = {
    Lack.DATE_UNKNOWN: _date_unknown,
    Lack.DATE_OUTSIDE: _date_outside,
    Lack.SCOPE_UNKNOWN: _scope_unknown,
    Lack.SCOPE_OUTSIDE: _scope_outside,
}
