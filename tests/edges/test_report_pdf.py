"""The report's PDF, looked at with poppler."""

from __future__ import annotations

import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace
from reportlab.pdfbase.ttfonts import TTFontFile

from gecit.core.issue import Issue, issue
from gecit.core.order import Order
from gecit.core.report import ReportPart
from gecit.edges import hl7_build
from gecit.edges.hl7_profile import read
from gecit.edges.hl7_reader import parse
from gecit.edges.report_pdf import build_pdf
from gecit.sandbox.day import INSTITUTION
from tests.support.hl7_samples import profile
from tests.support.reports import CASES, LETTERS, STORY, exam, version


def last(case: str) -> Issue:
    """The last version of a case, as it was issued."""
    found = issue(CASES[case], len(CASES[case].reports))
    assert found
    return found


def issued(findings: str, **changes: object) -> Issue:
    """A final report with these findings."""
    found = issue(exam([version("F", 1, findings, **changes)]), 1)
    assert found
    return found


def pdf_of(findings: str, order: Order | None = None, **changes: object) -> bytes:
    return build_pdf(issued(findings, **changes), "Geçit Deneme Hastanesi", order)


def words(pdf: bytes) -> str:
    return " ".join(text_of(pdf, "-layout").split())


def text_of(pdf: bytes, *options: str) -> str:
    done = subprocess.run(["pdftotext", *options, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def test_every_turkish_letter_can_be_searched_for() -> None:
    assert LETTERS in text_of(pdf_of(LETTERS))


def test_a_page_says_whose_report_it_is_and_who_approved_it_when_and_in_which_role() -> None:
    found = words(build_pdf(last("final"), INSTITUTION.name, STORY.order))
    for expected in (
        "Geçit Deneme Hastanesi", "Kesin rapor", "1. sürüm · 01.07.2024 13:30", "Hasta Şule ÖRNEKOĞLU",
        f"T.C. kimlik no {STORY.order.patient.tckn}", "Dosya no DENEME-001", "Doğum tarihi 14.02.1980",
        "Cinsiyet Kadın", f"Erişim no {STORY.order.key.accession}", "Yöntem CT", "İsteyen hekim Gülşen MASALCI",
        "Tetkik BT, beyin (deneme kodu)", "Klinik bilgi Deneme istemi", "Onaylayan hekim Ayşegül ÖRNEKÇİ",
        "İkinci imza Işık DENEMECİ", "Onay zamanı 01.07.2024 13:30", "Sayfa 1 / 1",
    ):  # fmt: skip
        assert expected in found
    assert "yerine geçer" not in found


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("preliminary", ["Ön rapor", "Bu bir ön rapordur"]),
        ("final after preliminary", ["Kesin rapor", "01.07.2024 13:30 tarihli ön raporun yerine geçer", "2. sürüm"]),
        ("corrected", ["Düzeltilmiş rapor", "Bu rapor, 01.07.2024 13:30 tarihli kesin raporun yerine geçer."]),
        (
            "corrected after an addendum",
            ["01.07.2024 13:30 tarihli kesin raporun ve 01.07.2024 14:30 tarihli ek raporun yerine geçer"],
        ),
        ("addendum", ["Bu ek, aşağıda yinelenen 01.07.2024 13:30 tarihli kesin rapora eklenmiştir"]),
        ("addendum to a preliminary", ["ön rapora eklenmiştir", "Bu bir ön rapordur"]),
        ("two addenda", ["Ek rapor 1 / 2 · 01.07.2024 14:30", "Ek rapor 2 / 2 · 01.07.2024 15:30"]),
        ("addendum alone", ["Bu ekin eklendiği rapor henüz alınmamıştır."]),
        ("no order", ["Hasta Şule ÖRNEKOĞLU", "Tetkik BT, beyin (deneme kodu)"]),
        ("addendum of conclusion only", ["Kontrol önerilir."]),
    ],
)
def test_each_version_says_what_it_is_and_what_it_takes_the_place_of(case: str, said: list[str]) -> None:
    found = words(build_pdf(last(case), INSTITUTION.name, CASES[case].order))
    assert [one for one in said if one not in found] == []


