# ruff: noqa: F811 -- fixtures are named as what they give
"""The reading room in a real browser, on a real Orthanc, with a real MLLP receiver: from the list to the HBYS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.verdict import Outcome
from gecit.edges import hl7_profile, hl7_reader
from gecit.edges.passwords import hash_password
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution, Receiver
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, SECOND_RADIOLOGIST, Act, ExamStory, exams_of_the_day
from gecit.sandbox.hbys import PretendHbys, listening
from tests.support.hospital import Hospital, hospital
from tests.support.node import HOME, until

from .test_pages import browser, shot  # noqa: F401 -- a fixture
from .test_tracking import violations

pytestmark = pytest.mark.browser
PASSWORD = "uzun bir parola 7"
READER, SECOND, ADMINISTRATOR = "radyolog", "radyolog2", "birim"
AWAY = Institution(skrs="999002", name="Komşu Hastane", ownership="public", province=INSTITUTION.province)
FINDINGS = (
    "Beyin parankiminde kanama ya da yer kaplayan lezyon izlenmedi. Ventriküler sistem olağan genişliktedir; "
    "orta hat yapılarında yer değiştirme yoktur. Çığ gibi ğüşıöç ĞÜŞİÖÇ."
)
CONCLUSION = "Akut patoloji saptanmadı."


class Place(NamedTuple):
    hospital: Hospital
    hbys: PretendHbys
    stories: dict[str, ExamStory]


def people() -> list[Account]:
    one = Account(name=READER, full_name="Ayşegül Örnekçi", roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs)
    return [
        replace(one, tckn=RADIOLOGIST.identifier),
        replace(one, name=SECOND, full_name="Işık Denemeci", institution=AWAY.skrs, tckn=SECOND_RADIOLOGIST.identifier),
        Account(name=ADMINISTRATOR, full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hospital whose exams came with their images and without reports, and whose HBYS listens."""
    data = tmp_path_factory.mktemp("reading")
    hbys = PretendHbys(SystemClock())
    with listening(hbys) as port:
        own = replace(INSTITUTION, receiver=Receiver(host="127.0.0.1", port=port))
        with hospital(data, institutions=(own, AWAY)) as made:
            now = datetime.now(UTC)
            for one in people():
                made.ledger.save_account(one, now)
                made.ledger.set_password(one.name, hash_password(PASSWORD), now)
            chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr", "mammography")]
            without = [replace(one, acts=tuple(act for act in one.acts if act is not Act.REPORT)) for one in chosen]
            made.play(without, data / "sent")
            for story in without:
                until(lambda key=story.order.key: arrived(made, key), 60, "the images have come")  # type: ignore[misc]
            yield Place(made, hbys, {one.id: one for one in without})


def arrived(made: Hospital, key: ExamKey) -> bool:
    exam = made.exam(key)
    return exam is not None and exam.images > 0 and not exam.unsettled


def sign_in(browser: webdriver.Chrome, place: Place, who: str, then: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    url = place.hospital.node.url
    browser.get(f"{url}/gecit/sign-in?next={then}")
    browser.find_element(By.ID, "name").send_keys(who)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "main button[type=submit]")
    WebDriverWait(browser, 20).until(lambda driver: urlsplit(driver.current_url).path == then)
    WebDriverWait(browser, 20).until(lambda driver: driver.execute_script("return document.readyState") == "complete")


def fits(browser: webdriver.Chrome) -> bool:
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    return bool(scroll <= inner)


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take a picture; the page fits its width and passes axe."""
    shot(browser, f"reading-{name}")
    assert fits(browser)
    assert violations(browser) == []


def story_of(browser: webdriver.Chrome, place: Place) -> ExamStory:
    """An exam for each width, so that the second browser finds an unread one too."""
    narrow = browser.execute_script("return window.innerWidth") < 600
    return place.stories["mr" if narrow else "clean-ct"]


def press(browser: webdriver.Chrome, selector: str) -> None:
    """Press a button, brought to the middle first: the header stays at the top."""
    found = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
    found.click()


def fill_in(browser: webdriver.Chrome, part: ReportPart, text: str) -> None:
    area = browser.find_element(By.ID, f"part-{part.value}")
    area.clear()
    area.send_keys(text)


def asked_for(browser: webdriver.Chrome, path: str) -> list[str]:
    """What the page's scripts asked for under a path."""
    found = browser.execute_script(
        "return performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'xmlhttprequest')"
        ".map((one) => one.name)"
    )
    return [one for one in found if urlsplit(one).path.startswith(path)]


@contextmanager
def slow(browser: webdriver.Chrome) -> Iterator[None]:
    """Have each request take at least a second."""
    conditions = {"offline": False, "latency": 1000, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**conditions, "latency": 0})


