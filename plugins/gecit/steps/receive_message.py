"""HBYS -> order or report of an exam: keep the message, fold what it says, and settle what it is answered.

Everything here happens in one transaction; the answer leaves only after it has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from ..core.checks import Context
from ..core.codes_of_remarks import CATALOGUE, remark
from ..core.encounters import EncounterTold
from ..core.events import (
    Event,
    MessageRemarked,
    OrderCancelled,
    OrderChanged,
    OrderPlaced,
    RegistryAnswer,
    ReportDeferred,
    ReportReceived,
    ReportRefused,
)
from ..core.exam import Exam, ReceivedReport
from ..core.identifiers import is_tckn
from ..core.judge import Compiled, judge_report
from ..core.openings import CareRule
from ..core.order import Control, ExamKey, Order
from ..core.quality_data import QualityData
from ..core.remarks import Remark, Severity, Where, worst
from ..core.report import Report
from ..core.report_said import said_of_repetition, said_of_signers, said_of_version
from ..core.rulebook import Rulebook
from ..core.values import Text, Value
from ..core.verdict import Effect, Finding, Status
from ..ports import Institution, NewMessage, StoredMessage, Transaction
from .background import look_up, tell_later
from .receive_study import link_exam
from .record_encounter import record_encounter

NO_CARE = CareRule()
"""Opens nothing."""
Answer = Callable[[Sequence[Remark]], bytes]
"""Writes the ACK for a message's remarks."""


class Incoming(Value):
    """A frame as read: `content` is None where it could not be used, and `remarks` say why."""

    raw: bytes
    digest: str  # SHA-256 of raw, hex
    peer: str
    received_at: datetime
    sender: tuple[str, str] = ("", "")  # MSH-3, MSH-4
    control_id: str = ""  # MSH-10
    institution: str = ""  # SKRS code, once it is known to be the peer's
    ownership: str = ""  # of that institution, as the ledger knows it
    accession: str = ""
    content: Order | Report | EncounterTold | None = None
    remarks: tuple[Remark, ...] = ()


class Judging(Value):
    """What judging needs: the rulebook in force, the site's choices, the 40-minute rule, and what hints go by."""

    rulebook: Rulebook
    context: Context = Context()
    group_minutes: int = 40
    quality: QualityData = QualityData()  # without a revision no hints are looked for


def compiled(judging: Judging) -> Compiled:
    """Return the compiled rulebook of `judging`; the last one is kept, since a process judges by one at a time."""
    global _last  # one slot, replaced whole; two threads that meet compile twice, nothing worse
    kept = _last
    if kept is None or kept[0] is not judging:
        kept = _last = (judging, Compiled(judging.rulebook, judging.context))
    return kept[1]


_last: tuple[Judging, Compiled] | None = None


class Answered(Value):
    """What a message is answered, and why."""

    answer: bytes
    remarks: tuple[Remark, ...] = ()
    message: int = 0  # its number in the ledger
    replayed: bool = False


def receive_message(
    tx: Transaction,
    incoming: Incoming,
    registry: Mapping[str, RegistryAnswer],
    judging: Judging,
    answer: Answer,
    care: CareRule = NO_CARE,
) -> Answered:
    """Take a message in; the same one again, of the same institution, gets the same answer and does nothing (7.5).

    `registry` holds what is known of the report's signers; one that is missing could not be asked. `care` is the rule
    by which relations are opened that an ADT message tells.
    """
    before = _before(tx, incoming)
    same = _same(before, incoming)
    if same and not same.transient:
        return Answered(answer=same.answer, message=same.id, replayed=True)
    remarks = list(incoming.remarks)
    # MSH-3 and MSH-4 name the firm, and two hospitals of one firm may count alike.
    if not same and any(one.institution == incoming.institution for one in before):
        remarks.append(remark("control-id-reused", Where(field=10)))
    number = same.id if same else tx.add_message(_row(incoming))
    if isinstance(incoming.content, EncounterTold):
        remarks += _take_encounter(tx, incoming.content, remarks, number, care, incoming.received_at)
    else:
        remarks += _take_in(tx, incoming, incoming.content, remarks, number, registry, judging)
    return _settle(tx, number, tuple(remarks), answer)