def test_an_addendum_shows_the_report_it_adds_to_before_itself() -> None:
    found = words(build_pdf(last("addendum"), INSTITUTION.name, STORY.order))
    order = ["Ventriküler sistem", "Onaylayan hekim Ayşegül", "Ek rapor · 01.07.2024 14:30", "Ek 2: önceki tetkik"]
    places = [found.index(one) for one in [*order, "Eki onaylayan hekim Ayşegül", "Ekin onay zamanı 01.07.2024 14:30"]]
    assert places == sorted(places)


def test_a_signer_without_a_name_is_masked_and_never_printed_by_number() -> None:
    found = words(build_pdf(last("nameless signer"), INSTITUTION.name))
    assert "Onaylayan hekim *" in found
    assert "10000090178" not in found


def test_a_name_too_long_for_the_foot_of_the_page_is_cut_before_the_page_number() -> None:
    patient = replace(STORY.order.patient, given="Çok Uzun Adlı Hasta Örneği İkinci Adıyla", family="SOYADLI" * 12)
    foot = text_of(pdf_of("Olağan.", replace(STORY.order, patient=patient)), "-layout").rstrip("\f\n").splitlines()[-1]
    assert re.search(r"Çok Uzun Adlı.*… · Erişim no D240701123001 · 1\. sürüm · Kesin rapor +Sayfa 1 / 1$", foot)


def test_a_patient_without_a_birth_date_has_no_row_for_it() -> None:
    patient = replace(STORY.order.patient, birth_date="")
    found = words(pdf_of("Olağan.", replace(STORY.order, patient=patient)))
    assert "Doğum tarihi" not in found
    assert "Cinsiyet Kadın" in found


def test_html_keeps_paragraphs_lists_and_bold_and_nothing_that_runs_or_refers(tmp_path: Path) -> None:
    pdf = build_pdf(last("HTML"), INSTITUTION.name, STORY.order)
    found = text_of(pdf, "-layout")
    assert re.search(r"12 mm çapında düzgün sınırlı nodül – İlk kez görüldü\.\s*\n\s*• Plevral sıvı yok", found)
    assert re.search(r"• Kemik yapılar:\s*\n\s+1\. Kırık yok\s*\n\s+2\. Lezyon yok", found)
    assert "Lezyon | Boyut" in found
    assert LETTERS in found
    assert not re.search(r"alert|color|iz\.png|127\.0\.0\.1|onclick|<", found)
    assert b"/URI" not in pdf
    shown = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "DejaVuSans-Bold" in shown
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    marked = subprocess.run(["pdftohtml", "-stdout", "-xml", "-i", str(path)], capture_output=True, check=True)
    assert "<b>12 mm</b>" in marked.stdout.decode()


def test_text_that_came_as_windows_1254_is_printed_with_all_its_letters() -> None:
    assert STORY.report
    letters = LETTERS + " yeterince uzun bir bulgular bölümü olsun diye yazıldı"
    sent = replace(STORY.report, parts={**STORY.report.parts, ReportPart.FINDINGS: letters})
    message = hl7_build.report_message(sent, hl7_build.Envelope(control_id="1", character_set="Windows1254"))
    report = read(parse(message), profile("ministry")).content
    assert report
    found = issue(exam([replace(version("F", 1), report=report)]), 1)  # type: ignore[arg-type]
    assert found
    assert LETTERS in text_of(build_pdf(found, "Şişli Hastanesi"))


def test_contrast_is_printed_in_its_three_facts() -> None:
    found = words(build_pdf(last("three pages"), INSTITUTION.name))
    assert "Kontrast madde: İyoheksol, 300 mg/ml, intravenöz (IV)" in found
    assert "Kontrast madde: Baryum sülfat, oral (O)" in found


