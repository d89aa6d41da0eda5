"""One exam through everything, on both engines: eight people and a visitor, each in a browser of the own.

The hospital's HBYS orders by MLLP, its PACS sends by C-STORE; the exam is read, told, consulted on, signed, received
by the HBYS, seen and shared by the citizen, revoked, reviewed by an assessor, and found whole in the audit.
"""

from __future__ import annotations

import zipfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import hl7
import pydicom
import pytest
from pydicom.fileset import FileSet
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from gecit.core.consultation import State as Consulted
from gecit.core.critical import State as Marked
from gecit.core.feedback import Closing
from gecit.core.report import Document, ReportStatus
from gecit.core.values import ISTANBUL
from gecit.sandbox.day import INSTITUTION
from tests.support.node import until
from tests.support.postgres import cluster
from tests.support.story import (
    ASKED,
    ASSESSOR,
    AWAY,
    CITIZEN,
    DOCTOR,
    FAR,
    MANAGER,
    PASSWORD,
    PEOPLE,
    READER,
    TCKN,
    UNIT,
    VISITOR,
    Browser,
    Stage,
    arrived_at,
    code_in,
    next_week,
    press,
    put,
    said,
    says,
    shown,
    stage,
    wait,
    write,
)

from .test_pages import shot
from .test_viewer import wait_for_picture

pytestmark = pytest.mark.browser
FINDINGS = (
    "Sağ frontal lobda 14 mm çapında hiperdens odak izlendi. Ventriküler sistem olağan genişliktedir; "
    "orta hat yapılarında yer değiştirme yoktur."
)
EARLY = "Ön değerlendirme: akut kanama olası; kesin rapor konsültasyondan sonra."
CONCLUSION = "Sağ frontal odak kavernom ile uyumludur."
CRITICAL = "Sağ frontalde akut kanama kuşkusu"
QUESTION = "Sağ frontaldeki odak kavernom mu, akut kanama mı?"
OPINION = "Kavernom lehinedir; kontrol MR önerilir."
NOTE = "Sağ frontal odağın boyutu sonuçta da yazılmalıydı."


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """The stage on each engine."""
    if request.param == "sqlite":
        with stage(tmp_path / "story") as found:
            yield found
    else:
        with cluster() as postgres, stage(tmp_path / "story", postgres.new_database()) as found:
            yield found


def test_an_exam_goes_through_every_hand_and_back(place: Stage, tmp_path: Path) -> None:
    take_and_mark(place)
    tell_what_is_critical(place)
    sign_a_preliminary_report(place)
    ask_somebody_elsewhere(place)
    sign_the_final_report(place)
    the_hospital_has_it(place)
    the_citizen_reads_and_downloads(place, tmp_path)
    shared_with_a_clinician(place)
    secrets = shared_by_link(place)
    who_looked(place)
    revoked(place)
    reviewed_blind(place)
    all_is_whole(place, secrets)


# The radiologist


def take_and_mark(place: Stage) -> None:
    """The exam is taken; beside the editor are its images, of which one is marked."""
    reader = place.folk.at(READER, "/gecit/reading")
    press(reader, f"button[aria-label*='{place.key.accession}']")
    says(reader, "Denetim")
    reader.get(f"{place.hospital.node.url}/gecit/reading/exam/{place.named}?images=beside")
    reader.switch_to.frame(shown(reader, "iframe.room-images"))
    wait_for_picture(reader)
    reader.switch_to.default_content()
    press(reader, "#mark-shown button")
    wait(reader, lambda one: len(one.find_elements(By.CSS_SELECTOR, "#key-images figcaption")) == 1, "it is marked")
    shot(reader, "story-editor")


