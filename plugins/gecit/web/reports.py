"""Every version of an exam's report as pages and JSON show it, without its text: what became of it, who signed it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from gecit.core.exam import Exam, ReceivedReport
from gecit.core.issue import issued, signers
from gecit.core.key_images import KeyImage
from gecit.core.report import Contrast, Document, ReportStatus, contrasts
from gecit.core.values import Value
from gecit.steps.attach_report import document_uids

from .masking import mask


class Place(StrEnum):
    """Where a version stands now."""

    IN_FORCE = "in force"
    ADDS = "adds"  # an addendum, read together with the report in force
    WAITS = "waits"  # an addendum without a report
    SUPERSEDED = "superseded"
    SET_ASIDE = "set aside"  # never was in force
    REFUSED = "refused"


class Registered(StrEnum):
    """What the registry said of a signer when the version came."""

    RADIOLOGIST = "radiologist"
    OTHER = "other"  # known, but no radiologist
    UNKNOWN = "unknown"  # not in the registry
    NOT_ASKED = "not asked"


class ShownSigner(Value):
    """Who signed, by name, else by a masked number; the first one approved."""

    name: str
    registered: Registered


class ShownReport(Value):
    """A version of the report; `version` counts from 1, 0 = it was refused."""

    status: ReportStatus
    received_at: datetime
    approved_at: datetime | None
    radiologists: tuple[str, ...]
    version: int = 0
    place: Place = Place.REFUSED
    signers: tuple[ShownSigner, ...] = ()
    request_reason_rating: int | None = None
    image_quality_rating: int | None = None
    contrast: tuple[Contrast, ...] = ()
    key_images: tuple[KeyImage, ...] = ()
    attached: tuple[Document, ...] = ()  # to at least one study
    refused_by: tuple[str, ...] = ()


def show_reports(exam: Exam) -> tuple[ShownReport, ...]:
    """Return every accepted version, in the order of acceptance."""
    places = _places(exam)
    return tuple(
        _shown(one, number, places[number], _attached(exam, number)) for number, one in enumerate(exam.reports, start=1)
    )


def show_refused(exam: Exam) -> ShownReport | None:
    """Return the last version that was refused, where none was accepted since."""
    return _shown(exam.refused_report, 0, Place.REFUSED, ()) if exam.refused_report else None


def _places(exam: Exam) -> dict[int, Place]:
    standing, once = exam.standing, issued(exam)
    adds = Place.ADDS if standing.report else Place.WAITS
    numbers = range(1, len(exam.reports) + 1)
    places = {number: Place.SUPERSEDED if number in once else Place.SET_ASIDE for number in numbers}
    return places | dict.fromkeys(standing.addenda, adds) | {standing.report: Place.IN_FORCE}


def _attached(exam: Exam, number: int) -> tuple[Document, ...]:
    studies = [one.facts.study_instance_uid for one in exam.studies]
    named = {
        document: {document_uids(exam.key, number, uid, document).instance for uid in studies} for document in Document
    }
    return tuple(document for document, uids in named.items() if uids & set(exam.attached))


def _shown(one: ReceivedReport, number: int, place: Place, attached: tuple[Document, ...]) -> ShownReport:
    people = tuple(f"{person.given} {person.family}".strip() or mask(person.identifier) for person in signers(one))
    return ShownReport(
        status=one.report.status,
        received_at=one.received_at,
        approved_at=one.report.approved_at,
        radiologists=people,
        version=number,
        place=place,
        signers=tuple(
            ShownSigner(name=name, registered=_registered(one, person.identifier))
            for name, person in zip(people, one.report.radiologists, strict=True)
        ),
        request_reason_rating=one.report.request_reason_rating,
        image_quality_rating=one.report.image_quality_rating,
        contrast=contrasts(one.report.contrast),
        key_images=one.report.key_images,
        attached=attached,
        refused_by=one.refused_by,
    )


def _registered(one: ReceivedReport, identifier: str) -> Registered:
    known = next((answer for answer in one.registry if answer.identifier == identifier), None)
    if known is None:
        return Registered.NOT_ASKED
    if not known.known:
        return Registered.UNKNOWN
    return Registered.RADIOLOGIST if known.radiologist else Registered.OTHER
