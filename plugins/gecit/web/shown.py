"""What pages and JSON show of an exam: flat values, numbers of persons masked, the missing things first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gecit.core.events import Event
from gecit.core.exam import Billing, Exam, LinkedStudy, Study
from gecit.core.facts import DoseReport
from gecit.core.matching import near_misses
from gecit.core.medula_codes import Explained, explained
from gecit.core.order import Order, Patient, Person
from gecit.core.report import ReportStatus
from gecit.core.set_aside import Reason, explained_to_readers
from gecit.core.values import Text, Value
from gecit.core.verdict import Effect, Finding, Outcome, Status
from gecit.core.worklist import entry_of

from .beside import Beside, ShownBeside
from .masking import mask, mask_text
from .readable import procedure_names
from .reports import ShownReport, show_refused, show_reports
from .timeline import ShownEvent, show_event

OPEN = (Status.FAILED, Status.CANNOT_TELL)
MISSING_ORDER = {Effect.HOLD: 0, Effect.REFUSE_REPORT: 1, Effect.WAIT: 2, Effect.WARN: 3}
AT_REST = (Status.PASSED, Status.NOT_IN_FORCE)


class ShownFinding(Value):
    """A finding; `counts` = it keeps the exam from being billed."""

    rule: str
    status: Status
    effect: Effect
    counts: bool
    title: Text
    reason: Text | None = None
    fix: Text | None = None
    who: str = ""
    where: str = ""
    expected: str = ""
    found: str = ""
    exemptions: tuple[str, ...] = ()


class ShownExam(Value):
    """A line of the list."""

    institution: str
    accession: str
    patient_name: str
    patient_number: str  # masked but for its last three digits
    file_number: str
    procedures: tuple[str, ...]
    modality: str
    ordered_at: datetime | None
    cancelled: bool
    images: int
    report: ReportStatus | None  # of the report in force
    outcome: Outcome | None
    billing: Billing
    missing: tuple[ShownFinding, ...]
    excused: tuple[ShownFinding, ...] = ()


class ShownStudy(Value):
    """A study with its device."""

    study_instance_uid: str
    accession: str
    patient_name: str
    study_date: str
    description: str
    modalities: tuple[str, ...]
    series: int
    images: int
    device: str
    sent_by: str
    node: str  # in whose Orthanc it lies
    path: str = ""
    settled: bool = True
    aside: Text | None = None  # why its images are not shown
    why: tuple[Text, ...] = ()  # of a study that no exam has: why not


class ShownDose(Value):
    """One dose quantity with its unit."""

    name: str
    value: float
    unit: str
    laterality: str = ""


REFUSED = frozenset({Billing.REFUSED, Billing.PARTLY_TOLD, Billing.WITHDRAWAL_REFUSED})
"""What MEDULA said no to: the page says what its code means."""


class ShownExamDetail(Value):
    """All of an exam that a page shows."""

    exam: ShownExam
    physician: str
    findings: tuple[ShownFinding, ...]
    judged_at: datetime | None
    due_at: datetime | None
    rulebook: str
    studies: tuple[ShownStudy, ...]
    dose_reports: int
    doses: tuple[ShownDose, ...]
    reports: tuple[ShownReport, ...]
    refused_report: ShownReport | None
    waiting_reports: int
    attached: int
    medula_code: str
    medula_message: str
    medula_error: Explained | None  # what a refusal means and what to do
    timeline: tuple[ShownEvent, ...]
    beside: ShownBeside = ShownBeside()
    worklist_at: datetime | None = None  # when its images are planned; None = it stands on no worklist


def name_of(person: Patient | Person) -> str:
    """Write a name as it is read: given name first."""
    return f"{person.given} {person.family}".strip()


def dicom_name(name: str) -> str:
    """Write a DICOM person name (PS3.5 section 6.2.1) as it is read."""
    family, _, rest = name.partition("=")[0].partition("^")
    return f"{rest.replace('^', ' ').strip()} {family}".strip()


def show_finding(one: Finding) -> ShownFinding:
    """Return a finding with the numbers of persons masked."""
    return ShownFinding(
        rule=one.rule,
        status=one.status,
        effect=one.effect,
        counts=one.status in OPEN and one.effect is not Effect.WARN,
        title=one.title,
        reason=mask_text(one.reason),
        fix=mask_text(one.fix),
        who="" if one.status is Status.EXCUSED else one.who,  # nobody has to do anything
        where=one.where,
        expected=mask(one.expected),
        found=mask(one.found),
        exemptions=one.exemptions,
    )


def _findings(exam: Exam) -> tuple[ShownFinding, ...]:
    found = exam.verdict.findings if exam.verdict else ()
    rank = {status: number for number, status in enumerate((*OPEN, Status.EXCUSED, *AT_REST))}
    ordered = sorted(found, key=lambda one: (rank[one.status], MISSING_ORDER[one.effect]))
    return tuple(show_finding(one) for one in ordered)


def show_exam(exam: Exam) -> ShownExam:
    """Return the exam as a line of the list."""
    patient, order, findings = exam.patient, exam.order, _findings(exam)
    return ShownExam(
        institution=exam.key.institution,
        accession=exam.key.accession,
        patient_name=name_of(patient),
        patient_number=mask(patient.tckn),
        file_number=mask(patient.file_number),
        procedures=procedure_names(exam),
        modality=exam.modality,
        ordered_at=order.ordered_at if order else None,
        cancelled=exam.cancelled,
        images=exam.images,
        report=exam.report.report.status if exam.report else None,
        outcome=exam.verdict.outcome if exam.verdict else None,
        billing=exam.billing,
        missing=tuple(one for one in findings if one.counts),
        excused=tuple(one for one in findings if one.status is Status.EXCUSED),
    )


def show_study(study: Study | LinkedStudy, orders: Iterable[Order] | None = None) -> ShownStudy:
    """Return a study: with its match path where it is linked, else why none of the `orders` is its own."""
    facts = study.facts
    devices = {f"{one.manufacturer} {one.model}".strip() for one in facts.series if one.images}
    return ShownStudy(
        study_instance_uid=facts.study_instance_uid,
        accession=facts.accession,
        patient_name=dicom_name(facts.patient_name),
        study_date=facts.study_date,
        description=facts.description,
        modalities=facts.modalities,
        series=len(facts.series),
        images=facts.images,
        device=", ".join(sorted(devices - {""})),
        sent_by=facts.calling_aet or facts.institution_name,
        node=facts.key.node,
        path=study.path if isinstance(study, LinkedStudy) else "",
        settled=facts.settled,
        aside=explained_to_readers(Reason(facts.aside)) if facts.aside else None,
        why=near_misses(facts, orders) if orders is not None else (),
    )


def _doses(reports: Iterable[DoseReport]) -> tuple[ShownDose, ...]:
    values = [one for report in reports for one in report.values]
    return tuple(ShownDose(name=one.name, value=one.value, unit=one.unit, laterality=one.laterality) for one in values)


def show_detail(exam: Exam, timeline: Iterable[Event], beside: Beside) -> ShownExamDetail:
    """Return all of an exam that a page shows."""
    waiting = entry_of(exam)
    return ShownExamDetail(
        exam=show_exam(exam),
        physician=name_of(exam.order.physician) if exam.order else "",
        findings=_findings(exam),
        judged_at=exam.verdict.judged_at if exam.verdict else None,
        due_at=exam.verdict.due_at if exam.verdict else None,
        rulebook=exam.verdict.rulebook[:12] if exam.verdict else "",
        studies=tuple(show_study(one) for one in exam.studies),
        dose_reports=len(exam.dose_reports),
        doses=_doses(exam.dose_reports),
        reports=show_reports(exam),
        refused_report=show_refused(exam),
        waiting_reports=len(exam.deferred_reports),
        attached=len(exam.attached),
        medula_code=exam.medula_code,
        medula_message=mask(exam.medula_message),
        medula_error=explained(exam.medula_code) if exam.billing in REFUSED else None,
        timeline=tuple(show_event(one) for one in timeline),
        beside=beside.show(exam),
        worklist_at=waiting.scheduled_at if waiting else None,
    )
