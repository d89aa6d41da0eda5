"""An exam and a study as folded from their events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import singledispatch

import msgspec

from . import events as e
from .background import Background
from .consultation import Act as ConsultationAct
from .consultation import Consultation, changed
from .consultation import moved as consultation_moved
from .critical import Critical, Receipt, confirmed, marked, taken_back
from .facts import DoseReport, SeriesFacts, StudyFacts, StudyKey
from .order import Control, ExamKey, Order, Patient, RegisteredRow
from .quality import Hint, Rating, superseded_by
from .reading import Act, Reading, Signature, State, moved
from .report import FINAL, Report, ReportStatus
from .values import Value
from .verdict import Outcome, Verdict
from .versions import Standing, versions_of


class Billing(StrEnum):
    """What MEDULA knows of the exam, as far as we know it."""

    UNTOLD = "untold"
    QUEUED = "queued"  # a notification is on its way
    TOLD = "told"  # MEDULA has accepted it
    REFUSED = "refused"  # MEDULA said no: a person must look
    PARTLY_TOLD = "partly told"  # MEDULA registered some of its procedures and refused others: a person must look
    WITHDRAWAL_PROPOSED = "withdrawal proposed"
    WITHDRAWAL_QUEUED = "withdrawal queued"
    WITHDRAWAL_REFUSED = "withdrawal refused"  # MEDULA keeps what it was told: a person must look
    WITHDRAWN = "withdrawn"


class LinkedStudy(Value):
    """A study of the exam, by the path that matched it."""

    facts: StudyFacts
    path: str
    linked_at: datetime


class ReceivedReport(Value):
    """A version of the report, with what the registry said of its signers when it came."""

    report: Report
    received_at: datetime
    message: int
    registry: tuple[e.RegistryAnswer, ...] = ()
    refused_by: tuple[str, ...] = ()  # rule ids; empty = accepted
    signature: Signature | None = None  # of who signed it in Geçit; None = it came by HL7


class HospitalAnswer(Value):
    """What the hospital's HBYS said of one version that was signed here."""

    version: int
    accepted: bool
    code: str = ""
    message: str = ""
    at: datetime | None = None


class Exam(Value):
    """All that is known of one exam; a pure function of its events."""

    key: ExamKey
    order: Order | None = None
    order_received_at: datetime | None = None  # of the first message
    order_changed_at: datetime | None = None  # of the last one
    reports: tuple[ReceivedReport, ...] = ()  # accepted versions, in the order of their acceptance
    refused_report: ReceivedReport | None = None  # the last one refused since the last accepted one
    deferred_reports: tuple[int, ...] = ()  # messages that wait for the registry
    studies: tuple[LinkedStudy, ...] = ()
    background: Background = Background()  # as the judge last looked it up
    verdict: Verdict | None = None
    billing: Billing = Billing.UNTOLD
    generation: int = 0  # of the last notification: submit -> withdraw -> submit counts up
    notified_order: Order | None = None  # the order as it stood when MEDULA was last to be told of it
    institution_medula: str = ""  # the MEDULA code that this generation is told under; empty = none is on record
    registered: tuple[RegisteredRow, ...] = ()  # what stands at MEDULA of this generation, where it gives numbers
    dismissed: tuple[str, ...] = ()  # rules for which nobody proposes to take this generation back any more
    medula_code: str = ""
    medula_message: str = ""
    attached: tuple[str, ...] = ()  # SOP Instance UIDs of attached reports
    reading: Reading | None = None  # None = nobody here ever had it to read
    hospital: tuple[HospitalAnswer, ...] = ()  # the last answer to each version that was signed here
    critical: Critical | None = None  # None = nobody here ever marked a critical finding
    rated: tuple[Rating, ...] = ()  # on the quality page; those of reports stand there (core.ratings)
    hints: tuple[Hint, ...] = ()
    hints_by: str = ""  # revision of the data that they were found by
    consultations: tuple[Consultation, ...] = ()  # in the order in which they were asked
    judge_at: datetime | None = None  # when the judge is to look; None = nothing to do
    judge_cause: str = ""

    @property
    def cancelled(self) -> bool:
        """Whether the last order message took the order back."""
        return self.order is not None and self.order.control is Control.CANCEL

    @property
    def standing(self) -> Standing:
        """The report in force with its addenda, in the order of sending, whenever their signers could be checked."""
        found = versions_of(self.reports)
        return found[-1].after if found else Standing()

    @property
    def report(self) -> ReceivedReport | None:
        """The report in force, without its addenda."""
        if not self.reports:  # asked several times of every exam that is judged
            return None
        if len(self.reports) == 1:
            only = self.reports[0]
            return None if only.report.status is ReportStatus.ADDENDUM else only
        number = self.standing.report
        return self.reports[number - 1] if number else None

    @property
    def patient(self) -> Patient:
        """The patient as ordered, else as reported."""
        if self.order:
            return self.order.patient
        return self.report.report.patient if self.report else Patient()

    @property
    def modality(self) -> str:
        """The modality as ordered (OBR-24), else as reported; never guessed from a SUT code."""
        if self.order and self.order.modality:
            return self.order.modality
        return self.report.report.modality if self.report else ""

    @property
    def series(self) -> tuple[SeriesFacts, ...]:
        """Each series once: a study may lie at two nodes, or in one index under two patient numbers.

        Of copies that differ the fuller one counts: one that broke off is sent again, to whoever takes it.
        """
        if len(self.studies) == 1:
            return self.studies[0].facts.series
        found: dict[tuple[str, str], SeriesFacts] = {}
        for study in self.studies:
            for one in study.facts.series:
                name = study.facts.study_instance_uid, one.series_instance_uid
                if name not in found or one.slices > found[name].slices:
                    found[name] = one
        return tuple(found.values())

    @property
    def dose_reports(self) -> tuple[DoseReport, ...]:
        """Each dose report once, by its SOP Instance UID."""
        every = (report for study in self.studies for report in study.facts.dose_reports)
        return tuple({one.sop_instance_uid: one for one in every}.values())

    @property
    def images(self) -> int:
        """How many pictures its series hold."""
        return sum(one.images for one in self.series)

    @property
    def slices(self) -> int:
        """How many slices they hold: frames, where an instance has several."""
        return sum(one.slices for one in self.series)

    @property
    def unsettled(self) -> bool:
        """Whether pictures may still be arriving."""
        return any(not one.facts.settled for one in self.studies)


