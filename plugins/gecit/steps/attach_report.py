"""Attach each accepted report to the studies of its exam, as an Encapsulated PDF, whichever of the two came first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ..core.events import Event, ReportAttached
from ..core.exam import Exam, LinkedStudy
from ..core.facts import StudyFacts, StudyKey
from ..core.order import ExamKey
from ..core.values import Value, to_json
from ..ports import Archive, Clock, Delivery, Ledger, Refused, Transaction

DESTINATION = "archive"
KIND = "attach-report"
LONGEST_REPORT = 200_000
"""Characters; more of them is no report, and making a document of it would keep the others waiting for minutes."""

Template = Mapping[str, object]
"""Patient and study attributes by DICOM keyword, as Orthanc's `/studies/{id}` holds them."""


class DocumentUids(Value):
    """The identifiers of one attached report: the same for the same version in the same study, whoever makes it."""

    series: str
    instance: str


class Attachment(Value):
    """What is to be attached where; it names no patient. `version` counts from 1."""

    study: StudyKey
    version: int
    sop_instance_uid: str


class DocumentMaker(Protocol):
    """Makes the DICOM file; `edges.encapsulated_pdf.Documents` is the real one."""

    def __call__(self, exam: Exam, version: int, study: StudyFacts, template: Template) -> bytes:
        """Return the Encapsulated PDF of one version (from 1) for one study; equal arguments give equal bytes."""
        ...


def document_uids(key: ExamKey, version: int, study_instance_uid: str) -> DocumentUids:
    """Name the attached report: PS3.5 B.2, UUIDs of version 5, so that making it again makes the same object."""

    def uid(part: str) -> str:
        name = "\n".join(("gecit", part, key.institution, key.accession, str(version), study_instance_uid))
        return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"

    return DocumentUids(series=uid("report series"), instance=uid("report instance"))


def missing_attachments(exam: Exam) -> list[Attachment]:
    """List what is not attached yet: every accepted version, in every linked study that holds pictures."""
    numbers = range(1, len(exam.reports) + 1)
    wanted = [_attachment(exam, linked, number) for linked in exam.studies if linked.facts.images for number in numbers]
    return [one for one in wanted if one.sop_instance_uid not in exam.attached]


def _attachment(exam: Exam, linked: LinkedStudy, version: int) -> Attachment:
    uids = document_uids(exam.key, version, linked.facts.study_instance_uid)
    return Attachment(study=linked.facts.key, version=version, sop_instance_uid=uids.instance)


def plan_attach(tx: Transaction, exam: Exam, now: datetime) -> int:
    """Queue what is missing and return how many rows are new; planning again queues nothing twice."""
    return sum(
        tx.queue(DESTINATION, KIND, f"{one.sop_instance_uid}@{one.study}", exam.key, to_json(one), now)
        for one in missing_attachments(exam)
    )


class Attacher:
    """Carries out one outbox row: reads the exam, makes the file, stores it; storing it again changes nothing."""

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        template: Callable[[str], Template | None],
        make: DocumentMaker,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._template = template
        self._make = make
        self._clock = clock

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        """Attach and return the event; raises `Unavailable` (later) or `Refused` (a person must look)."""
        wanted = msgspec.json.decode(delivery.payload, type=Attachment)
        exam = self._ledger.read(lambda tx: tx.exam(delivery.exam))
        if exam is None or len(exam.reports) < wanted.version:
            raise Refused("report-gone", f"{delivery.exam} has no report version {wanted.version}")
        if wanted.sop_instance_uid in exam.attached:
            return ()
        length = sum(map(len, exam.reports[wanted.version - 1].report.parts.values()))
        if length > LONGEST_REPORT:
            raise Refused("report-too-long", f"{length} characters, the limit is {LONGEST_REPORT}")
        linked = next((one for one in exam.studies if one.facts.key == wanted.study), None)
        template = self._template(wanted.study.orthanc_id) if linked else None
        if linked is None or template is None:
            raise Refused("study-gone", f"{wanted.study} is no study of {delivery.exam} any more")
        self._archive.store(self._make(exam, wanted.version, linked.facts, template))
        return (
            ReportAttached(
                at=self._clock.now(),
                exam=exam.key,
                study=wanted.study,
                sop_instance_uid=wanted.sop_instance_uid,
                version=wanted.version,
            ),
        )
