"""A report as a structured report: Basic Text SR (PS3.3 A.35.1) by TID 2000, Basic Diagnostic Imaging Report (PS3.16).

In Turkish, code meanings included (PS3.3 8.3); headings are LOINC's, of CID 7001. It names physicians, and never their
numbers: an archive passes its objects on to whoever may read images.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

from ..core.exam import Exam, ReceivedReport
from ..core.facts import StudyFacts
from ..core.identifiers import masked
from ..core.issue import Issue, signers
from ..core.order import ExamKey, Person, Procedure
from ..core.report import Document, ReportPart, contrasts
from ..core.values import local
from ..steps.attach_report import Template
from .report_header import as_file, code, header
from .report_text import text_of
from .report_words import contrast_text, written_at

Coded = tuple[str, str, str]  # value, scheme, meaning
TITLES: dict[str, Coded] = {  # by OBR-24; CID 7000 Diagnostic Imaging Report Document Titles
    "CT": ("25045-6", "LN", "BT raporu"),
    "MR": ("25056-3", "LN", "MR raporu"),
    "US": ("25061-3", "LN", "Ultrason raporu"),
    "CR": ("43468-8", "LN", "Röntgen raporu"),
    "DX": ("43468-8", "LN", "Röntgen raporu"),
    "MG": ("111400", "DCM", "Meme görüntüleme raporu"),
}
ANY_TITLE: Coded = ("18748-4", "LN", "Tanısal görüntüleme raporu")
SECTIONS: dict[ReportPart, tuple[Coded, Coded]] = {
    # part -> heading of CID 7001, and element of CID 7002 for the text under it
    ReportPart.TECHNIQUE: (("55111-9", "LN", "Teknik"), ("121065", "DCM", "İşlem açıklaması")),
    ReportPart.COMPARISON: (("18834-2", "LN", "Karşılaştırma"), ("121069", "DCM", "Önceki bulgu")),
    ReportPart.FINDINGS: (("59776-5", "LN", "Bulgular"), ("121071", "DCM", "Bulgu")),
    ReportPart.CONCLUSION: (("19005-8", "LN", "Sonuç ve Öneriler"), ("121073", "DCM", "Sonuç")),
}
ADDENDUM: Coded = ("55107-7", "LN", "Ek rapor")
LANGUAGE: Coded = ("121049", "DCM", "İçeriğin dili")  # TID 1204
TURKISH: Coded = ("tr-TR", "RFC5646", "Türkçe (Türkiye)")  # CID 5000
OBSERVER_TYPE: Coded = ("121005", "DCM", "Gözlemci türü")  # TID 1002
PERSON: Coded = ("121006", "DCM", "Kişi")
PERSON_NAME: Coded = ("121008", "DCM", "Hekim")  # TID 1003
ORGANIZATION: Coded = ("121009", "DCM", "Kurum")
STUDY_UID: Coded = ("121018", "DCM", "Çalışma UID")  # TID 1005
ACCESSION: Coded = ("121022", "DCM", "Erişim no")
PROCEDURE: Coded = ("121023", "DCM", "Tetkik")

_NOT_IN_NAMES = re.compile(r"[\\^=\x00-\x1f\x7f]")
_NOT_IN_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def build_sr(institution: str, exam: Exam, version: Issue, study: StudyFacts, template: Template) -> bytes:
    """Return the structured report of one version for one study as a DICOM file."""
    dataset = header(Document.SR, exam, version, study, template)
    dataset.Modality = "SR"
    dataset.ReferencedPerformedProcedureStepSequence = []
    _flags(dataset, institution, version)
    dataset.PerformedProcedureCodeSequence = []
    dataset.ReferencedRequestSequence = requests(exam, version, study)
    title = TITLES.get(exam.modality, ANY_TITLE)
    _concept(dataset, title)
    dataset.ValueType = "CONTAINER"
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentTemplateSequence = [template_item("2000")]
    dataset.ContentSequence = [
        _item("HAS CONCEPT MOD", "CODE", LANGUAGE, TURKISH),
        *observers(version.report or version.own, institution),
        *_procedure(exam, version, study),
        *(_sections(version.report) if version.report else ()),
        *(_addendum(one, institution) for one in version.addenda),
    ]
    return as_file(dataset)


def _flags(dataset: Dataset, institution: str, version: Issue) -> None:
    """PS3.3 C.17.2: a preliminary report is taken as unfinished and is verified by nobody."""
    dataset.CompletionFlag = "COMPLETE" if version.final else "PARTIAL"
    dataset.PreliminaryFlag = "FINAL" if version.final else "PRELIMINARY"
    people = signers(version.own) if version.final else ()
    dataset.VerificationFlag = "VERIFIED" if people else "UNVERIFIED"
    if people:
        dataset.VerifyingObserverSequence = [_verified(one, institution, version.own) for one in people]


def _verified(person: Person, institution: str, received: ReceivedReport) -> Dataset:
    observer = Dataset()
    observer.VerifyingObserverName = person_name(person)
    observer.VerifyingObserverIdentificationCodeSequence = []  # type 2; the only number known is the TCKN
    observer.VerifyingOrganization = institution[:64]
    observer.VerificationDateTime = f"{local(written_at(received)):%Y%m%d%H%M%S%z}"
    return observer


def person_name(person: Person) -> str:
    """Return a PN (PS3.5 6.2); who has no name anywhere is shown by a masked number."""
    family, given = (_NOT_IN_NAMES.sub(" ", one).strip()[:31] for one in (person.family, person.given))
    return f"{family}^{given}".rstrip("^") or masked(person.identifier)


def requests(exam: Exam, version: Issue, study: StudyFacts) -> list[Dataset]:
    """The order that is reported, an item for each procedure of it."""
    return [_request(exam.key, one, study) for one in _procedures(exam, version) or (Procedure(),)]


def _procedures(exam: Exam, version: Issue) -> tuple[Procedure, ...]:
    return (exam.order.procedures if exam.order else ()) or version.own.report.procedures


def _request(key: ExamKey, procedure: Procedure, study: StudyFacts) -> Dataset:
    request = Dataset()
    request.StudyInstanceUID = study.study_instance_uid
    request.ReferencedStudySequence = []
    request.AccessionNumber = key.accession
    request.PlacerOrderNumberImagingServiceRequest = key.accession
    request.FillerOrderNumberImagingServiceRequest = ""
    request.RequestedProcedureID = ""
    request.RequestedProcedureDescription = (procedure.sut_name or procedure.loinc_name)[:64]
    coded = _coded(procedure)
    request.RequestedProcedureCodeSequence = [code(*coded)] if coded else []
    return request


def _coded(procedure: Procedure) -> Coded | None:
    name = procedure.sut_name or procedure.loinc_name
    if procedure.loinc:
        return procedure.loinc, "LN", name or procedure.loinc
    return (procedure.sut, "99SUT", name or procedure.sut) if procedure.sut else None


def observers(received: ReceivedReport, institution: str) -> list[Dataset]:
    """TID 1001, 1002, 1003: who observed; the approving physician first."""
    found: list[Dataset] = []
    for person in signers(received):
        found += [
            _item("HAS OBS CONTEXT", "CODE", OBSERVER_TYPE, PERSON),
            _item("HAS OBS CONTEXT", "PNAME", PERSON_NAME, person_name(person)),
            _item("HAS OBS CONTEXT", "TEXT", ORGANIZATION, institution),
        ]
    return found


def _procedure(exam: Exam, version: Issue, study: StudyFacts) -> list[Dataset]:
    """TID 1005: the procedure that is reported."""
    coded = (_coded(one) for one in _procedures(exam, version))
    return [
        _item("HAS OBS CONTEXT", "UIDREF", STUDY_UID, study.study_instance_uid),
        _item("HAS OBS CONTEXT", "TEXT", ACCESSION, exam.key.accession),
        *(_item("HAS OBS CONTEXT", "CODE", PROCEDURE, one) for one in coded if one),
    ]


def _sections(received: ReceivedReport) -> list[Dataset]:
    """A container for each part under its heading, with the contrast under the technique."""
    found = []
    for part, (heading, _) in SECTIONS.items():
        texts = _texts(received, part)
        if texts:
            found.append(_container(heading, texts, received))
    return found


def _texts(received: ReceivedReport, part: ReportPart) -> list[Dataset]:
    report = received.report
    written = [text_of(report.parts.get(part, ""), report.format)]
    if part is ReportPart.TECHNIQUE:
        written += [f"Kontrast madde: {contrast_text(one)}" for one in contrasts(report.contrast)]
    if part is ReportPart.CONCLUSION and report.critical:
        written.append(f"Kritik bulgu: {report.critical}")
    return [_item("CONTAINS", "TEXT", SECTIONS[part][1], one) for one in written if one]


def _addendum(received: ReceivedReport, institution: str) -> Dataset:
    """What was added, with who added it when."""
    texts = [one for part in SECTIONS for one in _texts(received, part)]
    return _container(ADDENDUM, [*observers(received, institution), *texts], received)


def _container(heading: Coded, content: list[Dataset], received: ReceivedReport) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ObservationDateTime = f"{local(written_at(received)):%Y%m%d%H%M%S%z}"  # PS3.3 C.17.3: where parts differ in it
    item.ValueType = "CONTAINER"
    _concept(item, heading)
    item.ContinuityOfContent = "SEPARATE"
    item.ContentSequence = content
    return item


def _item(relationship: str, value_type: str, name: Coded, value: str | Coded) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = value_type
    _concept(item, name)
    if isinstance(value, tuple):
        item.ConceptCodeSequence = [code(*value)]
    elif value_type == "PNAME":
        item.PersonName = value
    elif value_type == "UIDREF":
        item.UID = value
    else:
        item.TextValue = _NOT_IN_TEXT.sub(" ", value).replace("\n", "\r\n")  # PS3.5 6.1.3: a line ends with CR LF
    return item


def _concept(item: Dataset, name: Coded) -> None:
    item.ConceptNameCodeSequence = [code(*name)]


def template_item(identifier: str) -> Dataset:
    """Return the item that names a template of PS3.16."""
    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = identifier
    return template
