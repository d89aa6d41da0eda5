"""Facts of an exam -> its verdict, and what follows from it: MEDULA, the report in the archive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from ..core.events import ExamJudged
from ..core.exam import Exam
from ..core.judge import judge
from ..core.order import ExamKey
from ..core.verdict import Verdict
from ..ports import Institution, Transaction
from . import notify_medula
from .attach_report import plan_attach
from .receive_message import Judging


def judge_exam(
    tx: Transaction, exam: Exam, judging: Judging, institutions: Mapping[str, Institution], now: datetime, role: str
) -> Verdict:
    """Judge an exam by what is known now; verdict, notification and attachment are planned in one transaction."""
    verdict = judge(exam, judging.rulebook, judging.context, judged_at=now, known_at=now)
    tx.append(ExamJudged(at=now, exam=exam.key, verdict=verdict, cause=exam.judge_cause))
    judged = tx.exam(exam.key) or exam
    institution = institutions.get(exam.key.institution) or Institution(skrs=exam.key.institution)
    notify_medula.plan(tx, judged, verdict, institution, now, role)
    plan_attach(tx, judged, now)
    return verdict


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
    exams = [tx.exam(only)] if only else tx.exams_due(now, limit + len(but))
    due = [one for one in exams if one and one.key not in but and one.judge_at and one.judge_at <= now][:limit]
    for exam in due:
        judge_exam(tx, exam, judging, institutions, now, role)
    return len(due)
