# ruff: noqa: F811 -- fixtures are named as what they give
"""Two citizens at a real node: signed in by a real provider, own exams only, images as a zip, a request answered."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
import pytest
import requests
from pydicom.data import get_testdata_file
from pydicom.fileset import FileSet
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.events import OrderPlaced, ReportReceived
from gecit.core.order import Control, ExamKey, Order, Patient, Procedure
from gecit.core.order import Person as Signer
from gecit.core.report import Report, ReportPart, ReportStatus
from gecit.edges.passwords import hash_password
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from tests.support.dicom import store
from tests.support.node import Node, free_ports, until
from tests.support.oidc import CLIENT, SECRET, provider

from .test_accounts import press
from .test_pages import WIDTHS, browser, shot  # noqa: F401 -- a fixture
from .test_tracking import violations

pytestmark = pytest.mark.browser
AYSE, VELI = "10000000146", "10000000078"  # as tests/oidc/provider.mjs has them
HERE, THERE = "910001", "910002"
PASSWORD = "uzun bir parola 7"
NOW = datetime.now(UTC) - timedelta(days=2)
FINDINGS = "Beyin parankiminde kanama izlenmedi; ventriküller olağan genişliktedir. ĞÜŞİÖÇ ğüşıöç."
WRONG = "Eski metin: sol frontal odak izlendi, düzeltme ile geçersizdir. Tekrar değerlendirildi."


def order(accession: str, tckn: str, name: str, skrs: str = HERE) -> OrderPlaced:
    key = ExamKey(institution=skrs, accession=accession)
    made = Order(
        key=key,
        control=Control.NEW,
        patient=Patient(tckn=tckn, file_number=accession, family="DENEME", given="KİŞİ"),
        procedures=(Procedure(sut="R100250", sut_name=name),),
        ordered_at=NOW,
        modality="CT",
    )
    return OrderPlaced(at=NOW, exam=key, order=made, message=1)


def reported(accession: str, status: ReportStatus, findings: str, number: int) -> ReportReceived:
    key, at = ExamKey(institution=HERE, accession=accession), NOW + timedelta(hours=number)
    made = Report(
        key=key,
        patient=Patient(tckn=AYSE),
        status=status,
        parts={ReportPart.FINDINGS: findings, ReportPart.CONCLUSION: "Olağan sınırlarda."},
        radiologists=(Signer(identifier="10562272296", family="ÖRNEKÇİ", given="AYŞE NUR"),),
        approved_at=at,
        modality="CT",
    )
    return ReportReceived(at=at, exam=key, report=made, message=number)


def fill(ledger: SqlLedger) -> None:
    for skrs, name, aet in ((HERE, "Örnek Şehir Hastanesi", "CT1"), (THERE, "Komşu Hastanesi", "CT2")):
        one = Institution(skrs=skrs, name=name, ownership="public", province="Ankara", aets=(aet,))
        ledger.write(lambda tx, one=one: tx.record_institution(one, NOW))  # type: ignore[misc]
    for account in (
        Account(name="ayse-v", full_name="Ayşe Yılmaz", roles=(Role.CITIZEN,), tckn=AYSE),
        Account(name="veli-v", full_name="Veli Çağlar", roles=(Role.CITIZEN,), tckn=VELI),
        Account(name="mudur", full_name="Selin Aksoy", roles=(Role.MANAGER,), institution=HERE),
    ):
        ledger.save_account(account, NOW)
    ledger.set_password("mudur", hash_password(PASSWORD), NOW)
    events = [
        order("A1", AYSE, "Beyin BT"),
        order("A2", AYSE, "Toraks BT"),
        order("B1", VELI, "Batın BT"),
        reported("A1", ReportStatus.FINAL, WRONG, 1),
        reported("A1", ReportStatus.CORRECTED, FINDINGS, 2),
        reported("A2", ReportStatus.PRELIMINARY, "Ön rapor, kesin değil; hastaya gösterilmez. Bekleniyor.", 3),
    ]
    ledger.write(lambda tx: [tx.append(one) for one in events])


def send(node: Node, accession: str, tckn: str, count: int) -> None:
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 192", "DENEME^KİŞİ"
    dataset.PatientID, dataset.AccessionNumber = tckn, accession
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"1.2.276.7.{ord(accession[0])}", "1.2.276.7.1"
    dataset.SeriesInstanceUID = f"{dataset.StudyInstanceUID}.1"
    for number in range(1, count + 1):
        uid = f"{dataset.SeriesInstanceUID}.{number}"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
        dataset.InstanceNumber = number
        assert store(node.dicom, dataset, "CT1") == 0


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    (port,) = free_ports(1)
    secret = tmp_path_factory.mktemp("secret") / "client"
    secret.write_text(SECRET)
    settings = {"ISSUER": f"http://127.0.0.1:{port}", "CLIENT_ID": CLIENT, "CLIENT_SECRET_FILE": str(secret)}
    environ = {f"ORTHANC__GECIT__E_DEVLET__{name}": value for name, value in settings.items()}
    environ["ORTHANC__GECIT__E_DEVLET__SCOPE"] = "openid profile kimlik"
    environ["ORTHANC__GECIT__SETTLE_SECONDS"] = "0.2"
    found = Node(tmp_path_factory.mktemp("citizen"), environ=environ)
    found.add_administrator()
    ledger = open_ledger(found.database)
    fill(ledger)
    with provider(port, f"{found.url}/gecit/sign-in/by/e-devlet/back"):
        try:
            found.start().wait_live()
            until(lambda: len(found.get("/modalities").json()) == 2, 30, "Orthanc knows the AE titles")
            send(found, "A1", AYSE, 6)
            send(found, "B1", VELI, 2)
            for tckn, count in ((AYSE, 6), (VELI, 2)):
                until(
                    lambda tckn=tckn, count=count: sum(one.images for one in ledger.exams_of(tckn, 9)) == count,  # type: ignore[misc]
                    60,
                    "the images have come",
                )
            yield found
        finally:
            found.end()
            ledger.close()
            sys.stdout.write(f"--- log of the node\n{found.log_text()}")


def leave(browser: webdriver.Chrome, node: Node) -> None:
    browser.get(f"{node.url}/gecit/front")
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})


def by_provider(browser: webdriver.Chrome, node: Node, who: str) -> None:
    """Sign in at the provider, from the first page on; nobody types a TCKN anywhere."""
    leave(browser, node)
    browser.get(f"{node.url}/gecit/sign-in")
    press(browser, "a[href*='/gecit/sign-in/by/e-devlet']")
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.NAME, "login"))
    browser.find_element(By.NAME, "login").send_keys(who)
    browser.find_element(By.NAME, "password").send_keys("x")
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, 20).until(lambda page: not page.find_elements(By.NAME, "login"))
    if "/gecit/" not in browser.current_url:  # it asks once whether we may know
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, 20).until(lambda page: urlsplit(page.current_url).path == "/gecit/own")


def by_password(browser: webdriver.Chrome, node: Node, path: str) -> None:
    leave(browser, node)
    browser.get(f"{node.url}{path}")
    browser.find_element(By.ID, "name").send_keys("mudur")
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "main form button")
    WebDriverWait(browser, 20).until(lambda page: urlsplit(page.current_url).path == path)


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take pictures, light and dark; the page fits its width and passes axe in both."""
    for theme in ("light", "dark"):
        browser.execute_script("document.documentElement.setAttribute('data-bs-theme', arguments[0])", theme)
        shot(browser, f"citizen-{name}-{theme}")
        inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
        assert inner in {width for width, _ in WIDTHS.values()} and scroll <= inner, "nothing is scrolled sideways"
        assert violations(browser) == [], theme
    browser.execute_script("document.documentElement.removeAttribute('data-bs-theme')")


