# ruff: noqa: F811 -- fixtures are named as what they give
"""Quality in a real browser, on a real Orthanc: what the images give away, and what an assessor says of them."""

from __future__ import annotations

from collections.abc import Iterator
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
from gecit.core.events import OrderChanged
from gecit.core.exam import Exam
from gecit.core.order import Control, ExamKey
from gecit.core.ratings import ratings_of
from gecit.core.report import RatingKind
from gecit.edges.passwords import hash_password
from gecit.sandbox.day import INSTITUTION, Act, ExamStory, exams_of_the_day
from tests.support.hospital import Hospital, hospital
from tests.support.node import until

from .test_pages import browser, shot  # noqa: F401 -- a fixture
from .test_reading import PASSWORD, fits, press
from .test_tracking import violations

pytestmark = pytest.mark.browser
ASSESSOR, FAR = "kalite", "uzakkalite"


class Place(NamedTuple):
    hospital: Hospital
    stories: dict[str, ExamStory]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hospital that ordered another patient's name, another sex and another side than its images have."""
    data = tmp_path_factory.mktemp("quality")
    with hospital(data, institutions=(INSTITUTION,)) as made:
        now = datetime.now(UTC)
        for name, skrs in ((ASSESSOR, INSTITUTION.skrs), (FAR, "999009")):
            account = Account(name=name, full_name="Kalite Denemeci", roles=(Role.ASSESSOR,), institution=skrs)
            made.ledger.save_account(account, now)
            made.ledger.set_password(name, hash_password(PASSWORD), now)
        chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr", "mammography")]
        stories = [replace(one, acts=tuple(act for act in one.acts if act is not Act.REPORT)) for one in chosen]
        made.play(stories, data / "sent")
        for story in stories:
            until(lambda key=story.order.key: judged(made, key), 90, "the images have come")  # type: ignore[misc]
        place = Place(made, {one.id: one for one in stories})
        order_otherwise(place, now)
        yield place


def order_otherwise(place: Place, now: datetime) -> None:
    """The HBYS changes one order: another name, another sex, and the side that nobody took."""
    order = place.stories["mammography"].order
    other = "M" if order.patient.sex == "F" else "F"
    patient = replace(order.patient, family="BAŞKASI", given="Biri", sex=other)
    named = tuple(replace(one, sut_name="Mamografi, sol") for one in order.procedures)
    changed = replace(order, control=Control.CHANGE, patient=patient, procedures=named)
    event = OrderChanged(at=now, exam=order.key, order=changed, message=1)
    place.hospital.ledger.write(lambda tx: tx.append(event))
    until(lambda: exam_of(place, "mammography").hints != (), 60, "the judge has looked at the changed order")


def judged(made: Hospital, key: ExamKey) -> bool:
    exam = made.exam(key)
    return exam is not None and exam.images > 0 and not exam.unsettled and exam.verdict is not None


def exam_of(place: Place, story: str) -> Exam:
    found = place.hospital.exam(place.stories[story].order.key)
    assert found
    return found


def sign_in(browser: webdriver.Chrome, place: Place, who: str, then: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    browser.get(f"{place.hospital.node.url}/gecit/sign-in?next={then}")
    browser.find_element(By.ID, "name").send_keys(who)
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "main button[type=submit]")
    WebDriverWait(browser, 20).until(lambda driver: urlsplit(driver.current_url).path == then)
    WebDriverWait(browser, 20).until(lambda driver: driver.execute_script("return document.readyState") == "complete")


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take a picture; the page fits its width and passes axe."""
    shot(browser, f"quality-{name}")
    assert fits(browser)
    assert violations(browser) == []


def page_of(place: Place, story: str) -> str:
    key = place.stories[story].order.key
    return f"/gecit/quality/exam/{key.institution}/{key.accession}"


def test_headers_of_real_images_are_read_and_kept(place: Place) -> None:
    """Through Orthanc's own HTTP, so that hints rest on what devices send."""
    ct = [one for study in exam_of(place, "clean-ct").studies for one in study.facts.series if one.images]
    assert ct[0].details is not None
    assert ct[0].details.pixel_spacing
    mammograms = [one for study in exam_of(place, "mammography").studies for one in study.facts.series if one.images]
    assert {side for one in mammograms if one.details for side in one.details.lateralities} <= {"R", "L"}
    assert all(study.facts.patient_birth_date for study in exam_of(place, "clean-ct").studies)