def tell_what_is_critical(place: Stage) -> None:
    """Marked by one, seen and read by another while both are at work, and the first sees by whom."""
    doctor = place.folk.at(DOCTOR, "/gecit/critical")
    says(doctor, "Okunmayı bekleyen kritik bulgu yok.")
    reader = place.folk.browser(READER)
    write(reader, critical=CRITICAL)
    press(reader, "button[formaction*='/critical/mark/']")
    says(reader, "okunmadı")
    badge = "a[href='/gecit/critical'] .badge"
    wait(doctor, lambda one: one.refresh() or CRITICAL in said(one), "it is listed at the hospital")
    assert doctor.find_element(By.CSS_SELECTOR, badge).get_attribute("textContent").split()[0] == "1"
    press(doctor, f"button[aria-label*='{place.key.accession}']")
    says(doctor, "Okunmayı bekleyen kritik bulgu yok.")
    assert not doctor.find_elements(By.CSS_SELECTOR, badge)
    standing = place.exam().critical
    assert standing
    assert (standing.state, [one.by for one in standing.receipts]) == (Marked.READ, [DOCTOR])
    reader.get(f"{place.hospital.node.url}/gecit/reading/exam/{place.named}?images=window")
    says(reader, DOCTOR)
    until(lambda: place.post.got, 30, "those on duty have the mail")
    assert not any(one in place.post.got[0] for one in (CRITICAL, place.key.accession, TCKN, place.patient.family))


def draft(reader: Browser, conclusion: str) -> None:
    """Write the report and wait until the page has saved it."""
    write(reader, part_3=FINDINGS, part_4=conclusion)
    for name, rating in (("request-rating", "4"), ("image-rating", "5")):
        Select(reader.find_element(By.ID, name)).select_by_value(rating)
    says(reader, "Taslak kaydedildi")


def sign(reader: Browser, act: str) -> None:
    """Sign with the password."""
    write(reader, password=PASSWORD)
    press(reader, f"button[name=act][value='{act}']")


def sign_a_preliminary_report(place: Stage) -> None:
    """It goes to the HBYS, and the citizen does not see it."""
    reader = place.folk.browser(READER)
    draft(reader, EARLY)
    sign(reader, "sign preliminary")
    until(lambda: (one := place.exam().report) and one.report.status is ReportStatus.PRELIMINARY, 20, "it is signed")
    citizen = place.folk.by_provider(CITIZEN, "ayse")
    citizen.get(f"{place.hospital.node.url}/gecit/own/exam/{place.named}")
    says(citizen, "Kesin rapor henüz yok")
    for path in ("report", "pdf"):
        assert place.folk.ask(CITIZEN, f"/gecit/own/{path}/{place.named}").status_code == 404, path
    assert EARLY not in citizen.page_source
    assert place.images(CITIZEN) == 200
    until(lambda: len(place.told()) == 1, 20, "the HBYS has the preliminary report")


# The consultation


def ask_somebody_elsewhere(place: Stage) -> None:
    """Asked, opened, answered with a measurement, closed into the report; before and after it is shut."""
    asked = place.folk.at(ASKED, "/gecit/consultations")
    assert place.images(ASKED) == 403
    reader = place.folk.at(READER, f"/gecit/reading/exam/{place.named}?images=window")
    press(reader, "button[name=act][value=take]")
    says(reader, "Denetim")
    draft(reader, CONCLUSION)
    press(reader, "a[href*='/consultations/new/']")
    write(reader, to_person=ASKED, question=QUESTION, images="1/1")
    press(reader, "main form button.btn-primary")
    says(reader, "Soruyu geri çek")

    until(lambda: asked.refresh() or "yanıt sırası sizde" in said(asked), 20, "it waits for an answer")
    press(asked, "a[aria-label*='konsültasyonunu aç']")
    says(asked, QUESTION)
    until(lambda: place.images(ASKED) == 200, 10, "the study is open")
    assert not any(one in said(asked) for one in (place.patient.family, place.patient.given, TCKN))
    press(asked, "form[action$=accept] button")
    write(asked, text=OPINION)
    for column, typed in (("name", "En geniş çap"), ("value", "12,5"), ("image", "1/1")):
        asked.find_elements(By.NAME, f"measured-{column}")[0].send_keys(typed)
    write(asked, password=PASSWORD)
    press(asked, "form[action$=answer] button")
    says(asked, "imzalı")

    (one,) = place.exam().consultations
    reader.get(f"{place.hospital.node.url}/gecit/consultations")
    press(reader, f"a[aria-label*='{one.id}']")
    press(reader, "button[value=report]")
    says(reader, "Denetim")
    assert OPINION in str(shown(reader, "#part-4").get_attribute("value"))
    (one,) = place.exam().consultations
    assert one.state is Consulted.CLOSED
    until(lambda: place.images(ASKED) == 403, 10, "the study is shut")


