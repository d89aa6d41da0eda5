# ruff: noqa: F811 -- fixtures are named as what they give
"""Sharing in real browsers on a real Orthanc: a patient, a clinician, a visitor by link and code, at the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests
from aiosmtpd.controller import Controller
from argon2 import PasswordHasher
from msgspec.structs import replace
from pydicom import dcmread
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.events import ReportReceived
from gecit.core.report import ReportStatus
from gecit.edges.store import SqlLedger, open_ledger
from tests.support.chromium import chromium
from tests.support.flow import FINDINGS, report
from tests.support.node import HOME, Node, until
from tests.support.postgres import free_port
from tests.support.viewer import HERE, PATIENT, THERE, make_studies, order_of, people, study_uid, upload

from .test_pages import WIDTHS, browser, shot  # noqa: F401 -- a fixture
from .test_tracking import violations
from .test_viewer import wait_for_picture

pytestmark = pytest.mark.browser
PASSWORD = "uzun bir parola 7"
DOCTOR = "10000090178"
PEOPLE = (
    Account(name="hasta", full_name="İsmail Işıl ŞIĞÖÇÜ", roles=(Role.CITIZEN,), tckn=PATIENT.tckn),
    Account(name="mudur", full_name="Uzak Müdür", roles=(Role.MANAGER,), institution=THERE.skrs),
    Account(name="yonetici", full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
    Account(name="doktor", full_name="Uzak Hekimci", roles=(Role.CLINICIAN,), institution=THERE.skrs, tckn=DOCTOR),
)


class Box:
    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.got.append(message.get_content())  # type: ignore[attr-defined]
        return "250 taken"


class Place(NamedTuple):
    node: Node
    box: Box
    uids: dict[str, str]
    series: dict[str, str]  # one of each study


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A node with two exams of a patient, a clinician of another hospital, and a mail server."""
    box, port = Box(), free_port()
    mail = Controller(box, hostname="127.0.0.1", port=port)
    mail.start()
    alerts = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "None",
        "EMAIL_FROM": "gecit@ornek.example",
    }
    environ = {f"ORTHANC__GECIT__ALERTS__{name}": value for name, value in alerts.items()}
    site = tmp_path_factory.mktemp("site")
    (site / "access").mkdir()
    shipped = (HOME / "rules/access/care.toml").read_text(encoding="utf-8")
    own = shipped.replace("stated_reason_hours = 0", "stated_reason_hours = 4")
    (site / "access/care.toml").write_text(own, encoding="utf-8")
    environ |= {"ORTHANC__GECIT__SITE_RULES": str(site), "ORTHANC__GECIT__RETENTION__YEARS": "20"}
    environ |= {"ORTHANC__GECIT__SHARING__EMAIL": "true", "ORTHANC__GECIT__SETTLE_SECONDS": "0.2"}
    node = Node(tmp_path_factory.mktemp("sharing"), environ=environ)
    people(node)
    fill(open_ledger(node.database))
    try:
        node.start().wait_live()
        made = make_studies(tmp_path_factory.mktemp("studies"))
        chosen = {one: made[one] for one in ("CT", "MR")}
        upload(node, chosen)
        ledger = open_ledger(node.database)
        keys = [order_of(kind, HERE).key for kind in chosen]
        until(lambda: all((one := ledger.exam_of(key)) and one.studies for key in keys), 60, "the exams have images")
        ledger.close()
        series = {kind: str(dcmread(files[0]).SeriesInstanceUID) for kind, files in chosen.items()}
        yield Place(node, box, {kind: study_uid(files) for kind, files in chosen.items()}, series)
    finally:
        node.end()
        mail.stop()


