"""A report that is being written: what it will be as a report, and what the judge will say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from .codes_of_remarks import remark
from .events import RegistryAnswer
from .exam import Exam, ReceivedReport
from .exam_kinds import Kind
from .judge import Compiled, judge_report
from .key_images import KeyImage
from .order import ExamKey, Person
from .profile import Profile
from .remarks import Severity, Where
from .report import Report, ReportPart, ReportStatus
from .report_parts import part_faults
from .values import Text, Value
from .verdict import Effect, Finding, Status

LONGEST_PART = 50_000
"""Characters of one part that a draft may have."""


class Draft(Value):
    """What an author has written of an exam's report so far; kept for each author, until it is signed."""

    exam: ExamKey
    author: str  # account
    parts: dict[ReportPart, str] = msgspec.field(default_factory=dict)  # plain text
    request_reason_rating: int | None = None  # OBX-13.1, 1..5, 5 best
    image_quality_rating: int | None = None
    request_reason_reasons: tuple[str, ...] = ()  # codes of core.quality.Reason
    image_quality_reasons: tuple[str, ...] = ()
    contrast: str = ""  # OBX-17
    critical: str = ""  # a critical finding that is to be marked; one that is marked already stands with the exam
    key_images: tuple[KeyImage, ...] = ()  # in the order in which they were marked
    kind: str = ""  # whose template it began with
    revision: int = 0  # counts each save, so that two windows of one author do not write over each other
    window: str = ""  # the page that it was saved from last
    saved_at: datetime | None = None


class Weight(StrEnum):
    """What a hint does to signing."""

    STOPS = "stops"  # it cannot be signed like this
    HOLDS = "holds"  # it can be signed, and MEDULA will not be told
    WARNS = "warns"


class Hint(Value):
    """One thing that is to be said of a draft while it is written."""

    code: str  # of a remark, or the id of a rule
    weight: Weight
    text: Text
    part: ReportPart | None = None
    fix: Text | None = None


def begun(exam: ExamKey, author: str, kind: Kind, report: Report | None = None) -> Draft:
    """Return a new draft: of the report that is to be finished or corrected, else of the kind's template."""
    if report is None:
        return Draft(exam=exam, author=author, parts=dict(kind.template), kind=kind.id)
    return Draft(
        exam=exam,
        author=author,
        parts=dict(report.parts),
        request_reason_rating=report.request_reason_rating,
        image_quality_rating=report.image_quality_rating,
        request_reason_reasons=report.request_reason_reasons,
        image_quality_reasons=report.image_quality_reasons,
        contrast=report.contrast,
        key_images=report.key_images,
        kind=kind.id,
    )


def report_of(draft: Draft, exam: Exam, status: ReportStatus, signers: Sequence[Person], at: datetime) -> Report:
    """Return the report that a draft becomes when it is signed at `at`; the approving signer comes first."""
    return Report(
        key=exam.key,
        patient=exam.patient,
        status=status,
        parts={part: text.strip() for part, text in sorted(draft.parts.items()) if text.strip()},
        radiologists=tuple(signers),
        approved_at=at,
        message_at=at,
        procedures=exam.order.procedures if exam.order else (),
        modality=exam.modality,
        request_reason_rating=draft.request_reason_rating,
        image_quality_rating=draft.image_quality_rating,
        request_reason_reasons=draft.request_reason_reasons if draft.request_reason_rating else (),
        image_quality_reasons=draft.image_quality_reasons if draft.image_quality_rating else (),
        contrast=draft.contrast,
        critical=draft.critical.strip() or (exam.critical.text if exam.critical and exam.critical.stands else ""),
        key_images=draft.key_images,
    )


def supposed(report: Report, at: datetime) -> ReceivedReport:
    """Return a report as if it had been signed by radiologists whom the registry knows: that is asked on signing."""
    asked = tuple(
        RegistryAnswer(identifier=one.identifier, known=True, radiologist=True) for one in report.radiologists
    )
    return ReceivedReport(report=report, received_at=at, message=0, registry=asked)