def test_signatures_never_stand_alone_on_a_page() -> None:
    for lines in range(24, 34):
        found = text_of(pdf_of("\n".join(f"satır {number}" for number in range(lines)), STORY.order), "-layout")
        with_signature = next(page for page in found.split("\f") if "Onaylayan hekim" in page)
        assert "Akut intrakraniyal" in with_signature


def test_clinical_information_longer_than_a_page_is_printed_whole() -> None:
    long = replace(STORY.order, clinical_information="klinik bilgi " * 3000 + "SONUNCU")
    found = text_of(pdf_of("Olağan.", long))
    assert found.count("klinik") == 3000
    assert "SONUNCU" in found


def test_a_long_report_without_line_breaks_is_printed_whole() -> None:
    found = text_of(pdf_of("kelime " * 20_000 + "x" * 9_000 + " SONUNCU"))
    assert found.count("kelime") == 20_000
    assert found.count("x") >= 9_000
    assert "SONUNCU" in found


def test_the_four_parts_stand_in_their_order() -> None:
    headings = ["Teknik", "Karşılaştırma", "Bulgular", "Sonuç ve Öneriler"]
    found = text_of(pdf_of("Olağan."))
    assert re.findall("|".join(f"^{one}$" for one in headings), found, re.MULTILINE) == headings


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_same_version_gives_the_same_bytes(case: str) -> None:
    made = [build_pdf(last(case), "H", CASES[case].order) for _ in range(2)]
    assert made[0] == made[1]


def test_documents_made_at_the_same_time_do_not_mix() -> None:
    findings = [f"{LETTERS} {number} " * 200 for number in range(12)]
    alone = [pdf_of(one) for one in findings]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pdf_of, findings)) == alone


def test_nor_where_another_thread_takes_its_turn_in_the_middle_of_a_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """reportlab reads a font at one position for all threads: without a lock this fails, or draws other letters."""
    findings = [f"{LETTERS} {number}" for number in range(4)]
    alone = [pdf_of(one) for one in findings]
    seek = TTFontFile.seek

    def interrupted(self: TTFontFile, position: int) -> None:
        seek(self, position)
        time.sleep(0.001)

    monkeypatch.setattr(TTFontFile, "seek", interrupted)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(pdf_of, findings)) == alone


def test_a_very_long_report_loses_no_line_over_its_pages() -> None:
    lines = [f"satır-{number} " + "uzun cümle " * (number % 25) for number in range(600)] + ["W" * 2000]
    found = text_of(pdf_of("\n".join(lines)))
    pages = int(re.findall(r"Sayfa \d+ / (\d+)", found)[0])
    assert pages > 10
    assert [int(one) for one in re.findall(r"Sayfa (\d+) /", found)] == list(range(1, pages + 1))
    assert [int(one) for one in re.findall(r"satır-(\d+)", found)] == list(range(600))
    assert found.count("W") >= 2000
    assert found.count("Şule ÖRNEKOĞLU · Erişim no") == pages


@pytest.mark.parametrize("form", ["TXT", "HTML"])
def test_what_would_be_markup_to_the_printer_is_printed_as_it_stands(form: str) -> None:
    hostile = "a < b & c > d &lt;b&gt;kalın <para \x00\x1b[31m"
    if form == "TXT":
        hostile = 'a < b & c > d <b>kalın</b> <img src="file:///etc/passwd"/> \x00\x1b[31m &amp; <para'
    found = words(pdf_of(hostile, format=form))
    assert ("a < b & c > d <b>kalın" in found) and ("Sonuç ve Öneriler" in found)
    assert ('<img src="file:///etc/passwd"/>' in found) == (form == "TXT")


def test_a_critical_finding_stands_before_everything_else() -> None:
    printed = words(pdf_of("Olağan", critical="Akut kanama, orta hat kayması"))
    assert "KRİTİK BULGU: Akut kanama, orta hat kayması" in printed
    assert printed.index("KRİTİK BULGU") < printed.index("Bulgular")
    assert "KRİTİK BULGU" not in words(pdf_of("Olağan"))