def fill(ledger: SqlLedger) -> None:
    now = datetime.now(UTC)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for one in PEOPLE:
        ledger.save_account(one, now)
        ledger.set_password(one.name, cheap.hash(PASSWORD), now)
    for kind in ("CT", "MR"):
        key = order_of(kind, HERE).key
        sent = replace(report(key.accession, ReportStatus.FINAL), key=key, patient=PATIENT)
        event = ReportReceived(at=now, exam=key, report=sent, message=2)
        ledger.write(lambda tx, event=event: tx.append(event))  # type: ignore[misc]
    ledger.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A second browser, with nothing in it."""
    with chromium(tmp_path / "other", width=390, height=844) as found:
        yield found


def sign_in(driver: webdriver.Chrome, place: Place, who: str, then: str) -> None:
    driver.get(f"{place.node.url}/gecit/front")
    driver.delete_all_cookies()
    driver.get(f"{place.node.url}/gecit/sign-in?next={then}")
    driver.find_element(By.ID, "name").send_keys(who)
    driver.find_element(By.ID, "password").send_keys(PASSWORD)
    press(driver, "main button[type=submit]")
    WebDriverWait(driver, 20).until(lambda one: urlsplit(one.current_url).path == then)


def press(driver: webdriver.Chrome, selector: str) -> None:
    found = driver.find_element(By.CSS_SELECTOR, selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", found)


def put(driver: webdriver.Chrome, **values: str) -> None:
    for name, value in values.items():
        driver.execute_script(
            "arguments[0].value = arguments[1]", driver.find_element(By.ID, name.replace("_", "-")), value
        )


def said(driver: webdriver.Chrome, text: str) -> None:
    try:
        WebDriverWait(driver, 20, ignored_exceptions=[Exception]).until(
            lambda one: text in one.find_element(By.TAG_NAME, "body").text
        )
    except TimeoutException:
        shown = driver.find_element(By.TAG_NAME, "body").text
        raise AssertionError(f"{text!r} is not said at {urlsplit(driver.current_url).path}: {shown}") from None


def looked_at(driver: webdriver.Chrome, name: str) -> None:
    shot(driver, f"sharing-{name}")
    inner, scroll = driver.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert scroll <= inner, "nothing is scrolled sideways"
    assert violations(driver) == []


def exam_box(driver: webdriver.Chrome, form: str, kind: str) -> None:
    press(driver, f"#{form} input[value='{HERE.skrs} G-{kind}']")


def next_week() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


def images(driver: webdriver.Chrome, place: Place, kind: str) -> int:
    """Ask Orthanc's own DICOMweb for a series' metadata with the browser's cookies; return the status."""
    cookies = {one["name"]: one["value"] for one in driver.get_cookies()}
    path = f"/dicom-web/studies/{place.uids[kind]}/series/{place.series[kind]}/metadata"
    return requests.get(place.node.url + path, cookies=cookies, timeout=20).status_code


def test_a_citizen_shares_a_clinician_sees_and_it_is_revoked(
    browser: webdriver.Chrome, other: webdriver.Chrome, place: Place
) -> None:
    sign_in(other, place, "doktor", "/gecit/shared")
    said(other, "Sizinle paylaşılmış tetkik yok")
    assert images(other, place, "CT") == 403
    sign_in(browser, place, "hasta", "/gecit/sharing")
    looked_at(browser, "empty")
    put(browser, tckn=DOCTOR, consent_until=next_week())
    exam_box(browser, "consent", "CT")
    press(browser, "#consent button")
    said(browser, "Paylaşıldı.")
    looked_at(browser, "shared")

    def listed() -> bool:
        other.refresh()
        return "Deneme CT" in other.find_element(By.TAG_NAME, "main").text

    until(listed, 20, "the clinician sees it")
    assert "Deneme MR" not in other.find_element(By.TAG_NAME, "main").text
    looked_at(other, "with-me")
    until(lambda: images(other, place, "CT") == 200, 20, "images are open")
    assert images(other, place, "MR") == 403
    press(other, "a[href*='/shared/report/']")
    said(other, FINDINGS)
    looked_at(other, "report")
    browser.refresh()
    said(browser, "Uzak Hekimci")
    press(browser, "form[action$='/end'] button")
    said(browser, "Kaldırıldı")
    until(lambda: images(other, place, "CT") == 403, 20, "images are shut")
    other.refresh()
    said(other, "Böyle bir kayıt yok")


