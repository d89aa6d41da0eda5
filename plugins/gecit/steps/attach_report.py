"""Attach each version of a report that comes into force to the studies of its exam, whichever of the two came first.

As an Encapsulated PDF for people, and as a structured report for programs: a row of the outbox each.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ..core.events import Event, ReportAttached
from ..core.exam import Exam, LinkedStudy
from ..core.facts import StudyFacts, StudyKey
from ..core.issue import Issue, issue, issued, key_images, shown
from ..core.order import ExamKey
from ..core.report import Document
from ..core.values import Value, to_json
from ..core.worklist import may_find
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
    document: Document = Document.PDF


class DocumentMaker(Protocol):
    """Makes the DICOM file; `edges.report_documents.Documents` is the real one."""

    def __call__(self, document: Document, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> bytes:
        """Return one document of one version for one study; equal arguments give equal bytes."""
        ...


_NAMES = {Document.PDF: "report", Document.SR: "report sr", Document.KEY_OBJECTS: "key objects"}


def document_uids(
    key: ExamKey, version: int, study_instance_uid: str, document: Document = Document.PDF
) -> DocumentUids:
    """Name the attached report: PS3.5 B.2, UUIDs of version 5, so that making it again makes the same object."""

    def uid(part: str) -> str:
        what = f"{_NAMES[document]} {part}"
        name = "\n".join(("gecit", what, key.institution, key.accession, str(version), study_instance_uid))
        return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"

    return DocumentUids(series=uid("series"), instance=uid("instance"))


def missing_attachments(exam: Exam) -> list[Attachment]:
    """List what is not attached yet: the documents of every issued version, in every study with pictures that may."""
    wanted = [
        _attachment(exam, linked, number, document)
        for linked in exam.studies
        if linked.facts.images and _may_have(exam, linked)
        for number in issued(exam)
        for document in documents_of(exam, number, linked.facts.study_instance_uid)
    ]
    return [one for one in wanted if one.sop_instance_uid not in exam.attached]


def _may_have(exam: Exam, linked: LinkedStudy) -> bool:
    """Whether a study may be added to: that an order names its sender (OBR-15) is the word of one hospital alone."""
    return may_find(linked.facts, exam.key.institution)


def documents_of(exam: Exam, version: int, study_instance_uid: str) -> tuple[Document, ...]:
    """Return what a version has in a study: PDF and SR, and the key objects where it points to pictures of it."""
    issued_as = issue(exam, version)
    pointed = issued_as is not None and key_images(issued_as, study_instance_uid)
    return tuple(one for one in Document if pointed or one is not Document.KEY_OBJECTS)


def _attachment(exam: Exam, linked: LinkedStudy, version: int, document: Document) -> Attachment:
    uids = document_uids(exam.key, version, linked.facts.study_instance_uid, document)
    return Attachment(study=linked.facts.key, version=version, sop_instance_uid=uids.instance, document=document)


def plan_attach(tx: Transaction, exam: Exam, now: datetime) -> int:
    """Queue what is missing and return how many rows are new; planning again queues nothing twice.

    Each row is for the node that holds the study: no other can ask its own Orthanc about it.
    """
    return sum(
        tx.queue(DESTINATION, KIND, f"{one.sop_instance_uid}@{one.study}", exam.key, to_json(one), now, one.study.node)
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
        version = issue(exam, wanted.version) if exam else None
        if exam is None or version is None:
            raise Refused("report-gone", f"{delivery.exam} has no report version {wanted.version}")
        if wanted.sop_instance_uid in exam.attached:
            return ()
        length = sum(len(text) for one in shown(version) for text in one.report.parts.values())
        if length > LONGEST_REPORT:
            raise Refused("report-too-long", f"{length} characters, the limit is {LONGEST_REPORT}")
        linked = next((one for one in exam.studies if one.facts.key == wanted.study), None)
        template = self._template(wanted.study.orthanc_id) if linked else None
        if linked is not None and not _may_have(exam, linked):
            raise Refused("study-of-others", f"{wanted.study} was sent by another institution than that of {exam.key}")
        if linked is None or template is None:
            raise Refused("study-gone", f"{wanted.study} is no study of {delivery.exam} any more")
        self._archive.store(self._make(wanted.document, exam, version, linked.facts, template))
        return (
            ReportAttached(
                at=self._clock.now(),
                exam=exam.key,
                study=wanted.study,
                sop_instance_uid=wanted.sop_instance_uid,
                version=wanted.version,
                document=wanted.document,
            ),
        )
