"""The pages in a real Chromium, through Orthanc's port, on a desk and on a phone."""

import base64
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import url_contains
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core import events as e
from gecit.edges.store import open_ledger
from gecit.ports import Transaction
from tests.fakes import NOON
from tests.support.exams import CLEAN, FRESH, HELD, facts, life, order
from tests.support.node import ADMINISTRATOR, HOME, Node

pytestmark = pytest.mark.browser
SHOTS = HOME / "build" / "screenshots"
HELD_PATH = f"/gecit/exams/{HELD.institution}/{quote(HELD.accession)}"
PAGES = {
    "exams": "/gecit",
    "held": HELD_PATH,
    "clean": f"/gecit/exams/{CLEAN}",
    "fresh": f"/gecit/exams/{FRESH}",
    "health": "/gecit/health",
    "missing": "/gecit/exams/910001/YOK",
}
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--force-prefers-reduced-motion",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def fill(node: Node) -> None:
    lost = facts(FRESH.__class__(institution="", accession="KAYIP-1"))

    def work(tx: Transaction) -> None:
        for one in (*life(HELD), *life(CLEAN), e.OrderPlaced(exam=FRESH, at=NOON, order=order(FRESH), message=3)):
            tx.append(one)
        tx.append(e.StudyFactsRecorded(study=lost.key, at=datetime.now(UTC), facts=lost))

    ledger = open_ledger(node.database)
    ledger.write(work)
    ledger.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    found = Node(tmp_path_factory.mktemp("node"))
    found.add_administrator()
    fill(found)
    try:
        yield found.start().wait_live()
    finally:
        found.end()


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    width, height = WIDTHS[request.param]
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for one in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService("/usr/bin/chromedriver", env={**os.environ, "SE_OFFLINE": "true"})
    driver = webdriver.Chrome(options, service)
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": request.param == "phone"}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    yield driver
    driver.quit()


def sign_in(browser: webdriver.Chrome) -> None:
    secret = base64.b64encode(":".join(ADMINISTRATOR).encode()).decode()
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": f"Basic {secret}"}})


def shot(browser: webdriver.Chrome, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    width = browser.execute_script("return window.innerWidth")
    size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    Path(SHOTS / f"{name}-{width}.png").write_bytes(base64.b64decode(taken["data"]))


def read(browser: webdriver.Chrome, node: Node, path: str) -> str:
    sign_in(browser)
    browser.get(node.url + path)
    return browser.find_element(By.TAG_NAME, "body").text


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen_and_has_no_fault(browser: webdriver.Chrome, node: Node, name: str) -> None:
    browser.get_log("browser")
    read(browser, node, f"{PAGES[name]}?lang=tr")
    shot(browser, name)
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert inner in (1280, 390)
    assert scroll <= inner, "nothing has to be scrolled sideways"
    height = browser.find_element(By.TAG_NAME, "header").size["height"]
    assert height < 60, "the header is one line, also in Turkish on a phone"
    own = {"missing": "status of 404", "health": "status of 503"}.get(name, "nothing")
    assert [one for one in browser.get_log("browser") if own not in one["message"]] == []
    sheets = browser.execute_script("return [...document.styleSheets].map(one => one.cssRules.length)")
    assert len(sheets) == 2 and min(sheets) > 20, "the style sheets passed their own policy"


def test_a_person_goes_from_the_list_to_what_must_be_mended(browser: webdriver.Chrome, node: Node) -> None:
    assert "KAYIP-1" in read(browser, node, "/gecit/unlinked?lang=tr")
    read(browser, node, "/gecit?lang=tr")
    browser.find_element(By.LINK_TEXT, HELD.accession).click()
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "Cihazın doz SR gönderimini açın." in text and "AYŞEGÜL ŞAHİN" in text
    open_navigation(browser)
    browser.find_element(By.LINK_TEXT, "English").click()
    assert "Switch on the device's dose SR." in browser.find_element(By.TAG_NAME, "main").text
    browser.find_element(By.LINK_TEXT, "Geçit").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Exams", "the language is kept"


def test_a_search_by_keyboard_finds_one_exam(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit?lang=tr")
    field = browser.find_element(By.ID, "accession")
    field.send_keys(HELD.accession, Keys.ENTER)
    WebDriverWait(browser, 20).until(url_contains("accession="))
    wait_for_text(browser, lambda text: HELD.accession in text and CLEAN.accession not in text)
    browser.find_element(By.LINK_TEXT, "Temizle").click()
    wait_for_text(browser, lambda text: CLEAN.accession in text)


def open_navigation(browser: webdriver.Chrome) -> None:
    """Open what a phone keeps behind a button."""
    toggler = browser.find_element(By.CSS_SELECTOR, ".navbar-toggler")
    if toggler.is_displayed():
        toggler.click()
        WebDriverWait(browser, 20).until(lambda page: page.find_element(By.ID, "theme").is_displayed())


def wait_for_text(browser: webdriver.Chrome, wanted: Callable[[str], bool]) -> None:
    """Wait until the page's text is as wanted; the page before may still stand there for a moment."""
    patient = WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException, NoSuchElementException])
    assert patient.until(lambda page: wanted(page.find_element(By.TAG_NAME, "main").text))
