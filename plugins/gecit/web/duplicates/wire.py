"""The duplicate query as it goes over the wire: field names of the Ministry's service, bodies and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from gecit.core.background import DuplicateQuery, EarlierExam
from gecit.core.duplicate_question import Question, order_id
from gecit.core.values import Value, local

ORDERS = "/gecit/api/duplicates/orders"


def _field(name: str) -> str:
    return "SKRS" if name == "skrs" else "".join(part.capitalize() for part in name.split("_"))


Number = str | int
"""HBYS write codes and numbers as text or as numbers; nobody's begins with 0."""


class SutQuestion(Value, rename=_field, forbid_unknown_fields=False):
    """Who asks for whom, one SUT code."""

    medula_institution_id: Number
    sut_code: Number
    patient_citizen_id: Number | None = None
    doctor_citizen_id: Number | None = None

    def read(self) -> Question:
        """Return the question."""
        return _question(self, (str(self.sut_code),))


class SutListQuestion(Value, rename=_field, forbid_unknown_fields=False):
    """Who asks for whom, several SUT codes."""

    medula_institution_id: Number
    sut_code_list: tuple[Number, ...]
    patient_citizen_id: Number | None = None
    doctor_citizen_id: Number | None = None

    def read(self) -> Question:
        """Return the question."""
        return _question(self, tuple(str(one) for one in self.sut_code_list))


class OrderQuestion(Value, rename=_field, forbid_unknown_fields=False):
    """Which exam of an answer."""

    order_id: str


class PreviousStudy(Value, rename=_field):
    """An earlier exam; dates are Europe/Istanbul without a zone, null where they are not known."""

    order_id: str
    institution_name: str
    skrs: str
    accession_number: str
    schedule_date: str | None
    performed_date: str | None
    requested_procedure_description: str
    sut_code: str
    is_study_exist: bool
    is_report_exist: bool
    report_link: str | None
    image_link: str | None


class SearchDetail(Value, rename=_field):
    """Whether the earlier report or images of a SUT code have been opened."""

    sut_code: str
    result: bool


class StudyLink(Value, rename=_field):
    """A study and where DICOMweb has it."""

    study_instance_uid: str = msgspec.field(name="StudyInstanceUID")
    dicom_web: str


class ImageLinks(Value, rename=_field):
    """Where the images are: studies of this archive, or an address of the service above."""

    studies: tuple[StudyLink, ...]
    url: str | None


class ReportText(Value, rename=_field):
    """A report as plain text."""

    report: str


class Address(Value, rename=_field):
    """Where images are seen."""

    url: str


def _question(asked: SutQuestion | SutListQuestion, suts: tuple[str, ...]) -> Question:
    return Question(
        medula_code=str(asked.medula_institution_id).strip(),
        tckn=_word(asked.patient_citizen_id),
        suts=suts,
        physician=_word(asked.doctor_citizen_id),
    )


def _word(value: Number | None) -> str:
    return "" if value is None else str(value).strip()


def previous_studies(query: DuplicateQuery) -> tuple[PreviousStudy, ...]:
    """Return the answer to a query."""
    return tuple(_study(query, place, one) for place, one in enumerate(query.found))


def _study(query: DuplicateQuery, place: int, one: EarlierExam) -> PreviousStudy:
    name = order_id(query, place)
    return PreviousStudy(
        order_id=name,
        institution_name=one.institution_name,
        skrs=one.institution,
        accession_number=one.accession,
        schedule_date=_date(one.scheduled_at or one.ordered_at),
        performed_date=_date(one.performed_at),
        requested_procedure_description=one.description,
        sut_code=one.sut,
        is_study_exist=one.images,
        is_report_exist=one.report,
        report_link=f"{ORDERS}/{name}/report" if one.report else None,
        image_link=f"{ORDERS}/{name}/images" if one.images else None,
    )


def _date(moment: datetime | None) -> str | None:
    return local(moment).strftime("%Y-%m-%dT%H:%M:%S") if moment else None


def search_detail(opened: Mapping[str, bool]) -> tuple[SearchDetail, ...]:
    """Return the answer of the search-detail form."""
    return tuple(SearchDetail(sut_code=sut, result=result) for sut, result in opened.items())


def image_links(studies: tuple[str, ...], link: str, node_of: Callable[[str], str]) -> ImageLinks:
    """Return where images are; `node_of`: the address of the node that holds a study, "" = this one."""
    found = (StudyLink(study_instance_uid=uid, dicom_web=f"{node_of(uid)}/dicom-web/studies/{uid}") for uid in studies)
    return ImageLinks(studies=tuple(found), url=link or None)
