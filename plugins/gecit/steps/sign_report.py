"""Draft -> signed version of the report, and the hospital's HBYS told of it: one transaction.

What is signed never changes: a later version is another event. Judging, PDF and structured report follow from the
event as they do from a report that came by HL7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ..core import order
from ..core.access import Person
from ..core.draft import Draft, Hint, Weight, hints, of_template, report_of, stops
from ..core.events import RegistryAnswer, ReportSigned
from ..core.exam import Exam, ReceivedReport, reading_of
from ..core.judge import Compiled, judge_report
from ..core.order import ExamKey
from ..core.profile import Profile
from ..core.reading import STATUSES, Act, Reading, Signature, State
from ..core.report import Report, ReportPart, ReportStatus
from ..core.values import Text, Value
from ..core.verdict import Status
from ..ports import Transaction
from .background import tell_later
from .critical import mark_signed
from .read_exam import ReadingRefused, Why, exam_for, mine
from .tell_hospital import plan_telling


class Signing(Value):
    """What somebody signs: the draft's revision that he saw, and as what."""

    key: ExamKey
    act: Act  # SIGN | SIGN_PRELIMINARY | SIGN_FIRST
    revision: int
    signer: order.Person  # as the report names him: TCKN and name


class Judged:
    """What a draft is held against: the profile of the exam's institution, the rulebook, what can be written there.

    `unwritable` returns the characters of a text that the hospital's character set has not; `template` is what the
    draft began with.
    """

    def __init__(
        self,
        profile: Profile,
        compiled: Compiled,
        unwritable: Callable[[str], str] = lambda text: "",
        template: Mapping[ReportPart, str] | None = None,
    ) -> None:
        self.profile = profile
        self.compiled = compiled
        self.unwritable = unwritable
        self.template = template or {}

    def hints(self, exam: Exam, report: Report, now: datetime) -> tuple[Hint, ...]:
        """Say everything that stands against a report."""
        unfilled = of_template(report.parts, self.template)
        return (*self._of_letters(report), *unfilled, *hints(exam, report, self.profile, self.compiled, now))

    def _of_letters(self, report: Report) -> list[Hint]:
        found = []
        for part, text in report.parts.items():
            if odd := self.unwritable(text):
                said = Text(
                    tr=f"Hastanenin karakter kümesinde bulunmayan karakter: {odd}",
                    en=f"A character that the hospital's character set does not have: {odd}",
                )
                found.append(Hint(code="unwritable", weight=Weight.STOPS, text=said, part=part))
        return found


def status_of(reading: Reading, act: Act) -> ReportStatus:
    """Return what a signature makes of the draft; raises `ReadingRefused` where it cannot be signed like that."""
    status = STATUSES.get((reading.state, act))
    if status is None:
        raise ReadingRefused(Why.OVERTAKEN if reading.state is State.OVERTAKEN else Why.NOT_OPEN)
    return status


def to_sign(exam: Exam, draft: Draft, act: Act, signer: order.Person, now: datetime) -> Report:
    """Return the report as it would be signed now: with the first signer behind the second."""
    reading = reading_of(exam)
    first = reading.first_report.radiologists if reading.first_report else ()
    return report_of(draft, exam, status_of(reading, act), (signer, *first), now)


def sign(
    tx: Transaction,
    signing: Signing,
    person: Person,
    registry: Mapping[str, RegistryAnswer],
    judged: Judged,
    now: datetime,
) -> int:
    """Sign a draft and return the number of the version that it became; 0 for the first of two signatures.

    `registry`: what is known of the signers; one that is missing could not be asked. Raises `ReadingRefused`, and
    nothing is changed then.
    """
    exam = exam_for(tx, signing.key, person)
    reading = mine(exam, person)
    status_of(reading, signing.act)
    draft = _draft(tx, signing, person)
    report = to_sign(exam, draft, signing.act, signing.signer, now)
    _ask_whether_fit(exam, report, registry, judged, now)
    signature = Signature(
        by=person.name, at=now, employer=person.institution, second=reading.first.by if reading.first else ""
    )
    tx.append(
        ReportSigned(
            at=now,
            exam=exam.key,
            report=report,
            signature=signature,
            act=signing.act,
            message=tx.last_message(),
            registry=_asked(report, registry),
        )
    )
    tx.drop_draft(exam.key, person.name)
    mark_signed(tx, tx.exam(exam.key) or exam, report.critical, person.name, now)
    if signing.act is Act.SIGN_FIRST:
        return 0
    tell_later(tx, exam, exam.key, now)
    return plan_telling(tx, exam.key, now)


def _draft(tx: Transaction, signing: Signing, person: Person) -> Draft:
    if not signing.signer.identifier:
        raise ReadingRefused(Why.NO_NUMBER)
    draft = tx.draft(signing.key, person.name)
    if draft is None:
        raise ReadingRefused(Why.NO_DRAFT)
    if draft.revision != signing.revision:
        raise ReadingRefused(Why.CHANGED)
    return draft


def _ask_whether_fit(
    exam: Exam, report: Report, registry: Mapping[str, RegistryAnswer], judged: Judged, now: datetime
) -> None:
    against = stops(judged.hints(exam, report, now))
    if against:
        raise ReadingRefused(Why.UNFIT, _said(against))
    candidate = ReceivedReport(report=report, received_at=now, message=0, registry=_asked(report, registry))
    findings = judge_report(exam, candidate, judged.compiled)
    if any(one.status is Status.FAILED for one in findings):
        raise ReadingRefused(Why.NO_RADIOLOGIST)
    if any(one.status is Status.CANNOT_TELL for one in findings):
        raise ReadingRefused(Why.REGISTRY)


def _said(against: Sequence[Hint]) -> tuple[Text, ...]:
    return tuple(one.text for one in against)


def _asked(report: Report, registry: Mapping[str, RegistryAnswer]) -> tuple[RegistryAnswer, ...]:
    return tuple(registry[one.identifier] for one in report.radiologists if one.identifier in registry)
