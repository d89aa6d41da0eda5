"""Tell MEDULA what a verdict calls for: plan it in the judge's transaction, carry it out from the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..core.billing import Action, cause_of, decide, idempotency_key, notification, overtaken
from ..core.events import (
    Event,
    NotificationAnswered,
    NotificationQueued,
    WithdrawalDropped,
    WithdrawalProposed,
    WithdrawalQueued,
)
from ..core.exam import Billing, Exam
from ..core.values import to_json
from ..core.verdict import DECIDES, Verdict
from ..ports import Clock, Delivery, Institution, Ledger, Medula, MedulaAnswer, Refused, Transaction
from .deliver import Handler, RefusedWith, doubtful

DESTINATION = "medula"
NOTIFY = "notify"
WITHDRAW = "withdraw"
NEVER_SENT = "GECIT-NEVER-SENT"
"""The code of a notification that was taken back before anybody was told."""


def plan(tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime, role: str) -> Action:
    """Queue what the verdict calls for, event and outbox row in one transaction; return what was planned.

    `exam` is the exam as it stands in `tx`, its `ExamJudged` included or not. Call it on every judging, also where the
    verdict is the same as before: the order or what MEDULA knows may have changed. `Preflight` never tells anybody.
    """
    action = Action.NONE if role == "Preflight" else decide(exam, verdict)
    if action is Action.NOTIFY:
        _notify(tx, exam, verdict, institution, now)
    elif action is Action.WITHDRAW:
        withdraw(tx, exam, verdict, institution, now, f"order {cause_of(exam).value}")
    elif action is Action.PROPOSE_WITHDRAWAL:
        cause = ", ".join(one.rule for one in verdict.findings if (one.status, one.effect) in DECIDES)
        tx.append(WithdrawalProposed(at=now, exam=exam.key, generation=exam.generation, cause=cause))
    elif action is Action.DROP_PROPOSAL:
        tx.append(WithdrawalDropped(at=now, exam=exam.key, generation=exam.generation))
    return action


def _notify(tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime) -> None:
    generation = exam.generation + 1
    key = idempotency_key(exam, generation, NOTIFY)
    content = notification(exam, verdict, kind=NOTIFY, generation=generation, medula_code=institution.medula_code)
    if tx.queue(DESTINATION, NOTIFY, key, exam.key, to_json(content), now):
        tx.append(NotificationQueued(at=now, exam=exam.key, generation=generation, key=key))


def withdraw(
    tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime, cause: str
) -> bool:
    """Queue the withdrawal of what MEDULA was last told; also how a person approves a proposed one.

    False where it stands in the outbox already: each generation is withdrawn once.
    """
    key = idempotency_key(exam, exam.generation, WITHDRAW)
    content = notification(
        exam,
        verdict,
        kind=WITHDRAW,
        generation=exam.generation,
        medula_code=institution.medula_code,
        reason=cause,
    )
    if not tx.queue(DESTINATION, WITHDRAW, key, exam.key, to_json(content), now):
        return False
    tx.append(WithdrawalQueued(at=now, exam=exam.key, generation=exam.generation, key=key, cause=cause))
    return True


def handlers(medula: Medula, ledger: Ledger, clock: Clock) -> Mapping[str, Handler]:
    """Return what the courier of destination `medula` calls, by kind."""
    told = _Teller(medula, ledger, clock)
    return {NOTIFY: told.notify, WITHDRAW: told.tell}


class _Teller:
    """Carries one outbox row to MEDULA and words the answer as events."""

    def __init__(self, medula: Medula, ledger: Ledger, clock: Clock) -> None:
        self._medula = medula
        self._ledger = ledger
        self._clock = clock

    def notify(self, delivery: Delivery) -> Sequence[Event]:
        """Notify, unless the exam changed while the row waited and nobody can have been told yet."""
        exam = self._ledger.read(lambda tx: tx.exam(delivery.exam))
        if exam is None or doubtful(delivery):
            return self.tell(delivery)
        if delivery.key != idempotency_key(exam, exam.generation, NOTIFY):
            # Only a parked row that somebody retries can be this old.
            raise Refused("GECIT-OVERTAKEN", f"generation {exam.generation} was queued since")
        if overtaken(exam) and exam.billing in (Billing.QUEUED, Billing.REFUSED):
            return self._take_back(delivery, exam)
        return self.tell(delivery)

    def tell(self, delivery: Delivery) -> Sequence[Event]:
        """Send, after asking where an earlier try may have arrived."""
        try:
            answer = self._earlier(delivery) or self._medula.send(delivery.kind, delivery.key, delivery.payload)
            if not answer.accepted:
                raise Refused(answer.code, answer.message)
        except Refused as refusal:
            event = self._answered(delivery, accepted=False, code=refusal.code, message=refusal.message)
            raise RefusedWith(refusal.code, refusal.message, [event]) from refusal
        return [self._answered(delivery, accepted=True, code=answer.code, message=answer.message)]

    def _earlier(self, delivery: Delivery) -> MedulaAnswer | None:
        """What MEDULA answered an earlier try; None where there was none, or nobody can be asked."""
        return self._medula.ask(delivery.key) if doubtful(delivery) and self._medula.can_ask else None

    def _take_back(self, delivery: Delivery, exam: Exam) -> Sequence[Event]:
        """Word it as withdrawn, so that the exam may be notified again under a new generation."""
        key = idempotency_key(exam, exam.generation, WITHDRAW)
        queued = WithdrawalQueued(
            at=self._clock.now(), exam=exam.key, generation=exam.generation, key=key, cause="changed before it was sent"
        )
        return [queued, self._answered(delivery, accepted=True, code=NEVER_SENT, message="", key=key)]

    def _answered(
        self, delivery: Delivery, *, accepted: bool, code: str, message: str, key: str = ""
    ) -> NotificationAnswered:
        return NotificationAnswered(
            at=self._clock.now(),
            exam=delivery.exam,
            key=key or delivery.key,
            accepted=accepted,
            code=code,
            message=message,
        )