def text(browser: webdriver.Chrome) -> str:
    return str(browser.find_element(By.TAG_NAME, "main").text)


def session(browser: webdriver.Chrome) -> requests.Session:
    """A client with the browser's cookies."""
    made = requests.Session()
    for one in browser.get_cookies():
        made.cookies.set(one["name"], one["value"])
    return made


def test_a_citizen_reads_the_final_report_of_the_own_exam(browser: webdriver.Chrome, node: Node) -> None:
    by_provider(browser, node, "ayse")
    looked_at(browser, "exams")
    shown = text(browser)
    assert "Beyin BT" in shown and "Toraks BT" in shown and "Batın BT" not in shown
    assert AYSE not in browser.page_source
    browser.find_element(By.LINK_TEXT, "Beyin BT").click()
    looked_at(browser, "exam")
    assert "6 görüntü" in text(browser)
    browser.find_element(By.LINK_TEXT, "Raporu oku").click()
    looked_at(browser, "report")
    assert FINDINGS in text(browser) and WRONG not in text(browser) and "yerine geçti" in text(browser)
    with session(browser) as client:
        pdf = client.get(f"{node.url}/gecit/own/pdf/{HERE}/A1", timeout=20)
    assert pdf.content.startswith(b"%PDF")
    browser.get(f"{node.url}/gecit/own/exam/{HERE}/A2")
    assert "Kesin rapor henüz yok" in text(browser)
    browser.get(f"{node.url}/gecit/own?lang=en")
    looked_at(browser, "exams-en")
    assert "No final report yet" in text(browser)
    browser.get(f"{node.url}/gecit/own?lang=tr")


def test_neither_of_two_citizens_sees_the_others(browser: webdriver.Chrome, node: Node) -> None:
    by_provider(browser, node, "veli")
    assert "Batın BT" in text(browser) and "Beyin BT" not in text(browser)
    for path in ("exam", "report", "pdf"):
        browser.get(f"{node.url}/gecit/own/{path}/{HERE}/A1")
        assert "Beyin BT" not in browser.page_source and "Böyle bir kayıt yok" in browser.page_source
    with session(browser) as client:
        assert client.get(f"{node.url}/gecit/own/exam/{HERE}/B1", timeout=20).status_code == 200
        assert client.get(f"{node.url}/gecit/own/exam/{HERE}/A1", timeout=20).status_code == 404
        assert client.get(f"{node.url}/gecit/viewer/{HERE}/A1", timeout=20).status_code == 404


