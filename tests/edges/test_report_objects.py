"""Both DICOM objects of a report: valid to dicom3tools, read by DCMTK, the same for the same version."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from gecit.core.issue import issue
from gecit.core.order import Person
from gecit.core.report import Document
from gecit.edges.dicom_facts import is_picture, is_structured_report
from gecit.edges.dose_sr import read_dose_report
from gecit.edges.report_documents import Documents
from gecit.edges.report_sr import ADDENDUM, ANY_TITLE, SECTIONS, TITLES, person_name
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, SECOND_RADIOLOGIST
from gecit.steps.attach_report import document_uids
from tests.support.reports import CASES, LETTERS, STORY, TEMPLATE, exam, facts, institution_name, version

MAKE = Documents(institution_name)
REPORTS = (Document.PDF, Document.SR)  # key objects have tests of their own: test_key_objects.py


@cache
def made(case: str, document: Document, number: int = 0, *, known: bool = True) -> bytes:
    """A document of one version of a case, by default the last one, for its first study."""
    found = CASES[case]
    wanted = issue(found, number or len(found.reports))
    assert wanted
    return MAKE(document, found, wanted, found.studies[0].facts, TEMPLATE if known else {})


def read(case: str, document: Document, number: int = 0) -> Dataset:
    return dcmread(BytesIO(made(case, document, number)))


def at(folder: Path, case: str, document: Document) -> str:
    path = folder / "report.dcm"
    path.write_bytes(made(case, document))
    return str(path)


def said_by(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("known", [True, False], ids=["all known", "nothing known"])
@pytest.mark.parametrize("document", REPORTS)
@pytest.mark.parametrize("case", sorted(CASES))
def test_every_object_passes_dciodvfy(case: str, document: Document, known: bool, tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(made(case, document, known=known))
    done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert {Document.PDF: "EncapsulatedPDF", Document.SR: "BasicTextSR"}[document] in said
    assert "Error" not in said
    assert "not present in standard DICOM IOD" not in said


@pytest.mark.parametrize("document", REPORTS)
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_same_version_is_the_same_bytes(case: str, document: Document) -> None:
    found = CASES[case]
    wanted = issue(found, len(found.reports))
    assert wanted
    assert MAKE(document, found, wanted, found.studies[0].facts, TEMPLATE) == made(case, document)


@pytest.mark.parametrize("document", REPORTS)
def test_patient_and_study_are_the_study_s_own(document: Document) -> None:
    found = read("final", document)
    assert str(found.PatientName) == "ÖRNEKOĞLU^Şule"
    assert (found.PatientBirthDate, found.PatientSex, found.StudyID) == ("19800214", "F", "S1")
    assert found.StudyInstanceUID == CASES["final"].studies[0].facts.study_instance_uid
    bare = dcmread(BytesIO(made("final", document, known=False)))
    assert (str(bare.PatientName), bare.PatientBirthDate) == ("FROM^FACTS", "")


@pytest.mark.parametrize("document", REPORTS)
def test_each_version_and_document_has_a_series_of_its_own(document: Document) -> None:
    first, second = read("corrected", document, 1), read("corrected", document, 2)
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert first.Modality == second.Modality == {Document.PDF: "DOC", Document.SR: "SR"}[document]
    other = read("corrected", Document.PDF if document is Document.SR else Document.SR, 2)
    assert other.SeriesInstanceUID != second.SeriesInstanceUID


@pytest.mark.parametrize("document", REPORTS)
@pytest.mark.parametrize(
    ("case", "before"),
    [("corrected", 1), ("final after preliminary", 1), ("addendum", 1), ("corrected after an addendum", 2)],
)
def test_a_version_refers_to_the_one_before_it_in_the_same_study(case: str, before: int, document: Document) -> None:
    [predecessor] = read(case, document).PredecessorDocumentsSequence
    [series] = predecessor.ReferencedSeriesSequence
    [instance] = series.ReferencedSOPSequence
    earlier = read(case, document, before)
    assert predecessor.StudyInstanceUID == earlier.StudyInstanceUID
    assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
    assert instance.ReferencedSOPInstanceUID == earlier.SOPInstanceUID
    assert instance.ReferencedSOPClassUID == earlier.SOPClassUID
    assert "PredecessorDocumentsSequence" not in read(case, document, 1)


@pytest.mark.parametrize("document", REPORTS)
def test_the_same_report_in_another_study_is_referred_to(document: Document) -> None:
    [other] = read("two studies", document).IdenticalDocumentsSequence
    uid = facts("b").study_instance_uid
    assert other.StudyInstanceUID == uid
    uids = document_uids(STORY.order.key, 2, uid, document)
    assert other.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uids.instance
    assert "IdenticalDocumentsSequence" not in read("final", document)


@pytest.mark.parametrize("case", sorted(CASES))
def test_no_number_of_a_physician_stands_in_any_object(case: str) -> None:
    for document in REPORTS:
        for one in (RADIOLOGIST, SECOND_RADIOLOGIST):
            assert one.identifier.encode() not in made(case, document)


# The structured report


@pytest.mark.parametrize(
    ("case", "flags", "verified_by"),
    [
        ("final", ("COMPLETE", "FINAL", "VERIFIED"), ["ÖRNEKÇİ^Ayşegül", "DENEMECİ^Işık"]),
        ("corrected", ("COMPLETE", "FINAL", "VERIFIED"), ["ÖRNEKÇİ^Ayşegül", "DENEMECİ^Işık"]),
        ("addendum", ("COMPLETE", "FINAL", "VERIFIED"), ["ÖRNEKÇİ^Ayşegül", "DENEMECİ^Işık"]),
        ("preliminary", ("PARTIAL", "PRELIMINARY", "UNVERIFIED"), []),
        ("addendum to a preliminary", ("PARTIAL", "PRELIMINARY", "UNVERIFIED"), []),
        ("no signer", ("COMPLETE", "FINAL", "UNVERIFIED"), []),
    ],
)
def test_the_flags_say_how_far_the_report_is(case: str, flags: tuple[str, ...], verified_by: list[str]) -> None:
    found = read(case, Document.SR)
    assert (found.CompletionFlag, found.PreliminaryFlag, found.VerificationFlag) == flags
    observers = found.get("VerifyingObserverSequence", [])
    assert [str(one.VerifyingObserverName) for one in observers] == verified_by
    assert {one.VerifyingOrganization for one in observers} <= {INSTITUTION.name}
    pdf = read(case, Document.PDF)
    assert pdf.VerificationFlag == ("UNVERIFIED" if flags[1] == "PRELIMINARY" else "VERIFIED")


def test_headings_elements_and_titles_are_the_standard_s() -> None:
    headings = {(one.value, one.scheme_designator) for one in values(codes.cid7001)}
    elements = {(one.value, one.scheme_designator) for one in values(codes.cid7002)}
    titles = {(one.value, one.scheme_designator) for one in values(codes.cid7000)}
    assert {one[:2] for heading, _ in SECTIONS.values() for one in (heading, ADDENDUM)} <= headings
    assert {element[:2] for _, element in SECTIONS.values()} <= elements
    assert {one[:2] for one in (*TITLES.values(), ANY_TITLE)} <= titles


def values(context_group: Any) -> list[Any]:
    return [getattr(context_group, name) for name in context_group.dir()]


# Code, scheme and keyword in pydicom's dictionary of PS3.16: what we write for the observer and the procedure.
STRUCTURE = [
    ("121049", "LanguageOfContentItemAndDescendants"),
    ("121005", "ObserverType"),
    ("121006", "Person"),
    ("121008", "PersonObserverName"),
    ("121009", "PersonObserverOrganizationName"),
    ("121018", "ProcedureStudyInstanceUID"),
    ("121022", "AccessionNumber"),
    ("121023", "ProcedureCode"),
]


@pytest.mark.parametrize(("value", "keyword"), STRUCTURE)
def test_observer_and_procedure_are_coded_as_the_standard_does(value: str, keyword: str) -> None:
    assert getattr(codes.DCM, keyword).value == value
    written = [one for one in walk(read("final", Document.SR)) if value in (name_of(one), value_of(one))]
    assert written


def walk(item: Dataset) -> list[Dataset]:
    return [one for child in item.get("ContentSequence", []) for one in (child, *walk(child))]


def name_of(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeValue)


def value_of(item: Dataset) -> str:
    return str(item.ConceptCodeSequence[0].CodeValue) if "ConceptCodeSequence" in item else ""


def test_the_tree_is_that_of_template_2000() -> None:
    found = read("addendum", Document.SR)
    assert found.ContentTemplateSequence[0].TemplateIdentifier == "2000"
    assert found.ConceptNameCodeSequence[0].CodeValue == "25045-6"
    shape = [(one.RelationshipType, one.ValueType, name_of(one)) for one in found.ContentSequence]
    observer = [
        ("HAS OBS CONTEXT", "CODE", "121005"), ("HAS OBS CONTEXT", "PNAME", "121008"),
        ("HAS OBS CONTEXT", "TEXT", "121009"),
    ]  # fmt: skip
    headings = ["55111-9", "18834-2", "59776-5", "19005-8", "55107-7"]
    assert shape == [
        ("HAS CONCEPT MOD", "CODE", "121049"),
        *observer,
        *observer,
        ("HAS OBS CONTEXT", "UIDREF", "121018"),
        ("HAS OBS CONTEXT", "TEXT", "121022"),
        ("HAS OBS CONTEXT", "CODE", "121023"),
        *(("CONTAINS", "CONTAINER", one) for one in headings),
    ]
    added = found.ContentSequence[-1]
    names = [str(one.PersonName) for one in added.ContentSequence if one.ValueType == "PNAME"]
    assert names == ["ÖRNEKÇİ^Ayşegül", "DENEMECİ^Işık"]
    assert added.ObservationDateTime == "20240701143000+0300"
    assert found.ContentSequence[-2].ObservationDateTime == "20240701133000+0300"


def test_the_order_is_referred_to_by_its_accession_number() -> None:
    [request] = read("final", Document.SR).ReferencedRequestSequence
    assert (request.AccessionNumber, request.RequestedProcedureDescription) == (
        STORY.order.key.accession, "BT, beyin (deneme kodu)",
    )  # fmt: skip
    assert request.RequestedProcedureCodeSequence[0].CodeValue == "24725-4"


@pytest.mark.parametrize("case", sorted(CASES))
def test_dcmtk_reads_every_text_with_its_turkish_letters(case: str, tmp_path: Path) -> None:
    path = at(tmp_path, case, Document.SR)
    page = said_by("dsr2html", path)
    dump = said_by("dsrdump", "+Pl", path)
    found = CASES[case]
    wanted = issue(found, len(found.reports))
    assert wanted
    for received in (*([wanted.report] if wanted.report else []), *wanted.addenda):
        if received.report.format == "TXT":
            for line in "\n".join(received.report.parts.values()).splitlines():
                assert line.strip() in page
                assert line.strip() in dump
    assert "ÖRNEKOĞLU^Şule" in dump
    assert not re.search(r"^[EF]: ", page + dump, re.M)


def test_html_is_plain_text_in_the_structured_report(tmp_path: Path) -> None:
    dump = said_by("dsrdump", "+Pl", at(tmp_path, "HTML", Document.SR))
    [text] = [one for one in walk(read("HTML", Document.SR)) if name_of(one) == "121071"]
    assert text.TextValue.split("\r\n") == [
        "Sağ akciğer üst lobda 12 mm çapında düzgün sınırlı nodül – İlk kez görüldü.",
        "• Plevral sıvı yok",
        "• Kemik yapılar:",
        "  1. Kırık yok",
        "  2. Lezyon yok",
        "Lezyon | Boyut",
        "S3 | 12 mm",
        "bağlantı",
        LETTERS,
    ]
    assert LETTERS in dump
    assert not re.search(r"alert|iz\.png|127\.0\.0\.1|onclick", dump)


def test_contrast_stands_under_the_technique_in_its_three_facts() -> None:
    technique = read("three pages", Document.SR).ContentSequence[-4]
    assert name_of(technique) == "55111-9"
    assert [one.TextValue for one in technique.ContentSequence][1:] == [
        "Kontrast madde: İyoheksol, 300 mg/ml, intravenöz (IV)", "Kontrast madde: Baryum sülfat, oral (O)",
    ]  # fmt: skip


@pytest.mark.parametrize("case", sorted(CASES))
def test_our_own_report_is_no_dose_report_and_no_picture(case: str) -> None:
    assert read_dose_report(made(case, Document.SR)) is None
    for document in REPORTS:
        found = read(case, document)
        assert not is_picture(str(found.SOPClassUID), str(found.Modality))
    assert is_structured_report(str(read(case, Document.SR).SOPClassUID))


@pytest.mark.parametrize(
    ("person", "written"),
    [
        (Person(identifier="1", family="ÖRNEKÇİ", given="Ayşegül Nur"), "ÖRNEKÇİ^Ayşegül Nur"),
        (Person(identifier="1", family="ÖRNEKÇİ"), "ÖRNEKÇİ"),
        (Person(identifier="1", family="A^B=C\\D", given="x\ny"), "A B C D^x y"),
        (Person(identifier="1", family="Ş" * 80, given="ı" * 80), "Ş" * 31 + "^" + "ı" * 31),
        (Person(identifier="10000090178"), "********178"),
    ],
)
def test_a_name_is_written_as_dicom_allows(person: Person, written: str) -> None:
    assert person_name(person) == written


def test_control_characters_of_a_report_never_reach_the_object() -> None:
    found = exam([version("F", 1, "satır\x01\x1fsonu\tve sekme")])
    wanted = issue(found, 1)
    assert wanted
    text = dcmread(BytesIO(MAKE(Document.SR, found, wanted, found.studies[0].facts, TEMPLATE)))
    [written] = [one.TextValue for one in walk(text) if name_of(one) == "121071"]
    assert written == "satır  sonu ve sekme"


def test_a_procedure_without_loinc_is_named_by_its_sut_code() -> None:
    procedure = replace(STORY.order.procedures[0], loinc="", loinc_name="")
    found = replace(CASES["final"], order=replace(STORY.order, procedures=(procedure,), modality="ES"))
    wanted = issue(found, 1)
    assert wanted
    written = dcmread(BytesIO(MAKE(Document.SR, found, wanted, found.studies[0].facts, TEMPLATE)))
    coded = written.ReferencedRequestSequence[0].RequestedProcedureCodeSequence[0]
    assert (coded.CodeValue, coded.CodingSchemeDesignator) == (procedure.sut, "99SUT")
    assert written.ConceptNameCodeSequence[0].CodeValue == ANY_TITLE[0]