def exam_of(place: Place, key: ExamKey) -> Exam:
    found = place.hospital.exam(key)
    assert found
    return found


def wait_for(browser: webdriver.Chrome, text: str) -> None:
    WebDriverWait(browser, 20, ignored_exceptions=[Exception]).until(
        lambda driver: text in driver.find_element(By.TAG_NAME, "body").text
    )


def test_a_report_goes_from_the_list_to_the_study_and_the_hbys(browser: webdriver.Chrome, place: Place) -> None:
    made = place.hospital
    browser.get_log("browser")
    sign_in(browser, place, READER, "/gecit/reading")
    key = story_of(browser, place).order.key
    looked_at(browser, "list")
    press(browser, f"button[aria-label*='{key.accession}']")
    wait_for(browser, "Denetim")
    fill_in(browser, ReportPart.FINDINGS, "Kısa.")
    wait_for(browser, "İmzayı engeller")
    looked_at(browser, "editor-hints")
    assert browser.execute_script(
        "const top = (one) => document.querySelector(one).getBoundingClientRect().top;"
        "return top('#checks') < top('fieldset:has(#password)')"
    ), "what the checks say stands before the buttons that sign"

    # A signature is refused; what is typed after it is saved, and stands there when the page comes again.
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    fill_in(browser, ReportPart.CONCLUSION, "")
    press(browser, "button[value=sign]")
    wait_for(browser, "Rapor bu hâliyle imzalanamaz")
    assert "henüz kaydedilmedi" not in browser.find_element(By.TAG_NAME, "main").text
    fill_in(browser, ReportPart.CONCLUSION, "Redden sonra yazıldı.")
    later = lambda: made.ledger.read(lambda tx: tx.draft(key, READER))  # noqa: E731
    until(lambda: (one := later()) and "Redden" in one.parts.get(ReportPart.CONCLUSION, ""), 20, "it is saved")
    looked_at(browser, "editor-after-refusal")
    browser.get(f"{made.node.url}/gecit/reading/exam/{key.institution}/{key.accession}")
    assert browser.find_element(By.ID, "part-4").get_attribute("value") == "Redden sonra yazıldı."
    assert all("409" in one["message"] for one in browser.get_log("browser")), "the refused page alone is complained of"

    # The tab is closed and the web process killed: what was written stands there again.
    fill_in(browser, ReportPart.FINDINGS, FINDINGS)
    fill_in(browser, ReportPart.CONCLUSION, CONCLUSION)
    drafted = lambda: made.ledger.read(lambda tx: tx.draft(key, READER))  # noqa: E731
    until(lambda: (one := drafted()) and one.parts.get(ReportPart.CONCLUSION) == CONCLUSION, 20, "the draft is saved")
    browser.get("about:blank")
    web = made.node.children()["web"]
    web.kill()
    until(lambda: made.node.children().get("web", web).pid != web.pid, 30, "the web process is started again")
    made.node.wait_live()
    browser.get(f"{made.node.url}/gecit/reading/exam/{key.institution}/{key.accession}")
    assert browser.find_element(By.ID, "part-3").get_attribute("value") == FINDINGS
    Select(browser.find_element(By.ID, "request-rating")).select_by_value("4")
    Select(browser.find_element(By.ID, "image-rating")).select_by_value("5")

    # What the page saves by itself goes to the draft, also while a button that signs has the focus.
    browser.execute_script("performance.clearResourceTimings()")
    fill_in(browser, ReportPart.CONCLUSION, f"{CONCLUSION} Ek.")
    browser.execute_script("document.querySelector('button[value=sign]').focus()")
    until(lambda: (one := drafted()) and "Ek." in one.parts.get(ReportPart.CONCLUSION, ""), 20, "the draft is saved")
    until(lambda: asked_for(browser, "/gecit/reading/"), 20, "the browser knows of the request")
    assert {urlsplit(one).path.split("/")[3] for one in asked_for(browser, "/gecit/reading/")} == {"draft"}

    # A wrong password signs nothing. The page is still saving what was typed last when the button is pressed, twice.
    browser.find_element(By.ID, "password").send_keys("yanlış")
    with slow(browser):
        fill_in(browser, ReportPart.CONCLUSION, f"{CONCLUSION} ")
        press(browser, "button[value=sign]")
        wait_for(browser, "hiçbir şey imzalanmadı")
    assert exam_of(place, key).report is None
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    with slow(browser):
        fill_in(browser, ReportPart.CONCLUSION, CONCLUSION)
        button = browser.find_element(By.CSS_SELECTOR, "button[value=sign]")
        browser.execute_script("arguments[0].focus(); arguments[0].click(); arguments[0].click()", button)
        wait_for(browser, "Ek rapor yaz")

    exam = exam_of(place, key)
    assert exam.report
    assert exam.report.report.status is ReportStatus.FINAL
    until(lambda: place.hbys.kept and exam_of(place, key).hospital, 30, "the HBYS has the report")
    told = exam_of(place, key).hospital[0]
    assert (told.accepted, told.code) == (True, "AA")
    content = next(
        one
        for frame in place.hbys.kept.values()
        if (one := hl7_profile.read(hl7_reader.parse(frame), _ministry()).content) and one.key == key
    )
    assert content.parts[ReportPart.FINDINGS] == FINDINGS  # type: ignore[union-attr]
    assert content.radiologists[0].identifier == RADIOLOGIST.identifier  # type: ignore[union-attr]
    until(lambda: len(exam_of(place, key).attached) == 2, 30, "PDF and SR stand in the study")
    until(lambda: (one := exam_of(place, key).verdict) and one.outcome is Outcome.SUBMIT, 30, "the judge lets it pass")
    stored = made.node.get(f"/studies/{exam.studies[0].facts.key.orthanc_id}/series", headers={}).json()
    assert {"SR", "DOC"} <= {one["MainDicomTags"]["Modality"] for one in stored}
    browser.refresh()
    wait_for(browser, "HBYS aldı")
    looked_at(browser, "signed")
    logged = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    severe = [one for one in logged if " 422 " not in one["message"]]  # 422: the wrong password
    assert severe == []


