# ruff: noqa: F811 -- fixtures are named as what they give
"""Images beside the editor, and key images from the viewer to the signed version, its PDF and the study: real OHIF."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.order import ExamKey
from gecit.core.report import Document, ReportPart
from gecit.core.verdict import Outcome
from tests.support.node import until

from .test_pages import browser  # noqa: F401 -- a fixture
from .test_reading import (  # noqa: F401 -- fixtures
    CONCLUSION,
    FINDINGS,
    PASSWORD,
    READER,
    Place,
    exam_of,
    fill_in,
    looked_at,
    place,
    press,
    sign_in,
    story_of,
    wait_for,
)
from .test_viewer import wait_for_picture

pytestmark = pytest.mark.browser
DRAWN = "return [...document.querySelectorAll('img.key-image')].filter(one => one.naturalWidth > 1).length"


def in_frame(browser: webdriver.Chrome) -> None:
    """Wait until the viewer in the frame shows a picture."""
    WebDriverWait(browser, 60).until(lambda page: page.find_elements(By.CSS_SELECTOR, "iframe.room-images"))
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe.room-images"))
    wait_for_picture(browser)
    browser.switch_to.default_content()


def marked(browser: webdriver.Chrome) -> list[str]:
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, "#key-images figcaption")]


def mark_shown(browser: webdriver.Chrome) -> None:
    press(browser, "#mark-shown button")


def wait_until(browser: webdriver.Chrome, true: object, what: str) -> None:
    WebDriverWait(browser, 20, ignored_exceptions=[Exception]).until(lambda page: true(page), what)  # type: ignore[operator]


def open_editor(browser: webdriver.Chrome, place: Place, key: ExamKey, where: str) -> None:
    url = place.hospital.node.url
    browser.get(f"{url}/gecit/reading/exam/{key.institution}/{key.accession}?images={where}")


def test_key_images_go_from_the_viewer_to_the_study(browser: webdriver.Chrome, place: Place, tmp_path: Path) -> None:
    sign_in(browser, place, READER, "/gecit/reading")
    made, key = place.hospital, story_of(browser, place).order.key
    wide = browser.execute_script("return window.innerWidth") > 600
    press(browser, f"button[aria-label*='{key.accession}']")
    wait_for(browser, "Denetim")
    open_editor(browser, place, key, "beside")
    in_frame(browser)
    browser.get_log("browser")

    # The edge between both moves by the keyboard and stays where it was put. On a phone one stands above the other.
    edge = browser.find_element(By.ID, "room-edge")
    assert edge.is_displayed() is wide
    if wide:
        before = browser.find_element(By.CSS_SELECTOR, "iframe.room-images").size["width"]
        edge.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        assert browser.find_element(By.CSS_SELECTOR, "iframe.room-images").size["width"] > before
        browser.refresh()
        assert browser.find_element(By.ID, "room-edge").get_attribute("aria-valuenow") == "65"
        in_frame(browser)

    # What the viewer in the frame shows; then by numbers, of which none such exists; then one that does.
    mark_shown(browser)
    wait_until(browser, lambda page: len(marked(page)) == 1, "the picture of the viewer is marked")
    wait_until(browser, lambda page: page.execute_script(DRAWN) == 1, "it is drawn")
    [first] = made.ledger.read(lambda tx: tx.draft(key, READER)).key_images  # type: ignore[union-attr]
    assert first.study in {one.facts.study_instance_uid for one in exam_of(place, key).studies}
    assert first.window and first.window.width > 0
    browser.find_element(By.ID, "mark-series-number").send_keys(first.series_number)
    browser.find_element(By.ID, "mark-number").send_keys("9999")
    press(browser, "#mark-by-number button")
    wait_for(browser, "böyle bir görüntü yok")
    assert len(marked(browser)) == 1
    looked_at(browser, "key-images")

    # The viewer shows another exam's images meanwhile: that is refused, and says so.
    other = place.stories["mammography"].order.key
    browser.execute_script(
        "document.querySelector('iframe.room-images').src = arguments[0]",
        f"/gecit/viewer/{other.institution}/{other.accession}",
    )
    wait_until(browser, lambda page: page.execute_script(
        "return document.querySelector('iframe.room-images').contentWindow.location.href.includes('/ohif/viewer')"
        " && !document.querySelector('iframe.room-images').contentWindow.location.href.includes(arguments[0])",
        first.study,
    ), "the other exam is open")  # fmt: skip
    in_frame(browser)
    browser.execute_script("document.querySelector('#key-images .alert-danger')?.remove()")
    mark_shown(browser)
    wait_for(browser, "böyle bir görüntü yok")
    assert len(marked(browser)) == 1

    # In a window of its own it is asked in the same way.
    open_editor(browser, place, key, "window")
    assert not browser.find_elements(By.TAG_NAME, "iframe")
    mark_shown(browser)
    wait_for(browser, "Görüntüleyicide açık görüntü yok")
    press(browser, "#key-images form button[aria-label*='çıkar']")
    wait_until(browser, lambda page: marked(page) == [], "it is taken away")
    press(browser, "a[target=gecit-images]")
    editor, viewer = browser.window_handles
    browser.switch_to.window(viewer)
    wait_for_picture(browser)
    browser.switch_to.window(editor)
    mark_shown(browser)
    wait_until(browser, lambda page: len(marked(page)) == 1, "the picture of the other window is marked")
    browser.switch_to.window(viewer)
    browser.close()
    browser.switch_to.window(editor)

    # Signed: in the version, in the PDF, as a Key Object, on the exam's page; the judge is as content as before.
    fill_in(browser, ReportPart.FINDINGS, FINDINGS)
    fill_in(browser, ReportPart.CONCLUSION, CONCLUSION)
    for name in ("request-rating", "image-rating"):
        browser.find_element(By.ID, name).send_keys("5")
    wait_for(browser, "Taslak kaydedildi")
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "button[value=sign]")
    wait_for(browser, "Ek rapor yaz")
    exam = exam_of(place, key)
    assert exam.report and [one.instance for one in exam.report.report.key_images] == [first.instance]
    until(lambda: len(exam_of(place, key).attached) == len(Document), 30, "PDF, SR and KO stand in the study")
    until(lambda: (one := exam_of(place, key).verdict) and one.outcome is Outcome.SUBMIT, 30, "the judge lets it pass")
    stored = stored_of(place, key)
    assert sorted(stored) == ["DOC", "KO", "SR"]
    pointed = [one.ReferencedSOPSequence[0] for one in stored["KO"].ContentSequence if one.ValueType == "IMAGE"]
    assert [one.ReferencedSOPInstanceUID for one in pointed] == [first.instance]
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(bytes(stored["DOC"].EncapsulatedDocument))
    listed = subprocess.run(["pdfimages", "-list", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert listed.count(" jpeg ") == 1
    assert exam_of(place, key).images == exam.images, "none of it is a picture"
    wait_until(browser, lambda page: page.execute_script(DRAWN) == 1, "the signed version shows it")
    browser.get(f"{made.node.url}/gecit/exams/{key.institution}/{key.accession}")
    wait_until(browser, lambda page: page.execute_script(DRAWN) == 1, "the exam's page shows it")
    looked_at(browser, "key-images-exam")


def stored_of(place: Place, key: ExamKey) -> dict[str, object]:
    """What we attached to the exam's study, by modality."""
    node, found = place.hospital.node, {}
    for series in node.get(f"/studies/{exam_of(place, key).studies[0].facts.key.orthanc_id}/series", headers={}).json():
        modality = series["MainDicomTags"]["Modality"]
        if modality in ("DOC", "KO") or (
            modality == "SR" and series["MainDicomTags"].get("SeriesNumber", "").startswith("95")
        ):
            file = node.get(f"/instances/{series['Instances'][0]}/file", headers={}).content
            found[modality] = dcmread(BytesIO(file))
    return found
