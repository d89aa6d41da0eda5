"""The report's PDF and its DICOM object, looked at with poppler and dicom3tools."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydicom import dcmread

from gecit.core.exam import Exam, ReceivedReport
from gecit.core.facts import StudyFacts, StudyKey
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.encapsulated_pdf import Documents, template_of
from gecit.edges.report_pdf import Issue, build_pdf, text_of_html
from gecit.sandbox.day import INSTITUTION, ExamStory, exams_of_the_day

NOW = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
LETTERS = "ğüşıöç ĞÜŞİÖÇ âîû ÂÎÛ"


@pytest.fixture(scope="module")
def story() -> ExamStory:
    return exams_of_the_day(NOW)[0]


def text_of(pdf: bytes, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def with_findings(story: ExamStory, findings: str, **changes: object) -> Report:
    assert story.report is not None
    return replace(story.report, parts={**story.report.parts, ReportPart.FINDINGS: findings}, **changes)


def test_every_turkish_letter_can_be_searched_for(story: ExamStory) -> None:
    assert LETTERS in text_of(build_pdf(with_findings(story, LETTERS), "Geçit Deneme Hastanesi"))


def test_a_page_says_whose_report_it_is_and_who_approved_it_when(story: ExamStory) -> None:
    found = text_of(build_pdf(with_findings(story, "Olağan."), INSTITUTION.name, story.order), "-layout")
    for expected in (
        "Geçit Deneme Hastanesi", "Şule ÖRNEKOĞLU", story.order.patient.tckn, "14.02.1980", story.order.key.accession,
        "BT, beyin (deneme kodu)", "Teknik", "Karşılaştırma", "Bulgular", "Sonuç ve Öneriler", "Kesin rapor",
        "Onaylayan: Ayşegül ÖRNEKÇİ", "İkinci imza: Işık DENEMECİ", "Onay zamanı: 01.07.2024 12:28", "Sayfa 1 / 1",
    ):  # fmt: skip
        assert expected in found


def test_clinical_information_longer_than_a_page_is_printed_whole(story: ExamStory) -> None:
    long = replace(story.order, clinical_information="klinik bilgi " * 3000 + "SONUNCU")
    pdf = build_pdf(with_findings(story, "Olağan."), "H", long)
    found = text_of(pdf)
    assert found.count("klinik") == 3000
    assert "SONUNCU" in found


def test_a_long_report_without_line_breaks_is_printed_whole(story: ExamStory) -> None:
    found = text_of(build_pdf(with_findings(story, "kelime " * 20_000 + "x" * 9_000 + " SONUNCU"), "H"))
    assert found.count("kelime") == 20_000
    assert found.count("x") >= 9_000
    assert "SONUNCU" in found


def test_the_four_parts_stand_in_their_order(story: ExamStory) -> None:
    found = text_of(build_pdf(with_findings(story, "Olağan."), "H"))
    headings = ["Teknik", "Karşılaştırma", "Bulgular", "Sonuç ve Öneriler"]
    assert re.findall("|".join(f"^{one}$" for one in headings), found, re.MULTILINE) == headings


def test_a_corrected_version_says_so(story: ExamStory) -> None:
    corrected = with_findings(story, "Olağan.", status=ReportStatus.CORRECTED)
    assert "Düzeltilmiş rapor, 2. sürüm" in text_of(build_pdf(corrected, "H", issue=Issue(version=2)))


def test_the_same_report_gives_the_same_bytes(story: ExamStory) -> None:
    report = with_findings(story, LETTERS * 50)
    assert build_pdf(report, "H", story.order) == build_pdf(report, "H", story.order)


def test_documents_made_at_the_same_time_do_not_mix(story: ExamStory) -> None:
    reports = [with_findings(story, f"{LETTERS} {number} " * 200) for number in range(12)]
    alone = [build_pdf(one, "H") for one in reports]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: build_pdf(one, "H"), reports)) == alone


def test_a_very_long_report_loses_no_line_over_its_pages(story: ExamStory) -> None:
    lines = [f"satır-{number} " + "uzun cümle " * (number % 25) for number in range(600)] + ["W" * 2000]
    found = text_of(build_pdf(with_findings(story, "\n".join(lines)), "H"))
    pages = int(re.findall(r"Sayfa \d+ / (\d+)", found)[0])
    assert pages > 10
    assert [int(one) for one in re.findall(r"Sayfa (\d+) /", found)] == list(range(1, pages + 1))
    assert [int(one) for one in re.findall(r"satır-(\d+)", found)] == list(range(600))
    assert found.count("W") >= 2000


def test_what_would_be_markup_is_printed_as_it_stands(story: ExamStory) -> None:
    hostile = 'a < b & c > d <b>kalın</b> <img src="file:///etc/passwd"/> \x00\x1b[31m &amp; <para'
    found = text_of(build_pdf(with_findings(story, hostile), "H & <b>"))
    assert '<img src="file:///etc/passwd"/>' in " ".join(found.split())
    assert "a < b & c > d <b>kalın</b>" in " ".join(found.split())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Bir</p><p>İki</p>", "Bir\nİki"),
        ("Bir<br>İki<br/>Üç", "Bir\nİki\nÜç"),
        ("<ul><li>Bir</li><li>İki</li></ul>", "• Bir\n• İki"),
        ("ısı &lt; 5 &ouml;l&ccedil;&uuml; &#287;", "ısı < 5 ölçü ğ"),
        ("<style>p{}</style><script>alert(1)</script>Sonuç", "Sonuç"),
        ("<pre>a\n b</pre>c", "a\nb\nc"),
        ("kapanmamış <b>etiket <p>ve satır", "kapanmamış etiket\nve satır"),
        ("", ""),
    ],
)
def test_html_is_read_as_a_reader_sees_it(html: str, text: str) -> None:
    assert text_of_html(html) == text


# The DICOM object


@pytest.fixture
def exam(story: ExamStory) -> Exam:
    report = with_findings(story, LETTERS)
    received = ReceivedReport(report=report, received_at=NOW, message=1)
    return Exam(key=story.order.key, order=story.order, reports=(received, received))


FACTS = StudyFacts(
    key=StudyKey(node="n", orthanc_id="o"),
    study_instance_uid="2.25.1234567890",
    accession="D240701123001",
    patient_id="10000001136",
    patient_name="FROM^FACTS",
    study_date="20240701",
)
TEMPLATE = template_of(
    {
        "PatientMainDicomTags": {
            "PatientID": "10000001136", "PatientName": "ÖRNEKOĞLU^Şule",
            "PatientBirthDate": "19800214", "PatientSex": "F",
        },
        "MainDicomTags": {
            "StudyDate": "20240701", "StudyTime": "101500", "StudyID": "S1", "AccessionNumber": "D240701123001",
            "ReferringPhysicianName": "MASALCI^Gülşen", "StudyDescription": "BT, beyin",
        },
    }
)  # fmt: skip


def documents() -> Documents:
    return Documents(lambda skrs: {INSTITUTION.skrs: INSTITUTION.name}.get(skrs, ""))


def test_the_object_is_the_study_s_own_patient_and_study(exam: Exam) -> None:
    found = dcmread(BytesIO(documents()(exam, 1, FACTS, TEMPLATE)))
    assert str(found.PatientName) == "ÖRNEKOĞLU^Şule"
    assert (found.PatientID, found.PatientBirthDate, found.PatientSex) == ("10000001136", "19800214", "F")
    assert (found.StudyInstanceUID, found.StudyID, found.StudyTime) == (FACTS.study_instance_uid, "S1", "101500")
    assert LETTERS in text_of(found.EncapsulatedDocument[: found.EncapsulatedDocumentLength])


def test_what_orthanc_does_not_know_is_taken_from_the_facts(exam: Exam) -> None:
    found = dcmread(BytesIO(documents()(exam, 1, FACTS, {})))
    assert str(found.PatientName) == "FROM^FACTS"
    assert found.PatientBirthDate == ""


def test_the_same_version_is_the_same_object_and_another_version_another(exam: Exam) -> None:
    make = documents()
    first, again, second = (make(exam, version, FACTS, TEMPLATE) for version in (1, 1, 2))
    assert first == again
    uids = {dcmread(BytesIO(one)).SOPInstanceUID for one in (first, second)}
    assert len(uids) == 2
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)


@pytest.mark.parametrize("template", [TEMPLATE, {}], ids=["all known", "nothing known"])
def test_the_object_passes_dciodvfy(exam: Exam, template: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "report.dcm"
    path.write_bytes(documents()(exam, 1, FACTS, template))
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "EncapsulatedPDF" in said
    assert "Error" not in said