def sign_the_final_report(place: Stage) -> None:
    reader = place.folk.browser(READER)
    sign(reader, "sign")
    says(reader, "Ek rapor yaz")
    report = place.exam().report
    assert report
    assert report.report.status is ReportStatus.FINAL
    assert len(report.report.key_images) == 1
    shot(reader, "story-signed")


# The hospital


def the_hospital_has_it(place: Stage) -> None:
    """The HBYS has both versions, and the study the documents of both."""
    until(lambda: len(place.told()) == 2, 20, "the HBYS has the final report")
    message = place.told()[1]
    assert str(message["MSH"][0][9]) == "ORU^R01"
    texts, flags = observed(message)
    assert any(OPINION in one for one in texts), texts
    assert any("12,5 mm" in one for one in texts)
    assert "AA" in flags
    until(lambda: len(place.exam().attached) == 2 * len(Document), 30, "PDF, SR and KO of both versions")
    until(lambda: all(one.code == "AA" for one in place.exam().hospital), 20, "both were acknowledged")
    held = place.hospital.node.get(f"/studies/{place.exam().studies[0].facts.key.orthanc_id}/series").json()
    assert {"CT", "SR", "DOC", "KO"} <= {one["MainDicomTags"]["Modality"] for one in held}


def observed(message: hl7.Message) -> tuple[list[str], set[str]]:
    """Return the parts in OBX-5, which the Ministry's profile wants in base64, and the flags of OBX-8."""
    segments = message.segments("OBX")
    parts = [part.partition("^")[0] for one in segments for part in str(one[5]).split("~")]
    return [b64decode(one).decode() for one in parts], {str(one[8]) for one in segments if len(one) > 8}


# The citizen


def the_citizen_reads_and_downloads(place: Stage, folder: Path) -> None:
    citizen, url = place.folk.browser(CITIZEN), place.hospital.node.url
    citizen.get(f"{url}/gecit/own/report/{place.named}")
    says(citizen, OPINION)
    assert CONCLUSION in said(citizen)
    assert EARLY not in citizen.page_source
    assert TCKN not in citizen.page_source
    shot(citizen, "story-report")
    citizen.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    citizen.get(f"{url}/gecit/own/exam/{place.named}")
    press(citizen, f"form[action='/gecit/own/images/{place.named}'] button")
    wait(citizen, lambda one: "/gecit/own/downloads/" in one.current_url, "the download is prepared")
    press(citizen, "#progress a.btn")
    says(citizen, "Hepsi gönderildi")
    until(lambda: list(folder.glob("goruntuler-*.zip")), 30, "the browser has the file")
    (came,) = folder.glob("goruntuler-*.zip")
    with zipfile.ZipFile(came) as made:
        assert made.testzip() is None
        assert made.read("RAPOR.pdf").startswith(b"%PDF")
        names = " ".join(made.namelist())
        made.extractall(folder / "cd")
    assert not any(one in names for one in (TCKN, place.patient.family, place.key.accession))
    pictures = [one for one in FileSet(folder / "cd" / "DICOMDIR") if one.Modality == "CT"]
    assert len(pictures) == place.exam().images
    assert {pydicom.dcmread(one.path, stop_before_pixels=True).PatientID for one in pictures} == {TCKN}


def choose(citizen: Browser, place: Stage, form: str) -> None:
    press(citizen, f"#{form} input[value='{place.key.institution} {place.key.accession}']")