def reading_of(exam: Exam) -> Reading:
    """Return how the reading stands; of an exam that nobody here had, its report says it."""
    if exam.reading is not None:
        return exam.reading
    received = exam.report
    final = received is not None and received.report.status is not ReportStatus.PRELIMINARY
    return Reading(state=State.SIGNED) if final else Reading()


class Study(Value):
    """A study as last read."""

    key: StudyKey
    facts: StudyFacts
    first_seen_at: datetime
    read_at: datetime
    deleted: bool = False


@singledispatch
def _change(event: e.Event, exam: Exam) -> dict[str, object]:
    raise TypeError(f"{type(event).__name__} is no event of an exam")


def fold_exam(exam: Exam | None, event: e.ExamEvent) -> Exam:
    """Return the exam after `event`; the first event of an exam makes it."""
    before = exam or Exam(key=event.exam)
    return msgspec.structs.replace(before, **_change(event, before))


def _judge(event: e.ExamEvent, cause: str) -> dict[str, object]:
    return {"judge_at": event.at, "judge_cause": cause}


def _ordered(event: e.OrderPlaced | e.OrderChanged | e.OrderCancelled, exam: Exam) -> dict[str, object]:
    return {
        "order": event.order,
        "order_received_at": exam.order_received_at or event.at,
        "order_changed_at": event.at,
        **_judge(event, f"order {event.order.control.value}"),
    }


_change.register(e.OrderPlaced)(_ordered)
_change.register(e.OrderChanged)(_ordered)
_change.register(e.OrderCancelled)(_ordered)


@_change.register
def _(event: e.MessageRemarked, exam: Exam) -> dict[str, object]:
    return {}


@_change.register
def _(event: e.ReportReceived, exam: Exam) -> dict[str, object]:
    version = ReceivedReport(report=event.report, received_at=event.at, message=event.message, registry=event.registry)
    final = event.report.status in FINAL
    return {
        "reports": (*exam.reports, version),
        "reading": moved(exam.reading, Act.REPORTED, event.at) if exam.reading and final else exam.reading,
        "refused_report": None,
        "deferred_reports": tuple(one for one in exam.deferred_reports if one != event.message),
        **_judge(event, "report received"),
    }


@_change.register
def _(event: e.ReportRefused, exam: Exam) -> dict[str, object]:
    version = ReceivedReport(
        report=event.report,
        received_at=event.at,
        message=event.message,
        registry=event.registry,
        refused_by=event.rules,
    )
    return {
        "refused_report": version,
        "deferred_reports": tuple(one for one in exam.deferred_reports if one != event.message),
        **_judge(event, "report refused"),
    }


@_change.register
def _(event: e.ReportDeferred, exam: Exam) -> dict[str, object]:
    waiting = {*exam.deferred_reports, event.message}
    return {"deferred_reports": tuple(sorted(waiting)), **_judge(event, "report deferred")}


