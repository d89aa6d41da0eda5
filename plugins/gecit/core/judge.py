"""The judge: what every rule of a rulebook says of one exam, and what it adds up to. Pure and reproducible.

Which revision of the rulebook was known is the caller's business (the ledger cuts by `activated_at`);
here each rule's edition is picked by the exam's own date.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from .checks import CHECKS, Answer, Context, unknown
from .dates import DATED_BY, date_of
from .exam import Exam, ReceivedReport
from .rulebook import Edition, Exemption, Rule, Rulebook, Scope, Window
from .values import Text, local
from .verdict import Effect, Finding, Outcome, Status, Verdict, outcome


def judge(exam: Exam, rulebook: Rulebook, context: Context, *, judged_at: datetime, known_at: datetime) -> Verdict:
    """Apply every rule; `rulebook` is the revision in force at `known_at`, `judged_at` the present instant."""
    findings = tuple(_finding(rule, exam, rulebook, context, judged_at) for rule in rulebook.rules)
    decided = outcome(findings, unsettled=exam.unsettled)
    return Verdict(
        outcome=decided,
        findings=findings,
        judged_at=judged_at,
        known_at=known_at,
        rulebook=rulebook.revision,
        codes=context.codes,
        due_at=_due_at(findings, judged_at, context) if decided is Outcome.PENDING else None,
    )


def judge_report(exam: Exam, candidate: ReceivedReport, rulebook: Rulebook, context: Context) -> tuple[Finding, ...]:
    """Say what the refusing rules make of a report before it is accepted, as if it were the exam's only version.

    Any FAILED finding refuses it; otherwise any CANNOT_TELL defers it.
    """
    supposed = msgspec.structs.replace(exam, reports=(candidate,), refused_report=None)
    rules = (rule for rule in rulebook.rules if rule.effect is Effect.REFUSE_REPORT)
    return tuple(_finding(rule, supposed, rulebook, context, candidate.received_at) for rule in rules)


def _due_at(findings: tuple[Finding, ...], judged_at: datetime, context: Context) -> datetime:
    asked = [one.recheck_at for one in findings if one.recheck_at and one.status is Status.CANNOT_TELL]
    return min(asked, default=judged_at + context.recheck)


def _finding(rule: Rule, exam: Exam, rulebook: Rulebook, context: Context, now: datetime) -> Finding:
    picked = _pick(rule, exam, now)
    if isinstance(picked, Answer):
        edition, answer = None, picked
    else:
        edition, answer = picked, _ask(picked, exam, context)
    excusing = _excusing(rule, exam, rulebook, now) if answer.status in _EXCUSABLE else ()
    return Finding(
        rule=rule.id,
        status=Status.EXCUSED if excusing else answer.status,
        effect=rule.effect,
        title=rule.title,
        reason=answer.reason,
        fix=rule.fix if answer.status is Status.FAILED and not excusing else None,
        who=rule.who,
        where=answer.where or rule.where,
        expected=answer.expected,
        found=answer.found,
        edition=edition.start if edition else None,
        exemptions=tuple(window.id for _, window in excusing),
        recheck_at=answer.recheck_at,
        from_site=rule.origin == "site" or any(one.origin == "site" for one, _ in excusing),
    )


# A window that covers the exam means that the rule cannot hold it, whatever the check would say later;
# so "cannot tell" is excused too, and nobody waits for a dose report that is not asked for.
_EXCUSABLE = frozenset({Status.FAILED, Status.CANNOT_TELL})


def _pick(rule: Rule, exam: Exam, now: datetime) -> Edition | Answer:
    """Return the edition of the exam's date, or why there is none."""
    moment = date_of(exam, rule.dated_by, now)
    if moment is None:
        only = rule.editions[0]
        return only if only.timeless else _date_unknown(rule)
    return rule.edition_at(moment) or _not_in_force(rule, moment)


def _ask(edition: Edition, exam: Exam, context: Context) -> Answer:
    inside = in_scope(edition.applies, exam)
    if inside is None:
        return unknown("Tetkikin yöntemi (modalite) henüz bilinmiyor.", "The exam's modality is not known yet.")
    if not inside:
        return _out_of_scope(exam)
    check = CHECKS[edition.check]
    return check.run(exam, context, {**check.params, **edition.params})


def _excusing(rule: Rule, exam: Exam, rulebook: Rulebook, now: datetime) -> tuple[tuple[Exemption, Window], ...]:
    """Return every window that excuses, with its exemption."""
    found: list[tuple[Exemption, Window]] = []
    for exemption in rulebook.exemptions_of(rule.id):
        moment = date_of(exam, exemption.dated_by, now)
        if moment is not None and in_scope(exemption.applies, exam):
            found.extend((exemption, window) for window in exemption.windows if window.covers(moment))
    return tuple(found)


def in_scope(scope: Scope, exam: Exam) -> bool | None:
    """Whether the exam is meant; None while what decides it is not known."""
    imaged = {one for study in exam.studies for one in study.facts.modalities}
    declared = {exam.modality} if exam.modality else imaged
    if declared & set(scope.not_modality):
        return False
    if scope.institution and exam.key.institution not in scope.institution:
        return False
    if scope.device_serial and not _made_by(scope.device_serial, exam):
        return False
    if not scope.modality:
        return True
    if not declared:
        return None
    return bool((declared | imaged) & set(scope.modality))


def _made_by(serials: tuple[str, ...], exam: Exam) -> bool:
    """Whether every device that made images of the exam is one of `serials`; one other device breaks the waiver."""
    used = {one.device_serial for study in exam.studies for one in study.facts.series if one.images}
    return bool(used) and used <= set(serials)


def _date_unknown(rule: Rule) -> Answer:
    name = DATED_BY[rule.dated_by].name
    return unknown(
        f"Kuralın dayandığı tarih henüz bilinmiyor: {name.tr}.",
        f"The date that the rule goes by is not known yet: {name.en}.",
    )


def _not_in_force(rule: Rule, moment: datetime) -> Answer:
    name, shown = DATED_BY[rule.dated_by].name, f"{local(moment):%d.%m.%Y %H:%M}"
    return Answer(
        status=Status.NOT_IN_FORCE,
        reason=Text(
            tr=f"Kural bu tarihte yürürlükte değil ({name.tr}: {shown}).",
            en=f"The rule is not in force at this date ({name.en}: {shown}).",
        ),
    )


def _out_of_scope(exam: Exam) -> Answer:
    modality = exam.modality or "-"
    return Answer(
        status=Status.NOT_IN_FORCE,
        reason=Text(
            tr=f"Kural bu tetkik için geçerli değil (yöntem: {modality}).",
            en=f"The rule does not apply to this exam (modality: {modality}).",
        ),
    )
