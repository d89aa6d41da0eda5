"""What MEDULA is to be told of an exam, and when: one table, and the neutral notification (design 3.7, 7.10)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from .dose import combine
from .exam import Billing, Exam
from .facts import DoseReport, DoseValue
from .order import Order, Procedure, RegisteredRow
from .values import Value
from .verdict import DECIDES as OUTCOME_OF
from .verdict import Outcome, Verdict


class Action(StrEnum):
    """What a verdict makes us do towards MEDULA."""

    NONE = "none"
    NOTIFY = "notify"
    WITHDRAW = "withdraw"
    PROPOSE_WITHDRAWAL = "propose-withdrawal"
    DROP_PROPOSAL = "drop-proposal"  # what was proposed to be taken back passes again


class Cause(StrEnum):
    """What became of the order since MEDULA was last to be told of it."""

    AS_TOLD = "as told"  # nothing; or MEDULA was never told
    AMENDED = "amended"  # XO, but what is billed is the same
    REPLACED = "replaced"  # XO, and something that was told is no longer so
    CANCELLED = "cancelled"  # CA


# Design 3.7: taking back is automatic only where the order was changed or cancelled. The rest is `none`:
# - while a delivery is under way (queued, withdrawal queued) nothing is added, so that no withdrawal overtakes its
#   notification; the answer wakes the judge where something changed meanwhile;
# - pending takes nothing back: a piece that is missing now may still come (a deleted study undoes nothing: 7.12);
# - a refusal, also of a part, is a person's, until the order is mended: what was registered is then taken back first;
# - a withdrawal that a person dismissed is not proposed again for the same rules (`decide`);
# - a refused withdrawal stays a person's, since MEDULA still bills what it was told and another generation would bill
#   it twice.
DECIDES: dict[tuple[Billing, Outcome, Cause], Action] = {
    (Billing.UNTOLD, Outcome.SUBMIT, Cause.AS_TOLD): Action.NOTIFY,
    (Billing.WITHDRAWN, Outcome.SUBMIT, Cause.AS_TOLD): Action.NOTIFY,
    (Billing.WITHDRAWN, Outcome.SUBMIT, Cause.AMENDED): Action.NOTIFY,
    (Billing.WITHDRAWN, Outcome.SUBMIT, Cause.REPLACED): Action.NOTIFY,
    (Billing.REFUSED, Outcome.SUBMIT, Cause.REPLACED): Action.NOTIFY,
    (Billing.PARTLY_TOLD, Outcome.HOLD, Cause.AMENDED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.HOLD, Cause.REPLACED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.PENDING, Cause.REPLACED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.SUBMIT, Cause.REPLACED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.HOLD, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.PENDING, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.PARTLY_TOLD, Outcome.SUBMIT, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.HOLD, Cause.AS_TOLD): Action.PROPOSE_WITHDRAWAL,
    (Billing.TOLD, Outcome.HOLD, Cause.AMENDED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.HOLD, Cause.REPLACED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.PENDING, Cause.REPLACED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.SUBMIT, Cause.REPLACED): Action.WITHDRAW,  # and told anew once it is withdrawn
    (Billing.TOLD, Outcome.HOLD, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.PENDING, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.TOLD, Outcome.SUBMIT, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.SUBMIT, Cause.AS_TOLD): Action.DROP_PROPOSAL,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.SUBMIT, Cause.AMENDED): Action.DROP_PROPOSAL,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.HOLD, Cause.AMENDED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.HOLD, Cause.REPLACED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.PENDING, Cause.REPLACED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.SUBMIT, Cause.REPLACED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.HOLD, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.PENDING, Cause.CANCELLED): Action.WITHDRAW,
    (Billing.WITHDRAWAL_PROPOSED, Outcome.SUBMIT, Cause.CANCELLED): Action.WITHDRAW,
}


def cause_of(exam: Exam) -> Cause:
    """Say what became of the order since MEDULA was last to be told of it."""
    if exam.cancelled:
        return Cause.CANCELLED
    if exam.notified_order is None or exam.order == exam.notified_order:
        return Cause.AS_TOLD
    return Cause.AMENDED if _billed(exam.order) == _billed(exam.notified_order) else Cause.REPLACED


def _billed(order: Order | None) -> object:
    """The part of an order that a notification repeats; names may be spelt anew without changing it."""
    if order is None:
        return None
    codes = tuple((one.sut, one.loinc) for one in order.procedures)
    return (order.patient.tckn, codes, order.modality, order.ordered_at, order.physician.identifier)


def decide(exam: Exam, verdict: Verdict) -> Action:
    """Say what MEDULA is to be told after `verdict`; `exam` as it stands when judged."""
    action = DECIDES.get((exam.billing, verdict.outcome, cause_of(exam)), Action.NONE)
    if action is Action.PROPOSE_WITHDRAWAL and exam.dismissed and set(holding(verdict)) <= set(exam.dismissed):
        return Action.NONE
    return action


def holding(verdict: Verdict) -> tuple[str, ...]:
    """Return the ids of the rules that hold the exam, sorted."""
    held = {one.rule for one in verdict.findings if OUTCOME_OF.get((one.status, one.effect)) is Outcome.HOLD}
    return tuple(sorted(held))


def overtaken(exam: Exam) -> bool:
    """Whether a notification that was queued but never sent should no longer be."""
    submits = exam.verdict is not None and exam.verdict.outcome is Outcome.SUBMIT
    return not submits or cause_of(exam) in (Cause.CANCELLED, Cause.REPLACED)


def idempotency_key(exam: Exam, generation: int, kind: str) -> str:
    """The key under which MEDULA carries out a delivery once, however often it arrives."""
    return f"{exam.key.institution}:{exam.key.accession}:{generation}:{kind}"


def key_of(told: Notification) -> str:
    """The idempotency key of a notification, made of what it says."""
    return f"{told.institution_skrs}:{told.accession}:{told.generation}:{told.kind}"


class Notification(Value):
    """What MEDULA is told of one exam: the neutral contract of `docs/conformance/medula.md`, field by field."""

    kind: str  # notify | withdraw
    institution_skrs: str
    institution_medula: str  # MEDULA tesis kodu; never the SKRS code
    accession: str
    generation: int
    patient_tckn: str
    procedures: tuple[Procedure, ...]
    modality: str
    ordered_at: datetime | None
    physician_tckn: str
    radiologist_tckn: str
    study_instance_uids: tuple[str, ...]
    report_approved_at: datetime | None
    images: int
    dose: tuple[DoseValue, ...]
    rulebook: str  # revision that the verdict was made by
    judged_at: datetime
    reason: str = ""  # of a withdrawal
    performed_on: str = ""  # YYYYMMDD; the first day of its studies
    registered: tuple[RegisteredRow, ...] = ()  # what MEDULA gave numbers to and still holds


# PS3.16: CTDIvol 113830, DLP 113838, DLP total 113813, average glandular dose 111631,
# accumulated 111637
DOSE_CODES = frozenset({"113830", "113838", "113813", "111631", "111637"})


def notification(
    exam: Exam, verdict: Verdict, *, kind: str, generation: int, medula_code: str, reason: str = ""
) -> Notification:
    """Build what MEDULA is told; a withdrawal repeats the order as it was told."""
    order = exam.notified_order if kind == "withdraw" else exam.order
    report = exam.report.report if exam.report else None
    return Notification(
        kind=kind,
        institution_skrs=exam.key.institution,
        institution_medula=medula_code,
        accession=exam.key.accession,
        generation=generation,
        patient_tckn=order.patient.tckn if order else exam.patient.tckn,
        procedures=order.procedures if order else (),
        modality=order.modality if order and order.modality else exam.modality,
        ordered_at=order.ordered_at if order else None,
        physician_tckn=order.physician.identifier if order else "",
        radiologist_tckn=report.radiologists[0].identifier if report and report.radiologists else "",
        study_instance_uids=tuple(sorted({one.facts.study_instance_uid for one in exam.studies})),
        report_approved_at=report.approved_at if report else None,
        images=exam.images,
        dose=_dose(exam),
        rulebook=verdict.rulebook,
        judged_at=verdict.judged_at,
        reason=reason,
        performed_on=min((one.facts.study_date for one in exam.studies if one.facts.study_date), default=""),
        registered=exam.registered if kind == "withdraw" else (),
    )


def _dose(exam: Exam) -> tuple[DoseValue, ...]:
    """The dose quantities that are told, read together over all dose reports of the exam."""
    return combine([_told_part(one) for one in exam.dose_reports])


def _told_part(report: DoseReport) -> DoseReport:
    return msgspec.structs.replace(report, values=tuple(one for one in report.values if one.code in DOSE_CODES))


def read_notification(payload: bytes) -> Notification:
    """Read what `to_json` wrote; raises `msgspec.MsgspecError` where it is something else."""
    return msgspec.json.decode(payload, type=Notification)
