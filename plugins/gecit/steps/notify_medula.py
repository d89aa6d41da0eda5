"""Tell MEDULA what a verdict calls for: plan it in the judge's transaction, carry it out from the outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from ..core.billing import (
    Action,
    cause_of,
    decide,
    idempotency_key,
    key_of,
    notification,
    overtaken,
    read_notification,
)
from ..core.events import (
    Event,
    NotificationAnswered,
    NotificationQueued,
    OrderCancelled,
    WithdrawalDropped,
    WithdrawalProposed,
    WithdrawalQueued,
)
from ..core.exam import Billing, Exam
from ..core.medula_codes import NEVER_SENT, NOT_QUEUED, OVERTAKEN
from ..core.order import Control
from ..core.values import to_json
from ..core.verdict import DECIDES, Verdict
from ..ports import Clock, Delivery, Institution, Ledger, Medula, MedulaAnswer, Refused, Transaction
from .complete_notification import Completer, with_rows
from .deliver import Handler, RefusedWith, doubtful

DESTINATION = "medula"
NOTIFY = "notify"
WITHDRAW = "withdraw"
CHANGED = "changed before it was sent"
WITHDRAWN_BEFORE = "withdrawn before the restore"
CLOCKS_DIFFER = timedelta(days=1)
"""How far ahead an HBYS may write the order of an exam that was told before a restore."""


def plan(tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime, role: str) -> Action:
    """Queue what the verdict calls for, event and outbox row in one transaction; return what was planned.

    `exam` is the exam as it stands in `tx`, its `ExamJudged` included or not. Call it on every judging, also where the
    verdict is the same as before: the order or what MEDULA knows may have changed. `Preflight` never tells anybody.
    An exam that was cancelled after a restore, and that this ledger told nobody of, may have been told before it: its
    row asks alone, and what is found is withdrawn.
    """
    action = Action.NONE if role == "Preflight" else decide(exam, verdict)
    if action is Action.NONE and role != "Preflight" and _told_unknown(tx, exam):
        action = Action.NOTIFY
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


def _told_unknown(tx: Transaction, exam: Exam) -> bool:
    """Whether MEDULA may hold a generation of a cancelled exam that was told in the time that a restore lost."""
    if not exam.cancelled or exam.billing not in (Billing.UNTOLD, Billing.WITHDRAWN):
        return False
    found = tx.since_restore(exam.key)
    if found is None or not _ordered_before(exam, found[0] + CLOCKS_DIFFER):
        return False
    if not any(isinstance(one, OrderCancelled) for one in found[1]):
        return False
    withdrawals = [one for one in found[1] if isinstance(one, WithdrawalQueued)]
    return not withdrawals or withdrawals[-1].cause == WITHDRAWN_BEFORE


def _ordered_before(exam: Exam | None, instant: datetime) -> bool:
    ordered = exam.order.ordered_at if exam and exam.order else None
    return ordered is None or ordered < instant


def _notify(tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime) -> None:
    generation = exam.generation + 1
    key = idempotency_key(exam, generation, NOTIFY)
    code = institution.medula_code
    content = notification(exam, verdict, kind=NOTIFY, generation=generation, medula_code=code)
    if tx.queue(DESTINATION, NOTIFY, key, exam.key, to_json(content), now):
        queued = NotificationQueued(at=now, exam=exam.key, generation=generation, key=key, institution_medula=code)
        tx.append(queued)


def withdraw(
    tx: Transaction, exam: Exam, verdict: Verdict, institution: Institution, now: datetime, cause: str, by: str = ""
) -> bool:
    """Queue the withdrawal of what MEDULA was last told; also how a person, `by`, approves a proposed one.

    False where it stands in the outbox already: each generation is withdrawn once. It names the MEDULA code that the
    generation was told under, whatever the institution's is by now: under another one nothing of it stands.
    """
    key = idempotency_key(exam, exam.generation, WITHDRAW)
    content = notification(
        exam,
        verdict,
        kind=WITHDRAW,
        generation=exam.generation,
        medula_code=exam.institution_medula or institution.medula_code,
        reason=cause,
    )
    if not tx.queue(DESTINATION, WITHDRAW, key, exam.key, to_json(content), now):
        return False
    tx.append(WithdrawalQueued(at=now, exam=exam.key, generation=exam.generation, key=key, cause=cause, by=by))
    return True


def handlers(
    medula: Medula, ledger: Ledger, clock: Clock, restored_at: datetime | None = None
) -> Mapping[str, Handler]:
    """Return what the courier of destination `medula` calls, by kind.

    `restored_at`: when the ledger was put back from a backup. It does not know whom it told just before.
    """
    told = _Teller(medula, ledger, clock, restored_at)
    return {NOTIFY: told.notify, WITHDRAW: told.withdraw}


class _Teller:
    """Carries one outbox row to MEDULA and words the answer as events."""

    def __init__(self, medula: Medula, ledger: Ledger, clock: Clock, restored_at: datetime | None) -> None:
        self._medula = medula
        self._ledger = ledger
        self._clock = clock
        self._forgotten_until = restored_at + CLOCKS_DIFFER if restored_at else None
        self._completer = Completer(ledger, clock)

    def notify(self, delivery: Delivery) -> Sequence[Event]:
        """Notify, unless the exam changed while the row waited and nobody can have been told yet."""
        exam = self._ledger.read(lambda tx: tx.exam(delivery.exam))
        _must_be_ours(delivery, exam)
        asks_alone = exam is not None and _asks_alone(delivery, exam)
        if exam is None or (doubtful(delivery) and not asks_alone):
            return self._tell(delivery, exam)
        _still_wanted(delivery, exam)
        if asks_alone:
            return self._ask_alone(delivery, exam)
        if not overtaken(exam):
            return self._tell(delivery, exam)
        if self._forgotten(exam) and self._medula.can_ask:
            return self._ask_alone(delivery, exam)
        return self._take_back(delivery, exam, CHANGED, NEVER_SENT)

    def _ask_alone(self, delivery: Delivery, exam: Exam) -> Sequence[Event]:
        """Find out whether MEDULA was told before a restore of what is to be told no more; nothing is sent."""
        earlier: MedulaAnswer | None = None
        if self._medula.can_ask:
            try:
                earlier = self._medula.ask(delivery.key, self._completer.complete(delivery, exam))
            except Refused as refusal:
                earlier = MedulaAnswer(accepted=False, code=refusal.code, message=refusal.message)
        if earlier is None:
            return self._take_back(delivery, exam, CHANGED, NEVER_SENT)
        return self._settled(delivery, exam, earlier, earlier)

    def withdraw(self, delivery: Delivery) -> Sequence[Event]:
        """Withdraw what stands at MEDULA by now."""
        exam = self._ledger.read(lambda tx: tx.exam(delivery.exam))
        _must_be_ours(delivery, exam)
        return self._tell(delivery, exam)

    def _tell(self, delivery: Delivery, exam: Exam | None) -> Sequence[Event]:
        """Send, after asking where an earlier try may have arrived."""
        earlier: MedulaAnswer | None = None
        try:
            payload = self._completer.complete(delivery, exam)
            if self._medula.can_ask and (doubtful(delivery) or self._forgotten(exam)):
                earlier = self._medula.ask(delivery.key, payload)
            answer = self._carry(delivery, payload, earlier)
        except Refused as refusal:
            answer = MedulaAnswer(accepted=False, code=refusal.code, message=refusal.message)
        return self._settled(delivery, exam, answer, earlier)

    def _settled(
        self, delivery: Delivery, exam: Exam | None, answer: MedulaAnswer, earlier: MedulaAnswer | None
    ) -> Sequence[Event]:
        event = self._answered(delivery, answer)
        if not answer.accepted:
            raise RefusedWith(answer.code, answer.message, [event])
        if exam and earlier and self._withdrawn_since(delivery, exam, earlier):
            return [event, *self._take_back(delivery, exam, WITHDRAWN_BEFORE, earlier.code)]
        return [event]

    def _forgotten(self, exam: Exam | None) -> bool:
        """Whether MEDULA may have been told before a restore, which this ledger then knows nothing of."""
        return self._forgotten_until is not None and _ordered_before(exam, self._forgotten_until)

    def _withdrawn_since(self, delivery: Delivery, exam: Exam, earlier: MedulaAnswer) -> bool:
        """Whether what MEDULA was told before a restore was withdrawn before it too: a later generation may stand.

        Where MEDULA says what stands (`rows`) it has said so.
        """
        if earlier.rows is not None or delivery.key != idempotency_key(exam, exam.generation, NOTIFY):
            return False
        withdrawal = idempotency_key(exam, exam.generation, WITHDRAW)
        asked = self._medula.ask(withdrawal, delivery.payload) if self._forgotten(exam) else None
        return asked is not None and asked.accepted

    def _carry(self, delivery: Delivery, payload: bytes, earlier: MedulaAnswer | None) -> MedulaAnswer:
        if earlier is None:
            return self._medula.send(delivery.kind, delivery.key, payload)
        if earlier.accepted or not earlier.rows:
            return earlier
        # A part of it arrived: only the rest is sent, and a refusal of the rest does not make us forget the part.
        try:
            answer = self._medula.send(delivery.kind, delivery.key, with_rows(payload, earlier.rows))
        except Refused as refusal:
            answer = MedulaAnswer(accepted=False, code=refusal.code, message=refusal.message)
        return answer if answer.rows is not None else msgspec.structs.replace(answer, rows=earlier.rows)

    def _take_back(self, delivery: Delivery, exam: Exam, cause: str, code: str) -> Sequence[Event]:
        """Word it as withdrawn, so that the exam may be notified again under a new generation."""
        key = idempotency_key(exam, exam.generation, WITHDRAW)
        queued = WithdrawalQueued(at=self._clock.now(), exam=exam.key, generation=exam.generation, key=key, cause=cause)
        return [queued, self._answered(delivery, MedulaAnswer(accepted=True, code=code), key)]

    def _answered(self, delivery: Delivery, answer: MedulaAnswer, key: str = "") -> NotificationAnswered:
        return NotificationAnswered(
            at=self._clock.now(),
            exam=delivery.exam,
            key=key or delivery.key,
            accepted=answer.accepted,
            code=answer.code,
            message=answer.message,
            rows=answer.rows,
        )


def _must_be_ours(delivery: Delivery, exam: Exam | None) -> None:
    """Refuse a row that somebody else put into the outbox, or that speaks of another exam than it stands for.

    One that cannot be read bills nobody: whoever receives it says what is wrong with it.
    """
    try:
        told = read_notification(delivery.payload)
    except msgspec.MsgspecError:
        return
    mine = (told.institution_skrs, told.accession) == (delivery.exam.institution, delivery.exam.accession)
    if not mine or key_of(told) != delivery.key or exam is None or told.generation > exam.generation:
        raise Refused(NOT_QUEUED, "no event of the exam speaks of this row")


def _asks_alone(delivery: Delivery, exam: Exam) -> bool:
    """Whether a row was queued of an order that was cancelled already (`_told_unknown`).

    Its content is no bill. So it is never sent, whatever became of an earlier try and of the order since: an order that
    is placed anew is told under the next generation.
    """
    queued = exam.notified_order
    mine = delivery.key == idempotency_key(exam, exam.generation, NOTIFY)
    return mine and queued is not None and queued.control is Control.CANCEL


def _still_wanted(delivery: Delivery, exam: Exam) -> None:
    """Refuse a parked row that somebody retries after the exam moved on; only such a row can be this old."""
    if delivery.key != idempotency_key(exam, exam.generation, NOTIFY):
        raise Refused(OVERTAKEN, f"generation {exam.generation} was queued since")
    if exam.billing not in (Billing.QUEUED, Billing.REFUSED, Billing.PARTLY_TOLD):
        raise Refused(OVERTAKEN, f"the exam stands as {exam.billing.value}")
    if exam.billing is Billing.PARTLY_TOLD and overtaken(exam):
        raise Refused(OVERTAKEN, "the exam no longer passes; what was registered of it is to be withdrawn")
