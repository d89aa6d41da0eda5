# ruff: noqa: F811 -- fixtures are named as what they give
"""From an outage to a released exam, by the pages alone: a real node, a real outage, a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import url_contains
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.order import ExamKey
from gecit.core.verdict import Outcome
from gecit.sandbox.day import exams_of_the_day
from gecit.sandbox.play import Player
from tests.support.hospital import Hospital, hospital
from tests.support.node import until

from .test_pages import browser, read, shot, wait_for_text  # noqa: F401 -- a fixture
from .test_tracking import violations

pytestmark = pytest.mark.browser
SITE_DRAFT = "/gecit/rules/drafts/exemptions/doz"
PAGES = {
    "rules": "/gecit/rules",
    "rule": "/gecit/rules/rule/duplicate-query-missing",
    "exemptions": "/gecit/rules/exemptions?year=2022",
    "outages": "/gecit/rules/outages",
    "drafts": "/gecit/rules/drafts",
    "draft": SITE_DRAFT,
    "runs": "/gecit/rules/runs",
    "history": "/gecit/rules/history",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    data = tmp_path_factory.mktemp("hospital")
    with hospital(data) as made:
        (data / "site-rules/drafts/exemptions").mkdir(parents=True)
        (data / "site-rules/drafts/exemptions/doz.toml").write_text('adds_to = "dose-report"\nnonsense = 1\n')
        yield made


def outcome(made: Hospital, key: ExamKey) -> Outcome | None:
    found = made.exam(key)
    return found.verdict.outcome if found and found.verdict and not found.unsettled else None


def press(driver: webdriver.Chrome, text: str) -> None:
    """Press a button by what stands on it."""
    button = driver.find_element(By.XPATH, f"//main//button[normalize-space()='{text}']")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", button)
    button.click()


@pytest.mark.parametrize("browser", ["desk"], indirect=True)
def test_an_outage_becomes_an_exemption_and_the_held_exam_is_told_to_medula(
    browser: webdriver.Chrome, place: Hospital
) -> None:
    story = next(one for one in exams_of_the_day(datetime.now(UTC)) if one.id == "todays-outage")
    Player(place.running(), place.folder / "sent").play(story)
    key = story.order.key
    (held,) = place.results([story])
    assert held.as_expected and outcome(place, key) is Outcome.HOLD
    assert place.effective() == []

    read(browser, place.node, "/gecit/rules/outages?lang=tr")  # type: ignore[arg-type]
    assert "upstream:sandbox" in browser.find_element(By.TAG_NAME, "main").text
    assert Select(browser.find_element(By.ID, "service")).first_selected_option.get_attribute("value") == (
        "upstream:sandbox"
    )
    name = browser.find_element(By.ID, "name")
    name.clear()
    name.send_keys("bugun")
    shot(browser, "story-outages")
    press(browser, "Taslak yap")

    WebDriverWait(browser, 20).until(url_contains("/drafts/exemptions/bugun"))
    wait_for_text(browser, lambda text: "Kusur yok" in text and "Nobody" not in text)
    shot(browser, "story-draft")
    press(browser, "Etkisini hesapla")
    WebDriverWait(browser, 20).until(url_contains("/runs/"))
    wait_for_text(browser, lambda text: key.accession in text)  # htmx asks until it is over
    shot(browser, "story-run")
    assert violations(browser) == []
    assert outcome(place, key) is Outcome.HOLD, "a what-if changes nothing"

    browser.find_element(By.PARTIAL_LINK_TEXT, "exemptions/bugun.toml").click()
    wait_for_text(browser, lambda text: "Yürürlüğe koy" in text)
    browser.find_element(By.ID, "note").send_keys("bugünkü duyuru")
    press(browser, "Yürürlüğe koy")
    WebDriverWait(browser, 20).until(url_contains("/rules/history"))
    wait_for_text(browser, lambda text: "bugünkü duyuru" in text)
    wait_for_text(browser, lambda text: "1 bakıldı" in text)  # released by that, or by the judge whom it was due at
    shot(browser, "story-history")

    until(lambda: outcome(place, key) is Outcome.SUBMIT, 60, "the exam is released")
    until(lambda: place.effective() == [(key.institution, key.accession)], 60, "MEDULA is told")
    assert "Mükerrer Tetkik Sorgulama Muafiyeti" in read(
        browser,
        place.node,
        f"/gecit/exams/{key.institution}/{key.accession}",  # type: ignore[arg-type]
    )
    read(browser, place.node, f"/gecit/rules/exemptions?origin=site&text={datetime.now(UTC):%Y}")  # type: ignore[arg-type]
    cells = [one.text for one in browser.find_elements(By.CSS_SELECTOR, "td.number")]
    assert "1" in cells, "the register counts the exam"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_rules_fits_keeps_its_policy_and_passes_axe(
    browser: webdriver.Chrome, place: Hospital, name: str, scheme: str
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.get_log("browser")
    address = PAGES[name]
    read(browser, place.node, f"{address}{'&' if '?' in address else '?'}lang=tr")
    shot(browser, f"rules-{name}-{scheme}")
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert scroll <= inner, "nothing has to be scrolled sideways"
    assert browser.get_log("browser") == []
    assert violations(browser) == []