def test_an_assessor_finds_an_exam_in_the_list_rates_it_and_rates_it_anew(
    browser: webdriver.Chrome, place: Place
) -> None:
    narrow = browser.execute_script("return window.innerWidth") < 600
    story = "mr" if narrow else "clean-ct"
    key = place.stories[story].order.key
    sign_in(browser, place, ASSESSOR, page_of(place, story))
    looked_at(browser, "unrated")
    Select(browser.find_element(By.ID, "score-image")).select_by_value("1")
    browser.find_element(By.ID, "note-image").clear()
    browser.find_element(By.ID, "note-image").send_keys("Solunum hareketi; çekim yinelenmeli")
    press(browser, "form[aria-labelledby=of-image] button")
    WebDriverWait(browser, 20).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    assert "en az bir neden" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    looked_at(browser, "refused")
    box = browser.find_element(By.ID, "image-motion")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    box.click()
    press(browser, "form[aria-labelledby=of-image] button")
    WebDriverWait(browser, 20).until(lambda driver: "said=rated" in driver.current_url)
    assert "1 / 5" in browser.find_element(By.TAG_NAME, "main").text
    looked_at(browser, "rated")
    browser.find_element(By.LINK_TEXT, "Düşük puanı geri bildir").click()
    assert "1 / 5" in browser.find_element(By.TAG_NAME, "main").text, "the lowest is what is told"
    browser.get(f"{place.hospital.node.url}/gecit/quality?kind=image")
    assert key.accession in browser.find_element(By.TAG_NAME, "main").text
    looked_at(browser, "list")
    browser.find_element(By.LINK_TEXT, key.accession).click()
    Select(browser.find_element(By.ID, "score-image")).select_by_value("4")
    browser.find_element(By.ID, "image-motion").click()
    press(browser, "form[aria-labelledby=of-image] button")
    WebDriverWait(browser, 20).until(lambda driver: "said=rated" in driver.current_url)
    assert "4 / 5" in browser.find_element(By.TAG_NAME, "main").text
    said = [one for one in ratings_of(exam_of(place, story)) if one.kind is RatingKind.IMAGE]
    assert [(one.rater, one.score, one.reasons) for one in said] == [(ASSESSOR, 4, ())]
    browser.get(f"{place.hospital.node.url}/gecit/exams/{key.institution}/{key.accession}")
    assert "Çekim kalitesi" in browser.find_element(By.TAG_NAME, "main").text
    shot(browser, "quality-exam")
    assert fits(browser)


def test_what_the_images_give_away_is_in_the_list_and_on_the_exam_without_a_name(
    browser: webdriver.Chrome, place: Place
) -> None:
    exam = exam_of(place, "mammography")
    codes = {one.code for one in exam.hints}
    assert {"patient-name-differs", "patient-sex-differs"} <= codes
    sign_in(browser, place, ASSESSOR, "/gecit/quality")
    text = browser.find_element(By.TAG_NAME, "main").text
    assert exam.key.accession in text
    assert "Görüntüdeki hasta adı istemdekinden farklı" in text
    looked_at(browser, "hints")
    browser.find_element(By.LINK_TEXT, exam.key.accession).click()
    text = browser.find_element(By.TAG_NAME, "main").text
    assert "PACS taşımalı" in text
    assert place.stories["mammography"].order.patient.family not in text
    looked_at(browser, "hinted")
    browser.execute_script("document.documentElement.dataset.bsTheme = 'dark'")
    looked_at(browser, "hinted-dark")
    browser.get(f"{place.hospital.node.url}/gecit/quality?kind=patient-sex-differs&lang=en")
    assert "The sex differs from the order's" in browser.find_element(By.TAG_NAME, "main").text
    browser.execute_script("document.documentElement.dataset.bsTheme = 'dark'")
    looked_at(browser, "hints-dark")
    browser.get(f"{place.hospital.node.url}/gecit/quality?lang=tr")


def test_of_another_institution_an_assessor_finds_nothing(browser: webdriver.Chrome, place: Place) -> None:
    sign_in(browser, place, FAR, "/gecit/quality")
    assert "Bu süzgece uyan tetkik yok" in browser.find_element(By.TAG_NAME, "main").text
    browser.get(f"{place.hospital.node.url}{page_of(place, 'clean-ct')}")
    assert place.stories["clean-ct"].order.patient.family not in browser.page_source
