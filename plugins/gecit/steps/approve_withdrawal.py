"""A person decides on a withdrawal that is proposed: MEDULA is told otherwise, or stands as told (design 3.7)."""

from __future__ import annotations

from datetime import datetime

from ..core.billing import holding
from ..core.events import WithdrawalDismissed
from ..core.exam import Billing, Exam
from ..core.order import ExamKey
from ..core.values import Text
from ..core.verdict import Outcome, Verdict
from ..ports import Institution, Transaction
from .notify_medula import withdraw


class NothingToDecideError(Exception):
    """There is nothing to approve or to dismiss; `text` says why."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.tr} / {text.en}")
        self.text = text


def approve(tx: Transaction, key: ExamKey, now: datetime, by: str, reason: str) -> None:
    """Queue the withdrawal, with who approved it and why; raises `NothingToDecideError`."""
    exam, verdict = _judged(tx, key)
    if not can_withdraw(exam):
        raise NothingToDecideError(_stands(exam))
    institution = next((one for one in tx.institutions() if one.skrs == key.institution), Institution(skrs=""))
    if not withdraw(tx, exam, verdict, institution, now, reason, by):
        raise NothingToDecideError(Text(tr="Geri alma zaten kuyrukta.", en="The withdrawal is queued already."))


def dismiss(tx: Transaction, key: ExamKey, now: datetime, by: str, reason: str) -> tuple[str, ...]:
    """Let MEDULA stand as told; return the rules that propose it no more. Raises `NothingToDecideError`."""
    exam, verdict = _judged(tx, key)
    if exam.billing is not Billing.WITHDRAWAL_PROPOSED:
        raise NothingToDecideError(_stands(exam))
    rules = holding(verdict)
    if not rules:
        raise NothingToDecideError(
            Text(
                tr="Tetkik şu anda beklemede, tutan kural yok; sonraki değerlendirmeden sonra karar verin.",
                en="The exam is pending now and no rule holds it; decide after it is judged next.",
            )
        )
    tx.append(WithdrawalDismissed(at=now, exam=key, generation=exam.generation, rules=rules, by=by, reason=reason))
    return rules


def can_withdraw(exam: Exam) -> bool:
    """Whether a person may have MEDULA told otherwise.

    Where it is proposed, where a part was registered, and where a proposal was dismissed and the exam still is held.
    """
    if exam.billing in (Billing.WITHDRAWAL_PROPOSED, Billing.PARTLY_TOLD):
        return True
    held = exam.verdict is not None and exam.verdict.outcome is Outcome.HOLD
    return exam.billing is Billing.TOLD and held and bool(exam.dismissed)


def _judged(tx: Transaction, key: ExamKey) -> tuple[Exam, Verdict]:
    exam = tx.exam(key)
    if exam is None or exam.verdict is None:
        raise NothingToDecideError(
            Text(tr="Böyle değerlendirilmiş bir tetkik yok.", en="There is no such judged exam.")
        )
    return exam, exam.verdict


def _stands(exam: Exam) -> Text:
    state = exam.billing.value
    return Text(
        tr=f"Onay bekleyen geri alma yok; durum: {state}.", en=f"No withdrawal waits for approval; it is {state}."
    )