@_change.register
def _(event: e.StudyLinked, exam: Exam) -> dict[str, object]:
    others = tuple(one for one in exam.studies if one.facts.key != event.facts.key)
    linked = LinkedStudy(facts=event.facts, path=event.path, linked_at=event.at)
    studies = tuple(sorted((*others, linked), key=lambda one: one.facts.key))
    return {"studies": studies, **_judge(event, "images")}


@_change.register
def _(event: e.StudyUnlinked, exam: Exam) -> dict[str, object]:
    studies = tuple(one for one in exam.studies if one.facts.key != event.study)
    return {"studies": studies, **_judge(event, event.reason)}


@_change.register
def _(event: e.BackgroundRecorded, exam: Exam) -> dict[str, object]:
    return {"background": event.background}


@_change.register
def _(event: e.ExamJudged, exam: Exam) -> dict[str, object]:
    due_at = event.verdict.due_at
    return {"verdict": event.verdict, "judge_at": due_at, "judge_cause": "due" if due_at else ""}


@_change.register
def _(event: e.JudgingAsked, exam: Exam) -> dict[str, object]:
    return _judge(event, event.cause)


@_change.register
def _(event: e.NotificationQueued, exam: Exam) -> dict[str, object]:
    return {
        "billing": Billing.QUEUED,
        "generation": event.generation,
        "notified_order": exam.order,
        "institution_medula": event.institution_medula,
        "registered": (),
        "dismissed": (),
    }


@_change.register
def _(event: e.NotificationAddressed, exam: Exam) -> dict[str, object]:
    return {"institution_medula": event.institution_medula} if event.generation == exam.generation else {}


@_change.register
def _(event: e.WithdrawalQueued, exam: Exam) -> dict[str, object]:
    return {"billing": Billing.WITHDRAWAL_QUEUED}


@_change.register
def _(event: e.WithdrawalProposed, exam: Exam) -> dict[str, object]:
    return {"billing": Billing.WITHDRAWAL_PROPOSED}


@_change.register
def _(event: e.WithdrawalDropped, exam: Exam) -> dict[str, object]:
    return {"billing": Billing.TOLD}


@_change.register
def _(event: e.WithdrawalDismissed, exam: Exam) -> dict[str, object]:
    return {"billing": Billing.TOLD, "dismissed": tuple(sorted({*exam.dismissed, *event.rules}))}


# (kind, what we knew, whether it accepted) -> what it then knows; a refused delivery that a person retried may be
# accepted after all. A withdrawal refused is not a notification refused: what was told still stands, and telling
# another generation would bill the exam twice.
ANSWERED: dict[tuple[str, Billing, bool], Billing] = {
    ("notify", Billing.QUEUED, True): Billing.TOLD,
    ("notify", Billing.QUEUED, False): Billing.REFUSED,
    ("notify", Billing.REFUSED, True): Billing.TOLD,
    ("notify", Billing.PARTLY_TOLD, True): Billing.TOLD,
    ("withdraw", Billing.WITHDRAWAL_QUEUED, True): Billing.WITHDRAWN,
    ("withdraw", Billing.WITHDRAWAL_QUEUED, False): Billing.WITHDRAWAL_REFUSED,
    ("withdraw", Billing.WITHDRAWAL_REFUSED, True): Billing.WITHDRAWN,
}


def _answered(event: e.NotificationAnswered, exam: Exam, kind: str) -> Billing:
    """What MEDULA knows after its answer to the generation in force."""
    billing = ANSWERED.get((kind, exam.billing, event.accepted), exam.billing)
    return Billing.PARTLY_TOLD if billing is Billing.REFUSED and event.rows else billing


def _registered(event: e.NotificationAnswered, exam: Exam) -> tuple[RegisteredRow, ...]:
    return exam.registered if event.rows is None else event.rows


@_change.register
def _(event: e.NotificationAnswered, exam: Exam) -> dict[str, object]:
    rest, _, kind = event.key.rpartition(":")
    of_this_generation = rest.rpartition(":")[2] == str(exam.generation)  # an answer to an older one changes nothing
    billing = _answered(event, exam, kind) if of_this_generation else exam.billing
    # While MEDULA is being told nothing else is queued for the exam, so what changed meanwhile is judged now.
    submits = exam.verdict is not None and exam.verdict.outcome is Outcome.SUBMIT
    settled = billing is Billing.TOLD and submits and exam.order == exam.notified_order
    return {
        "billing": billing,
        "registered": _registered(event, exam) if of_this_generation else exam.registered,
        "medula_code": event.code,
        "medula_message": event.message,
        **({} if settled else _judge(event, "medula answered")),
    }