def hints(exam: Exam, report: Report, profile: Profile, compiled: Compiled, now: datetime) -> tuple[Hint, ...]:
    """Say what stands against a report before it is signed, by the profile and the rules that judge it afterwards."""
    return (*_of_parts(report, profile), *_of_rules(exam, report, compiled, now))


def of_template(parts: Mapping[ReportPart, str], template: Mapping[ReportPart, str]) -> tuple[Hint, ...]:
    """Say which parts are still the bare template, and which of its lines nobody filled in."""
    found: list[Hint] = []
    for part, bare in template.items():
        text = parts.get(part, "")
        if part in (ReportPart.FINDINGS, ReportPart.CONCLUSION) and text and _plain(text) == _plain(bare):
            found.append(Hint(code="template-bare", weight=Weight.STOPS, text=_BARE, part=part))
            continue
        written = {line.strip() for line in text.splitlines()}
        left = [line for line in map(str.strip, bare.splitlines()) if line.endswith(":") and line in written]
        if left:
            named = " ".join(left)
            said = Text(tr=f"Şablonda doldurulmayan satır: {named}", en=f"Lines of the template left empty: {named}")
            found.append(Hint(code="template-unfilled", weight=Weight.WARNS, text=said, part=part))
    return tuple(found)


_BARE = Text(tr="Bu bölümde şablondan başka bir şey yok.", en="This part holds nothing but the template.")


def stops(found: Sequence[Hint]) -> tuple[Hint, ...]:
    """Return what must be mended before it can be signed."""
    return tuple(one for one in found if one.weight is Weight.STOPS)


def _of_parts(report: Report, profile: Profile) -> list[Hint]:
    found: list[Hint] = []
    for fault in part_faults(report.parts, report.status, profile, _plain):
        said = remark(fault.code, Where(segment="OBX", field=5), **fault.values)
        severity = profile.severities.get(fault.code, said.severity)
        weight = Weight.WARNS if severity is Severity.NOTE else Weight.STOPS
        found.append(Hint(code=fault.code, weight=weight, text=said.text, part=fault.part))
    return found


def _of_rules(exam: Exam, report: Report, compiled: Compiled, now: datetime) -> list[Hint]:
    candidate = supposed(report, now)
    refused = [one for one in judge_report(exam, candidate, compiled) if one.status is Status.FAILED]
    with_it = msgspec.structs.replace(exam, reports=(*exam.reports, candidate), refused_report=None)
    verdict = compiled.judge(with_it, judged_at=now, known_at=now)
    failed = [one for one in verdict.findings if one.status is Status.FAILED and one.effect is not Effect.REFUSE_REPORT]
    return [_hint(one, Weight.STOPS) for one in refused] + [_hint(one, _WEIGHTS[one.effect]) for one in failed]


_WEIGHTS = {
    Effect.HOLD: Weight.HOLDS,
    Effect.WAIT: Weight.HOLDS,
    Effect.WARN: Weight.WARNS,
    Effect.REFUSE_REPORT: Weight.STOPS,
}


def _hint(finding: Finding, weight: Weight) -> Hint:
    fix = _FIXES.get(finding.rule, finding.fix)
    return Hint(code=finding.rule, weight=weight, text=finding.reason or finding.title, fix=fix)


# What the author himself does where the rule speaks to who sends reports: by id of a rule.
_FIXES = {
    "smart-imaging": Text(
        tr="Bulgular ile Sonuç'u yazın, istemi ve çekimi puanlayın. Klinik bilgi istemde gelir; siz eklemezsiniz.",
        en="Write findings and conclusion, rate the request and the images. Clinical information comes with the order; "
        "it is not yours to add.",
    ),
}


def _plain(text: str) -> str:
    return " ".join(text.split())