def shared_with_a_clinician(place: Stage) -> None:
    """By consent, for who has this TCKN; he sees images and report, and neither before."""
    far = place.folk.at(FAR, "/gecit/shared")
    says(far, "Sizinle paylaşılmış tetkik yok")
    assert place.images(FAR) == 403
    citizen = place.folk.at(CITIZEN, "/gecit/sharing")
    write(citizen, tckn=next(one.tckn for one in PEOPLE if one.name == FAR))
    put(citizen, consent_until=next_week())
    choose(citizen, place, "consent")
    press(citizen, "#consent button")
    says(citizen, "Paylaşıldı.")
    link = "a[href*='/shared/report/']"
    until(lambda: far.refresh() or far.find_elements(By.CSS_SELECTOR, link), 10, "the clinician sees it")
    until(lambda: place.images(FAR) == 200, 10, "images are open")
    press(far, link)
    says(far, OPINION)
    assert EARLY not in far.page_source


def shared_by_link(place: Stage) -> tuple[str, ...]:
    """By link and code, in a browser with nothing in it; returns what no log may hold."""
    citizen = place.folk.at(CITIZEN, "/gecit/sharing")
    write(citizen, address="yakin@ornek.example")
    put(citizen, link_until=next_week())
    choose(citizen, place, "link")
    press(citizen, "#link button")
    says(citizen, "Bağlantı hazır")
    link = shown(citizen, "#made").text
    visitor, before = place.folk.browser(VISITOR), len(place.post.got)
    visitor.get(link)
    assert "#" not in visitor.current_url
    press(visitor, "#send")
    says(visitor, "Kod gönderildi")
    assert place.patient.family not in visitor.page_source
    until(lambda: any(map(code_in, place.post.got[before:])), 20, "the code has come")
    (code,) = filter(None, map(code_in, place.post.got[before:]))
    write(visitor, code=code)
    press(visitor, "#open")
    arrived_at(visitor, "/gecit/shared")
    assert place.images(VISITOR) == 200
    press(visitor, "a[href*='/shared/report/']")
    says(visitor, OPINION)
    assert EARLY not in visitor.page_source
    shot(visitor, "story-visitor")
    return link.partition("#")[2], code, code.replace(" ", "")


def who_looked(place: Stage) -> None:
    """The citizen is told of both, of who was asked, and of the radiologist; of nobody by full name."""
    citizen = place.folk.at(CITIZEN, "/gecit/own/looks")
    shot(citizen, "story-looks")
    rows = [one.text for one in citizen.find_elements(By.CSS_SELECTOR, "main tbody tr")]
    wanted = {
        "the clinician read the report": ("Z*** U***", AWAY.name, "Raporu okudu"),
        "the clinician saw the images": ("Z*** U***", AWAY.name, "Görüntülere baktı"),
        "the visitor read the report": ("Paylaşım bağlantınızla gelen kişi", "Raporu okudu"),
        "the visitor saw the images": ("Paylaşım bağlantınızla gelen kişi", "Görüntülere baktı"),
        "who was asked saw the images": ("U*** K***", AWAY.name, "Görüntülere baktı"),
        "who was asked read the question": ("U*** K***", AWAY.name, "Konsültasyon"),
        "the radiologist signed": ("A*** Ö***", INSTITUTION.name, "Raporu imzaladı"),
    }
    missing = [what for what, parts in wanted.items() if not any(all(one in row for one in parts) for row in rows)]
    assert missing == [], rows
    assert not any(one.full_name in said(citizen) for one in PEOPLE)


def revoked(place: Stage) -> None:
    """Taken back from both: neither gets images or report any more."""
    citizen = place.folk.at(CITIZEN, "/gecit/sharing")
    stands = "form[action$='/end'] button"
    for left in (1, 0):
        press(citizen, stands)
        wait(citizen, lambda one, left=left: len(one.find_elements(By.CSS_SELECTOR, stands)) == left, "it is ended")  # type: ignore[misc]
    for who in (FAR, VISITOR):
        until(lambda who=who: place.images(who) in (401, 403), 10, f"images are shut to {who}")  # type: ignore[misc]
        answer = place.folk.ask(who, f"/gecit/shared/report/{place.named}")
        assert OPINION not in answer.text
        assert answer.status_code in (302, 303, 401, 403, 404)
    far, visitor = place.folk.browser(FAR), place.folk.browser(VISITOR)
    far.refresh()
    says(far, "Böyle bir kayıt yok")
    visitor.get(f"{place.hospital.node.url}/gecit/shared")
    says(visitor, "Paylaşım sona erdi")
    shot(visitor, "story-over")