def test_the_images_arrive_as_a_zip_that_dicom_programs_open(
    browser: webdriver.Chrome, node: Node, tmp_path: Path
) -> None:
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    by_provider(browser, node, "ayse")
    browser.get(f"{node.url}/gecit/own/exam/{HERE}/A1")
    press(browser, f"form[action='/gecit/own/images/{HERE}/A1'] button")
    WebDriverWait(browser, 20).until(lambda page: "/gecit/own/downloads/" in page.current_url)
    looked_at(browser, "download")
    press(browser, "#progress a.btn")
    WebDriverWait(browser, 30).until(lambda page: "Hepsi gönderildi" in text(page))
    looked_at(browser, "download-done")
    until(lambda: list(tmp_path.glob("goruntuler-*.zip")), 30, "the browser has the file")
    (came,) = tmp_path.glob("goruntuler-*.zip")
    check_zip(came, tmp_path / "cd", 6)
    browser.refresh()
    assert "Hepsi gönderildi" in text(browser), "it survives a reload"


def check_zip(came: Path, folder: Path, count: int) -> None:
    with zipfile.ZipFile(came) as made:
        assert made.testzip() is None
        made.extractall(folder)
        assert made.read("RAPOR.pdf").startswith(b"%PDF")
        names = " ".join(made.namelist())
    assert AYSE not in names and "DENEME" not in names.upper() and "A1" not in names
    opened = FileSet(folder / "DICOMDIR")
    assert len(opened) == count and {str(one.PatientName) for one in opened} == {"DENEME^KİŞİ"}
    for one in opened:
        subprocess.run(["dcmdump", "-q", str(one.path)], check=True, capture_output=True)
        assert pydicom.dcmread(one.path).pixel_array.shape == (128, 128)


def test_through_the_forwarder_nothing_is_held_and_anothers_download_is_not_there(
    browser: webdriver.Chrome, node: Node
) -> None:
    by_provider(browser, node, "ayse")
    browser.get(f"{node.url}/gecit/own/exam/{HERE}/A1")
    press(browser, f"form[action='/gecit/own/images/{HERE}/A1'] button")
    WebDriverWait(browser, 20).until(lambda page: "/gecit/own/downloads/" in page.current_url)
    address = f"{browser.current_url}/zip"
    with session(browser) as client:
        sent = client.get(address, allow_redirects=False, timeout=20)
        assert (sent.status_code, urlsplit(sent.headers["Location"]).port) == (303, node.web)
        whole = client.get(address, timeout=30)
        assert zipfile.ZipFile(io.BytesIO(whole.content)).testzip() is None
    by_provider(browser, node, "veli")
    with session(browser) as client:
        for one in (address, sent.headers["Location"], browser.current_url.replace("/own", f"/own/exam/{HERE}/A1")):
            assert client.get(one, timeout=20).status_code == 404


def test_a_missing_exam_is_asked_for_and_answered_and_who_looked_is_told(browser: webdriver.Chrome, node: Node) -> None:
    by_provider(browser, node, "ayse")
    browser.get(f"{node.url}/gecit/own/requests")
    looked_at(browser, "requests-form")
    Select(browser.find_element(By.ID, "institution")).select_by_visible_text("Örnek Şehir Hastanesi")
    browser.find_element(By.ID, "when").send_keys("Mart 2026")
    what = f"Sağ diz MR {browser.execute_script('return window.innerWidth')}"
    browser.find_element(By.ID, "what").send_keys(what)
    press(browser, "main form button")
    WebDriverWait(browser, 20).until(lambda page: "Gönderildi" in text(page) and "/requests/" in page.current_url)
    number = browser.current_url.rsplit("/", 1)[1]
    looked_at(browser, "request")
    by_password(browser, node, "/gecit/patient-desk")
    looked_at(browser, "desk")
    assert what in text(browser)
    browser.get(f"{node.url}/gecit/patient-desk/{number}")
    Select(browser.find_element(By.ID, "exam")).select_by_value("A2")
    browser.find_element(By.ID, "text").send_keys("Toraks BT ile aynı gün çekilmiş; görüntüsü gönderildi.")
    looked_at(browser, "desk-request")
    press(browser, "button[value=find]")
    WebDriverWait(browser, 20).until(lambda page: "Bulundu" in text(page))
    by_provider(browser, node, "ayse")
    browser.get(f"{node.url}/gecit/own/requests/{number}")
    looked_at(browser, "request-found")
    browser.find_element(By.CSS_SELECTOR, ".alert-link").click()
    assert "Toraks BT" in text(browser)
    browser.get(f"{node.url}/gecit/own/looks")
    looked_at(browser, "looks")
    assert "S*** A***" in text(browser) and "Talebinize baktı" in text(browser) and "Siz" in text(browser)
    assert "Selin" not in text(browser)
