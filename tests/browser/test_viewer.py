"""OHIF in a real Chromium: through nginx and TLS, signed in by the page, every kind of study, on a desk and a phone."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.chromium import Asked, asked, chromium, shot
from tests.support.nginx import Nginx
from tests.support.node import HOME, Node
from tests.support.viewer import (
    COMPRESSED,
    HERE,
    PATIENT,
    RADIOLOGIST,
    SHOWN_NAME,
    THERE,
    make_studies,
    people,
    study_uid,
    upload,
)

pytestmark = pytest.mark.browser
SHOTS = HOME / "build" / "screenshots"
PATIENCE = 60
PICTURES = ("CT", "MR", "MG", "US", "CR", *COMPRESSED)
# How many different values the picture's middle has: a canvas that is blank has one.
SHADES = """
return Math.max(0, ...[...document.querySelectorAll('canvas.cornerstone-canvas')].map(one => {
  const width = Math.floor(one.width / 2), height = Math.floor(one.height / 2);
  if (!width || !height) return 0;
  const data = one.getContext('2d').getImageData(width / 2, height / 2, width, height).data;
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) found.add(data[at] * 65536 + data[at + 1] * 256 + data[at + 2]);
  return found.size;
}));
"""


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return make_studies(tmp_path_factory.mktemp("studies"))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, studies: dict[str, list[Path]]) -> Iterator[Node]:
    found = Node(tmp_path_factory.mktemp("node"), environ={"ORTHANC__GECIT__SETTLE_SECONDS": "0.2"})
    people(found)
    try:
        found.start().wait_live()
        upload(found, studies)
        yield found
    finally:
        found.end()
        print(found.log_text())  # noqa: T201


@pytest.fixture(scope="module")
def front(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    found = Nginx(tmp_path_factory.mktemp("nginx"), node)
    try:
        yield found.start()
    finally:
        found.end()


@pytest.fixture(scope="module")
def desk(front: Nginx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("desk"), switches=(front.believed,)) as browser:
        sign_in(browser, front.url)
        yield browser


def sign_in(browser: webdriver.Chrome, url: str, path: str = "/gecit/sign-in") -> None:
    browser.get(url + path)
    for name, value in zip(("name", "password"), RADIOLOGIST, strict=True):
        browser.find_element(By.NAME, name).send_keys(value)
    browser.find_element(By.CSS_SELECTOR, "form[action='/gecit/sign-in'] button[type=submit]").click()
    WebDriverWait(browser, PATIENCE).until(lambda page: "/gecit/sign-in" not in page.current_url)


def static_bytes(browser: webdriver.Chrome) -> int:
    """Count what came over the wire since last asked, without images, their metadata and the sign-in."""
    return sum(one.bytes for one in asked(browser) if "/gecit/ohif" in one.url or "/gecit/assets/ohif" in one.url)


def wait_for_picture(browser: webdriver.Chrome, shades: int = 3) -> None:
    WebDriverWait(browser, PATIENCE, ignored_exceptions=[Exception]).until(
        lambda page: page.execute_script(SHADES) >= shades, "the canvas stays blank"
    )


def wait_for_text(browser: webdriver.Chrome, text: str) -> str:
    def found(page: webdriver.Chrome) -> bool:
        return text in page.find_element(By.TAG_NAME, "body").text

    WebDriverWait(browser, PATIENCE, ignored_exceptions=[Exception]).until(found, f"{text!r} is not shown")
    return browser.find_element(By.TAG_NAME, "body").text


def of_pages(seen: list[Asked]) -> list[Asked]:
    return [one for one in seen if not one.url.startswith(("chrome:", "chrome-extension:"))]


def assert_all_ours(browser: webdriver.Chrome, front: Nginx) -> list[Asked]:
    """Check that nothing was asked of anybody else, nothing failed, and no policy was hurt; returns what was asked."""
    seen = of_pages(asked(browser))
    origins = {urlsplit(one.url.removeprefix("blob:")).netloc for one in seen if not one.url.startswith("data:")}
    assert origins == {urlsplit(front.url).netloc}
    assert [one for one in seen if one.status >= 400] == []
    assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
    return seen


def test_the_list_shows_the_own_studies_in_turkish_and_no_other(desk: webdriver.Chrome, front: Nginx) -> None:
    asked(desk)
    desk.get(f"{front.url}/gecit/ohif/")
    text = wait_for_text(desk, "G-CT")
    assert "Çalışma Listesi" in text and "Hasta Adı" in text
    assert SHOWN_NAME in text and "Deneme MR çekimi" in text
    assert "Hasta no" in text and "Erişim no" in text and "MRN" not in text
    assert "********146" in text and PATIENT.tckn not in desk.page_source
    assert desk.title == "Görüntüler · Geçit"
    assert text.count("G-CT") == 1, "the foreign one has the same accession number"
    shot(desk, SHOTS / "viewer-list-1280.png")
    assert_all_ours(desk, front)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_opens(desk: webdriver.Chrome, front: Nginx, studies: dict[str, list[Path]], kind: str) -> None:
    asked(desk)
    desk.get(f"{front.url}/gecit/ohif/viewer?StudyInstanceUIDs={study_uid(studies[kind])}")
    wait_for_picture(desk)
    shot(desk, SHOTS / f"viewer-{kind}-1280.png")
    seen = assert_all_ours(desk, front)
    assert any("/dicom-web/studies/" in one.url and "/frames/" in one.url for one in seen)


def test_a_pdf_opens(desk: webdriver.Chrome, front: Nginx, studies: dict[str, list[Path]]) -> None:
    asked(desk)
    desk.get(f"{front.url}/gecit/ohif/viewer?StudyInstanceUIDs={study_uid(studies['PDF'])}")
    WebDriverWait(desk, PATIENCE).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, "object[type='application/pdf'][data^='blob:']")
    )
    seen: list[Asked] = []
    WebDriverWait(desk, PATIENCE).until(lambda page: seen.extend(asked(page)) or _pdf(seen))
    shot(desk, SHOTS / "viewer-PDF-1280.png")
    assert {urlsplit(one.url.removeprefix("blob:")).netloc for one in of_pages(seen)} == {urlsplit(front.url).netloc}
    assert [one for one in desk.get_log("browser") if one["level"] == "SEVERE"] == []


def _pdf(seen: list[Asked]) -> bool:
    return any(one.kind == "application/pdf" and one.status == 200 for one in seen)


def test_a_structured_report_opens(desk: webdriver.Chrome, front: Nginx, studies: dict[str, list[Path]]) -> None:
    asked(desk)
    desk.get(f"{front.url}/gecit/ohif/viewer?StudyInstanceUIDs={study_uid(studies['SR'])}")
    wait_for_text(desk, "Recording Observer's Name:")
    shot(desk, SHOTS / "viewer-SR-1280.png")
    assert_all_ours(desk, front)


@pytest.mark.parametrize(
    ("language", "notice", "panel", "tool"),
    [
        ("tr", "tıbbi cihaz belgesi taşır", "Çalışmalar", "Pencere/seviye"),
        ("en", "certified as a medical device", "Studies", "Window Level"),
    ],
)
def test_the_viewer_says_what_it_is_in_the_language_of_our_pages(
    front: Nginx, tmp_path: Path, language: str, notice: str, panel: str, tool: str
) -> None:
    with chromium(tmp_path, switches=(front.believed,)) as browser:
        sign_in(browser, front.url)
        browser.get(f"{front.url}/gecit/viewer/{HERE.skrs}/G-CT?lang={language}")
        wait_for_picture(browser)
        text = wait_for_text(browser, notice)
        assert panel in text
        assert "investigational" not in text.lower()
        browser.find_element(By.CSS_SELECTOR, "#notice button").click()
        assert not browser.find_element(By.ID, "notice").is_displayed()
        browser.refresh()
        wait_for_picture(browser)
        assert not browser.find_element(By.ID, "notice").is_displayed(), "it was confirmed"
        named = browser.find_element(By.CSS_SELECTOR, "[data-cy='WindowLevel-btn']").get_attribute("aria-label")
        assert named == tool, "words that stand in no file of OHIF's own"
        shot(browser, SHOTS / f"viewer-{language}-1280.png")


def test_a_foreign_study_opens_nothing(desk: webdriver.Chrome, front: Nginx, studies: dict[str, list[Path]]) -> None:
    desk.get(f"{front.url}/gecit/ohif/viewer?StudyInstanceUIDs={study_uid(studies['foreign'])}")
    wait_for_text(desk, "not available")
    assert not any("/frames/" in one.url and one.status == 200 for one in of_pages(asked(desk)))
    desk.get(f"{front.url}/gecit/viewer?institution={THERE.skrs}&accession=G-CT")
    assert "404" in desk.page_source or "Böyle bir kayıt yok" in desk.page_source
    desk.get_log("browser")


def test_the_exam_page_opens_its_images_with_one_click(desk: webdriver.Chrome, front: Nginx) -> None:
    desk.get(f"{front.url}/gecit/exams/{HERE.skrs}/G-MR?lang=tr")
    desk.find_element(By.LINK_TEXT, "Görüntüleri aç").click()
    WebDriverWait(desk, PATIENCE).until(lambda page: "/gecit/ohif/viewer?StudyInstanceUIDs=" in page.current_url)
    wait_for_picture(desk)


def test_a_link_of_an_hbys_asks_a_stranger_to_sign_in_and_then_opens(front: Nginx, tmp_path: Path) -> None:
    """At a phone's width, the image has room and nothing has to be scrolled sideways."""
    with chromium(tmp_path, width=390, height=844, switches=(front.believed,)) as phone:
        sign_in(phone, front.url, f"/gecit/viewer?institution={HERE.skrs}&accession=G-CT")
        WebDriverWait(phone, PATIENCE).until(lambda page: "/gecit/ohif/viewer" in page.current_url)
        wait_for_picture(phone)
        assert 1_000_000 < static_bytes(phone) < 3_200_000
        width = phone.execute_script("return document.querySelector('canvas.cornerstone-canvas').clientWidth")
        assert width > 280
        inner, scroll = phone.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
        assert inner == 390 and scroll <= inner
        shot(phone, SHOTS / "viewer-CT-390.png")
        phone.get("about:blank")
        phone.get(f"{front.url}/gecit/viewer?institution={HERE.skrs}&accession=G-CT")
        wait_for_picture(phone)
        assert static_bytes(phone) < 4096, "all else is in the browser's cache"
        cookies = phone.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
        session = next(one for one in cookies if one["name"].endswith("gecit"))
        assert session["name"] == "__Host-gecit" and session["secure"] and session["httpOnly"]


def test_whose_session_ends_is_asked_before_anything_is_lost(front: Nginx, tmp_path: Path) -> None:
    with chromium(tmp_path, switches=(front.believed,)) as browser:
        sign_in(browser, front.url)
        browser.get(f"{front.url}/gecit/viewer/{HERE.skrs}/G-CT?lang=tr")
        wait_for_picture(browser)
        browser.delete_all_cookies()
        browser.find_element(By.CSS_SELECTOR, "[data-cy='return-to-work-list'] svg").click()
        question = WebDriverWait(browser, PATIENCE).until(alert_is_present())
        assert "Oturumunuz kapandı" in question.text
        question.accept()
        WebDriverWait(browser, PATIENCE).until(lambda page: "/gecit/sign-in" in page.current_url)
        assert "next=" in browser.current_url