def retry_message(
    tx: Transaction,
    stored: StoredMessage,
    incoming: Incoming,
    registry: Mapping[str, RegistryAnswer],
    judging: Judging,
    answer: Answer,
) -> Answered:
    """Look again at a message that was answered with a transient code, as if it had just been sent again."""
    content = None if isinstance(incoming.content, EncounterTold) else incoming.content  # only reports are deferred
    if content is not None:
        tx.exam(content.key)  # locked first: a resend may be settling the message in another process
    now = tx.message(stored.id) or stored
    if not now.transient:
        return Answered(answer=now.answer, message=now.id, replayed=True)
    remarks = list(incoming.remarks)
    remarks += _take_in(tx, incoming, content, remarks, stored.id, registry, judging)
    return _settle(tx, stored.id, tuple(remarks), answer)


def keep_failed(tx: Transaction, incoming: Incoming, answer: Answer) -> Answered:
    """Keep a message whose handling failed in an unforeseen way; a resend is looked at again."""
    same = _same(_before(tx, incoming), incoming)
    if same and not same.transient:
        return Answered(answer=same.answer, message=same.id, replayed=True)
    number = same.id if same else tx.add_message(_row(incoming))
    return _settle(tx, number, (remark("internal"),), answer)


def _before(tx: Transaction, incoming: Incoming) -> list[StoredMessage]:
    return tx.message_with(incoming.sender, incoming.control_id) if incoming.control_id else []


def _same(before: Sequence[StoredMessage], incoming: Incoming) -> StoredMessage | None:
    """Return the message that this is again: of whoever speaks now, else of nobody who was known then.

    What an institution was answered is its own: the same bytes from somebody else's address are another message.
    """
    alike = [one for one in before if one.digest == incoming.digest]
    mine = (one for one in alike if one.institution == incoming.institution)
    return next(mine, None) or next((one for one in alike if not one.institution), None)


def _row(incoming: Incoming) -> NewMessage:
    return NewMessage(
        received_at=incoming.received_at,
        peer=incoming.peer,
        institution=incoming.institution,
        sender=incoming.sender,
        control_id=incoming.control_id,
        digest=incoming.digest,
        raw=incoming.raw,
    )


def _settle(tx: Transaction, number: int, remarks: tuple[Remark, ...], answer: Answer) -> Answered:
    written = answer(remarks)
    transient = any(one.transient for one in remarks)
    tx.answer_message(number, written, worst(remarks).value, transient=transient)
    return Answered(answer=written, remarks=remarks, message=number)


def _take_in(
    tx: Transaction,
    incoming: Incoming,
    content: Order | Report | None,
    remarks: Sequence[Remark],
    number: int,
    registry: Mapping[str, RegistryAnswer],
    judging: Judging,
) -> list[Remark]:
    """Fold the content and return what it adds to the remarks; nothing is folded where a remark refuses it."""
    at = incoming.received_at
    unfit = _of_another_patient(tx, content) if isinstance(content, Report) else []
    if content is None or worst([*remarks, *unfit]) is not Severity.NOTE:
        # What could not be used is never answered AA, whatever severities a profile gives.
        unused = unfit or ([remark("internal")] if worst(list(remarks)) is Severity.NOTE else [])
        _remark_exam(tx, incoming, [*remarks, *unused], number)
        return unused
    waited, before = _waits(tx, content.key, number), tx.exam(content.key)
    if isinstance(content, Order):
        added = _take_order(tx, content, number, incoming, judging)
    else:
        added = _take_report(tx, content, number, at, registry, judging)
    tell_later(tx, before, content.key, at)
    if not (waited and _waits(tx, content.key, number)):  # still waiting is said once, not with every look
        _remark_exam(tx, incoming, [*remarks, *added], number)
    return added


def _take_encounter(
    tx: Transaction, told: EncounterTold, remarks: Sequence[Remark], number: int, care: CareRule, now: datetime
) -> list[Remark]:
    """Follow a visit; nothing is followed where a remark refuses the message."""
    if worst(list(remarks)) is not Severity.NOTE:
        return []
    return record_encounter(tx, told, number, care, now)


def _of_another_patient(tx: Transaction, report: Report) -> list[Remark]:
    """Refuse a report that names another person than the order does: it would stand among the wrong one's images."""
    exam = tx.exam(report.key)
    ordered = exam.order.patient.tckn if exam and exam.order else ""
    reported = report.patient.tckn
    if is_tckn(ordered) and is_tckn(reported) and ordered != reported:
        return [remark("report-patient-differs", Where(segment="PID", field=4))]
    return []


def _waits(tx: Transaction, key: ExamKey, number: int) -> bool:
    exam = tx.exam(key)
    return exam is not None and number in exam.deferred_reports


