"""Facts of an exam -> its verdict, and what follows from it: MEDULA, the report in the archive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from ..core.background import Background
from ..core.billing import Action
from ..core.events import ExamJudged
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.verdict import Verdict
from ..ports import Institution, Transaction
from . import announce, notify_medula
from .attach_report import plan_attach
from .background import institution_of, look_up, record
from .find_hints import find_hints
from .receive_message import Judging, compiled


def judge_exam(
    tx: Transaction,
    exam: Exam,
    judging: Judging,
    institutions: Mapping[str, Institution],
    now: datetime,
    role: str,
    background: Background | None = None,
) -> Verdict:
    """Judge an exam by what is known now; background, verdict, notification and attachment are one transaction.

    `background`: what stands beside the exam, where it was looked up in this transaction already.
    """
    institution = institution_of(exam, institutions)
    known = record(tx, exam, background or look_up(tx, exam, institution), now)
    verdict = compiled(judging).judge(known, judged_at=now, known_at=now)
    write_verdict(tx, known, verdict, exam.judge_cause, institution, now, role)
    plan_attach(tx, tx.exam(exam.key) or known, now)
    find_hints(tx, tx.exam(exam.key) or known, judging.quality, now)
    return verdict


def write_verdict(
    tx: Transaction, exam: Exam, verdict: Verdict, cause: str, institution: Institution, now: datetime, role: str
) -> Action:
    """Record a verdict, and plan what MEDULA and subscribers are to be told; return what was planned for MEDULA."""
    tx.append(ExamJudged(at=now, exam=exam.key, verdict=verdict, cause=cause))
    if institution.trial:  # its exams are nobody's: neither MEDULA nor a subscriber hears of them
        return Action.NONE
    announce.plan(tx, exam, exam.verdict, verdict)
    return notify_medula.plan(tx, tx.exam(exam.key) or exam, verdict, institution, now, role)


def judge_due(
    tx: Transaction,
    judging: Judging,
    now: datetime,
    role: str,
    limit: int = 200,
    only: ExamKey | None = None,
    but: Collection[ExamKey] = (),
) -> int:
    """Judge the exams whose time has come, or `only` one of them, and none of `but`; return how many there were."""
    institutions = {one.skrs: one for one in tx.institutions()}
    wanted = [(only, "")] if only else [one for one in tx.due(now, limit + len(but)) if one[0] not in but][:limit]
    # Locked first and in the order of those who take messages in; read after that, since they may have changed.
    tx.foresee([key for key, _ in wanted], [tckn for _, tckn in wanted], [])
    exams = (tx.exam(key) for key, _ in wanted)
    due = [one for one in exams if one and one.judge_at and one.judge_at <= now]
    # All are looked up before the first event: a verdict is no part of a background, and a search between two events
    # would write them one by one.
    backgrounds = [look_up(tx, exam, institution_of(exam, institutions)) for exam in due]
    for exam, background in zip(due, backgrounds, strict=True):
        judge_exam(tx, exam, judging, institutions, now, role, background)
    return len(due)