def _ministry() -> hl7_profile.Profile:
    return hl7_profile.load(HOME / "rules/profiles/ministry.toml")


def test_a_grant_opens_another_hospital_and_shuts_it_again(browser: webdriver.Chrome, place: Place) -> None:
    accession = place.stories["mammography"].order.key.accession
    sign_in(browser, place, SECOND, "/gecit/reading")
    assert accession not in browser.find_element(By.TAG_NAME, "main").text
    sign_in(browser, place, ADMINISTRATOR, "/gecit/grants")
    press(browser, f"input[name=reader][value={SECOND}]")
    press(browser, f"input[name=institution][value='{INSTITUTION.skrs}']")
    for name, day in (("since", "2020-01-01"), ("until", "2099-12-31"), ("paper-date", "2020-01-01")):
        browser.execute_script("document.getElementById(arguments[0]).value = arguments[1]", name, day)
    browser.find_element(By.ID, "paper").send_keys("2026/14")
    press(browser, "main form[action$=grants] button")
    wait_for(browser, "yürürlükte")
    looked_at(browser, "grants")
    sign_in(browser, place, SECOND, "/gecit/reading")
    assert accession in browser.find_element(By.TAG_NAME, "main").text
    sign_in(browser, place, ADMINISTRATOR, "/gecit/grants")
    for button in browser.find_elements(By.CSS_SELECTOR, "form[action$=end] button")[:1]:
        button.click()
    wait_for(browser, "bitirildi")
    sign_in(browser, place, SECOND, "/gecit/reading")
    assert accession not in browser.find_element(By.TAG_NAME, "main").text


def test_an_exam_is_pushed_to_a_radiologist_who_is_there(browser: webdriver.Chrome, place: Place) -> None:
    accession = place.stories["mammography"].order.key.accession
    sign_in(browser, place, READER, "/gecit/reading/profile")
    # Ticked by the width before, a press on "what is not ticked, or the button" would send the form: once is enough.
    if not browser.find_element(By.CSS_SELECTOR, "input[value=breast]").is_selected():
        press(browser, "input[value=breast]")
    press(browser, "main form[action$=profile] button")
    wait_for(browser, "Kaydedildi.")
    looked_at(browser, "profile")
    sign_in(browser, place, ADMINISTRATOR, "/gecit/reading/waiting")
    press(browser, f"button[aria-label*='{accession}']")
    wait_for(browser, f"{accession}: {READER} hekimine atandı.")
    looked_at(browser, "pushed")
    sign_in(browser, place, READER, "/gecit/reading")
    assert f"atandı ({READER})" in browser.find_element(By.TAG_NAME, "main").text


def test_turn_around_stands_in_tables(browser: webdriver.Chrome, place: Place) -> None:
    sign_in(browser, place, ADMINISTRATOR, "/gecit/turnaround")
    WebDriverWait(browser, 20).until(  # on a phone the cells name their columns themselves
        lambda driver: driver.find_elements(By.CSS_SELECTOR, "td[data-label='Ortanca']")
    )
    looked_at(browser, "turnaround")
    assert RADIOLOGIST.identifier not in browser.page_source