def _remark_exam(tx: Transaction, incoming: Incoming, remarks: Sequence[Remark], number: int) -> None:
    """Show the remarks on the exam's timeline, where there is such an exam."""
    key = ExamKey(institution=incoming.institution, accession=incoming.accession)
    if remarks and key.institution and key.accession and tx.exam(key):
        tx.append(MessageRemarked(at=incoming.received_at, exam=key, message=number, remarks=tuple(remarks)))


_ORDER_EVENTS: dict[Control, type[OrderPlaced] | type[OrderChanged] | type[OrderCancelled]] = {
    Control.NEW: OrderPlaced,
    Control.CHANGE: OrderChanged,
    Control.CANCEL: OrderCancelled,
}
_UNKNOWN_ORDER = {Control.CHANGE: "change-unknown-order", Control.CANCEL: "cancel-unknown-order"}


def _take_order(tx: Transaction, order: Order, number: int, incoming: Incoming, judging: Judging) -> list[Remark]:
    before, at = tx.exam(order.key), incoming.received_at
    added: list[Remark] = []
    if (before is None or before.order is None) and order.control in _UNKNOWN_ORDER:
        added.append(remark(_UNKNOWN_ORDER[order.control], Where(segment="ORC", field=1)))
    tx.append(_ORDER_EVENTS[order.control](at=at, exam=order.key, order=order, message=number))
    link_exam(tx, order.key, at, judging.group_minutes)
    exam = tx.exam(order.key)
    if exam is not None and order.control is not Control.CANCEL:
        sender = Institution(skrs=order.key.institution, ownership=incoming.ownership)
        added += _advice(tx, exam, sender, judging, at)
    return added


def _advice(tx: Transaction, exam: Exam, sender: Institution, judging: Judging, at: datetime) -> list[Remark]:
    """What the order itself will be held for, said at once: an AA that names it, since the order is accepted."""
    supposed = msgspec.structs.replace(exam, background=look_up(tx, exam, sender))
    held = compiled(judging).failed(supposed, at, Effect.HOLD, "HBYS")
    return [_as_remark(one, Severity.NOTE) for one in held]


def _take_report(
    tx: Transaction,
    report: Report,
    number: int,
    at: datetime,
    registry: Mapping[str, RegistryAnswer],
    judging: Judging,
) -> list[Remark]:
    asked = [registry[one.identifier] for one in report.radiologists if one.identifier in registry]
    candidate = ReceivedReport(report=report, received_at=at, message=number, registry=tuple(asked))
    exam = tx.exam(report.key) or Exam(key=report.key)
    if repeated := said_of_repetition(exam, candidate):
        return repeated
    findings = judge_report(exam, candidate, compiled(judging))
    refused = [one for one in findings if one.status is Status.FAILED]
    event: Event | None
    if refused:
        rules = tuple(one.rule for one in refused)
        event = ReportRefused(
            at=at, exam=report.key, report=report, message=number, rules=rules, registry=candidate.registry
        )
        added = [_as_remark(one, Severity.ERROR, code=f"{one.rule}-refused") for one in refused]
    elif any(one.status is Status.CANNOT_TELL for one in findings):
        known = number in exam.deferred_reports
        event = None if known else ReportDeferred(at=at, exam=report.key, message=number, reason="registry")
        added = [remark("registry-unavailable", Where(segment="OBX", field=16))]
    else:
        event = ReportReceived(at=at, exam=report.key, report=report, message=number, registry=candidate.registry)
        added = said_of_version(exam, candidate) + said_of_signers(candidate, findings)
    if event is not None:
        tx.append(event)
    return added


def _as_remark(finding: Finding, severity: Severity, code: str = "") -> Remark:
    """Word a finding as a remark: the catalogue's sentence where it has one, else the finding's reason and fix."""
    code = code or finding.rule
    where = _place(finding.where)
    if code in CATALOGUE:
        return msgspec.structs.replace(remark(code, where), severity=severity)
    parts = [one for one in (finding.reason or finding.title, finding.fix) if one]
    text = Text(tr=" ".join(one.tr for one in parts), en=" ".join(one.en for one in parts))
    return Remark(code=code, severity=severity, where=where, text=text)


def _place(where: str) -> Where:
    """Read `OBR-4.4` as a place; what is no HL7 field stands at MSH."""
    segment, _, field = where.partition("-")
    number = field.split(".")[0]
    return Where(segment=segment, field=int(number)) if len(segment) == 3 and number.isdigit() else Where()