# The assessor


def reviewed_blind(place: Stage) -> None:
    """Drawn, reviewed without knowing whose it is, told to the radiologist, talked about, closed by the hospital."""
    unit = place.folk.at(UNIT, "/gecit/samples")
    today = f"{datetime.now(ISTANBUL):%Y-%m-%d}"
    put(unit, since=today, until=today)
    for stratum in ("critical", "low-rating", "failing-rule", "random"):
        write(unit, **{f"size_{stratum}": str(int(stratum == "random"))})
    press(unit, f"input[name=reviewer][value={ASSESSOR}]")
    press(unit, "main form[action$=samples] button")
    wait(unit, lambda one: "/samples/" in one.current_url, "a sample is drawn")
    number = urlsplit(unit.current_url).path.rpartition("/")[2]

    assessor = place.folk.at(ASSESSOR, "/gecit/reviews")
    press(assessor, f"a[href$='{number}/1']")
    says(assessor, "Değerlendirmeniz")
    assert CONCLUSION in said(assessor)
    author = ("Örnekçi", "ÖRNEKÇİ", "Kurgusal", INSTITUTION.name, AWAY.name, place.key.accession, TCKN)
    named = (*author, place.patient.family, place.patient.given)
    shot(assessor, "story-review")
    assert [one for one in named if one in assessor.page_source] == []
    press(assessor, "#score-2")
    Select(shown(assessor, "#significance")).select_by_value("likely")
    write(assessor, note=NOTE)
    press(assessor, "form:has(#score-1) button")
    says(assessor, "İnceleme kaydedildi.")
    press(assessor, "form[action$=feedback] button")
    says(assessor, "Geri bildirim gönderildi.")
    thread = urlsplit(assessor.current_url).path
    assert [one for one in named if one in assessor.page_source] == []

    reader = place.folk.at(READER, "/gecit/feedback")
    press(reader, f"a[href$='{thread}']")
    says(reader, NOTE)
    assert "Değerlendiren" not in reader.page_source
    write(reader, text="Katılıyorum.")
    press(reader, "#send")
    says(reader, "Katılıyorum.")
    manager = place.folk.at(MANAGER, thread)
    Select(shown(manager, "#outcome")).select_by_value("education")
    write(manager, last_word="Olgu toplantısında konuşulacak.")
    press(manager, "#close")

    def closed() -> bool:  # the word stands on the page before, too: it is among those to choose from
        stands = place.hospital.ledger.read_reviews(lambda tx: tx.feedback(thread.rpartition("/")[2]))
        return stands is not None and (stands.outcome, stands.closed_by) == (Closing.EDUCATION, MANAGER)

    until(closed, 20, "the hospital has closed it")
    says(manager, "eğitim konusu")


# And afterwards


def all_is_whole(place: Stage, secrets: tuple[str, ...]) -> None:
    """The audit has no gap, the state is what the events say, and no log names anybody or holds a secret."""
    verified = place.hospital.gecit("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rebuilt = place.hospital.gecit("ledger", "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert "identical state" in rebuilt.stdout
    logs = {one: one.read_text(errors="replace") for one in place.hospital.folder.rglob("*.log") if one.is_file()}
    assert place.hospital.node.log in logs
    wrong = [line for text in logs.values() for line in text.splitlines() if " E gecit." in line]
    assert wrong == []
    people = [one for account in PEOPLE for one in (account.tckn, *account.full_name.split()) if one]
    never = (*people, place.patient.family, place.patient.given, TCKN, PASSWORD, CRITICAL, OPINION, *secrets)
    found = [(name.name, one) for name, text in logs.items() for one in (*never, *place.folk.cookies) if one in text]
    assert found == []