def test_a_link_and_its_code_open_in_a_fresh_browser(
    browser: webdriver.Chrome, other: webdriver.Chrome, place: Place
) -> None:
    sign_in(browser, place, "hasta", "/gecit/sharing")
    put(browser, address="yakin@ornek.example", link_until=next_week())
    exam_box(browser, "link", "MR")
    press(browser, "#link button")
    said(browser, "Bağlantı hazır")
    looked_at(browser, "link-made")
    link = browser.find_element(By.ID, "made").text
    token = link.partition("#")[2]

    other.get(link)
    assert "#" not in other.current_url, "the token leaves the address bar"
    looked_at(other, "link-page")
    assert "ŞIĞÖÇÜ" not in other.page_source and "Deneme" not in other.page_source
    before = len(place.box.got)
    press(other, "#send")
    said(other, "Kod gönderildi")
    looked_at(other, "link-code")
    assert "ŞIĞÖÇÜ" not in other.page_source and "Deneme" not in other.page_source
    put(other, code="00000000")
    press(other, "#open")
    said(other, "Kod yanlış")
    looked_at(other, "link-wrong")
    until(lambda: len(place.box.got) > before, 20, "the code has come")
    code = re.search(r"\d{4} \d{4}", place.box.got[-1])
    assert code
    put(other, code=code.group())
    press(other, "#open")
    said(other, "Deneme MR")
    assert "Deneme CT" not in other.page_source
    looked_at(other, "visit")
    assert (images(other, place, "MR"), images(other, place, "CT")) == (200, 403)
    shown = other.current_url
    other.get(f"{place.node.url}/gecit/ohif/viewer?StudyInstanceUIDs={place.uids['MR']}")
    wait_for_picture(other)
    other.get(shown)
    press(other, "a[href*='/viewer/']")
    WebDriverWait(other, 60).until(lambda one: one.find_elements(By.CSS_SELECTOR, "canvas"))
    shot(other, "sharing-viewer")

    browser.get(f"{place.node.url}/gecit/sharing")
    press(browser, "table:last-of-type form[action$='/end'] button")
    said(browser, "Kaldırıldı")
    until(lambda: images(other, place, "MR") in (401, 403), 20, "images are shut")

    def over() -> bool:
        """Whether the visit is known to have ended: the door remembers who came for some seconds."""
        other.get(f"{place.node.url}/gecit/shared")
        return "Paylaşım sona erdi" in other.find_element(By.TAG_NAME, "body").text

    until(over, 30, "the visit has ended")
    looked_at(other, "over")
    log = place.node.log_text()
    assert token not in log and code.group().replace(" ", "") not in log and PATIENT.tckn not in log


def test_an_emergency_is_opened_reviewed_and_shut(
    browser: webdriver.Chrome, other: webdriver.Chrome, place: Place
) -> None:
    sign_in(other, place, "doktor", "/gecit/care/emergency")
    put(other, tckn=PATIENT.tckn, reason="Trafik kazası, bilinci kapalı hasta")
    looked_at(other, "emergency")
    press(other, "#emergency button")
    said(other, "Deneme MR")
    until(lambda: images(other, place, "MR") == 200, 20, "images are open")
    sign_in(browser, place, "mudur", "/gecit/care/reviews")
    said(browser, "bilinci kapalı")
    put_first(browser, "input[name=note]", "Hasta kurumda değil")
    looked_at(browser, "reviews")
    press(browser, "button[value='not justified']")
    said(browser, "İnceleme kaydedildi")
    until(lambda: images(other, place, "MR") == 403, 20, "images are shut")


def test_a_manager_records_a_care_relation_and_ends_it(
    browser: webdriver.Chrome, other: webdriver.Chrome, place: Place
) -> None:
    sign_in(browser, place, "mudur", "/gecit/care")
    put(browser, tckn=PATIENT.tckn, reason="B-17")
    looked_at(browser, "care")
    press(browser, "#care button")
    said(browser, "Kaydedildi")
    looked_at(browser, "care-recorded")
    sign_in(other, place, "doktor", "/gecit/shared")
    said(other, "Bakım ilişkisi")
    until(lambda: images(other, place, "CT") == 200, 20, "images are open")
    press(browser, "form[action$='/end'] button")
    said(browser, "Bitirildi")
    until(lambda: images(other, place, "CT") == 403, 20, "images are shut")
    sign_in(browser, place, "hasta", "/gecit/sharing")
    said(browser, "Onamım olmadan açılanlar")
    looked_at(browser, "otherwise")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_retention_fits_and_a_hold_is_put_and_released(
    browser: webdriver.Chrome, place: Place, theme: str
) -> None:
    sign_in(browser, place, "yonetici", "/gecit/retention")
    browser.add_cookie({"name": "gecit_theme", "value": theme, "path": "/"})
    browser.refresh()
    put(browser, institution=HERE.skrs, accession="G-CT", reason="Dava dosyası")
    press(browser, "#hold button")
    said(browser, "Saklama emri kondu")
    looked_at(browser, f"retention-{theme}")
    put_first(browser, "form[action$='/release'] input[name=reason]", "Dava bitti")
    press(browser, "form[action$='/release'] button")
    said(browser, "Dava bitti")
    press(browser, "#make")
    said(browser, "Süresi dolmuş çalışma yok")


def put_first(driver: webdriver.Chrome, selector: str, value: str) -> None:
    driver.execute_script("arguments[0].value = arguments[1]", driver.find_element(By.CSS_SELECTOR, selector), value)