@_change.register
def _(event: e.ReportAttached, exam: Exam) -> dict[str, object]:
    if event.sop_instance_uid in exam.attached:
        return {}
    return {"attached": (*exam.attached, event.sop_instance_uid)}


@_change.register
def _(event: e.ReadingAssigned, exam: Exam) -> dict[str, object]:
    reading = moved(reading_of(exam), Act.ASSIGN, event.at, event.reader)
    return {"reading": msgspec.structs.replace(reading, why=event.why)}


@_change.register
def _(event: e.ReadingTaken, exam: Exam) -> dict[str, object]:
    return {"reading": moved(reading_of(exam), event.act, event.at, event.reader)}


@_change.register
def _(event: e.ReadingHeld, exam: Exam) -> dict[str, object]:
    return {"reading": moved(reading_of(exam), Act.HOLD, event.at, reason=event.reason)}


@_change.register
def _(event: e.ReadingReleased, exam: Exam) -> dict[str, object]:
    return {"reading": moved(reading_of(exam), event.act, event.at)}


@_change.register
def _(event: e.ReportSigned, exam: Exam) -> dict[str, object]:
    reading = moved(reading_of(exam), event.act, event.at)
    reading = msgspec.structs.replace(reading, signed_by=event.signature.by)
    if event.act is Act.SIGN_FIRST:
        return {"reading": msgspec.structs.replace(reading, first=event.signature, first_report=event.report)}
    version = ReceivedReport(
        report=event.report,
        received_at=event.at,
        message=event.message,
        registry=event.registry,
        signature=event.signature,
    )
    return {
        "reports": (*exam.reports, version),
        "reading": reading,
        "refused_report": None,
        **_judge(event, "report signed"),
    }


@_change.register
def _(event: e.HospitalAnswered, exam: Exam) -> dict[str, object]:
    answer = HospitalAnswer(
        version=event.version, accepted=event.accepted, code=event.code, message=event.message, at=event.at
    )
    return {"hospital": (*(one for one in exam.hospital if one.version != event.version), answer)}


@_change.register
def _(event: e.CriticalMarked, exam: Exam) -> dict[str, object]:
    return {"critical": marked(exam.critical, event.text, event.by, event.at)}


@_change.register
def _(event: e.CriticalTakenBack, exam: Exam) -> dict[str, object]:
    return {"critical": taken_back(exam.critical, event.by, event.at)}


@_change.register
def _(event: e.CriticalConfirmed, exam: Exam) -> dict[str, object]:
    receipt = Receipt(by=event.by, at=event.at, way=event.way, whom=event.whom, employer=event.employer)
    return {"critical": confirmed(exam.critical, event.number, receipt)}


@_change.register
def _(event: e.ExamRated, exam: Exam) -> dict[str, object]:
    return {"rated": superseded_by(exam.rated, event.rating)}


@_change.register
def _(event: e.HintsFound, exam: Exam) -> dict[str, object]:
    return {"hints": event.hints, "hints_by": event.data}


@_change.register
def _(event: e.ConsultationAsked, exam: Exam) -> dict[str, object]:
    return {"consultations": (*exam.consultations, event.consultation)}


@_change.register
def _(event: e.ConsultationMoved, exam: Exam) -> dict[str, object]:
    return _consulted(
        exam,
        event.consultation,
        lambda one: consultation_moved(one, event.act, event.at, event.by, event.entry, event.until),
    )


@_change.register
def _(event: e.ConsultationAnswered, exam: Exam) -> dict[str, object]:
    act = ConsultationAct.ANSWER
    return _consulted(
        exam, event.consultation, lambda one: consultation_moved(one, act, event.at, event.by, event.entry)
    )


@_change.register
def _(event: e.ConsultationClosed, exam: Exam) -> dict[str, object]:
    act = ConsultationAct.CLOSE
    return _consulted(
        exam, event.consultation, lambda one: consultation_moved(one, act, event.at, event.by, outcome=event.outcome)
    )


def _consulted(exam: Exam, number: str, move: Callable[[Consultation], Consultation]) -> dict[str, object]:
    found = next((one for one in exam.consultations if one.id == number), None)
    return {"consultations": changed(exam.consultations, move(found))} if found else {}


def fold_study(study: Study | None, event: e.StudyEvent) -> Study | None:
    """Return the study after `event`; a deleted study that nobody knew is nothing."""
    match event:
        case e.StudyFactsRecorded(facts=facts, at=at):
            first = study.first_seen_at if study else at
            return Study(key=event.study, facts=facts, first_seen_at=first, read_at=at)
        case e.StudyDeleted():
            return msgspec.structs.replace(study, deleted=True) if study else None
    raise TypeError(f"{type(event).__name__} is no event of a study")
