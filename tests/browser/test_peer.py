"""Peer review in a real browser on a real Orthanc: drawn, reviewed blind, told, talked about, closed, counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
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
from gecit.core.feedback import Closing
from gecit.core.order import ExamKey
from gecit.core.values import ISTANBUL
from gecit.edges.passwords import hash_password
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, exams_of_the_day
from gecit.steps.attach_report import missing_attachments
from tests.support.chromium import chromium
from tests.support.hospital import Hospital, hospital
from tests.support.node import until

from .test_pages import WIDTHS, shot
from .test_tracking import violations

pytestmark = pytest.mark.browser
PASSWORD = "uzun bir parola 7"
AUTHOR = "Ayşegül Örnekçi"
PEOPLE = (
    Account(name="radyolog", full_name=AUTHOR, roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs),
    Account(name="hakem", full_name="Çağrı Değerlendiren", roles=(Role.ASSESSOR,)),
    Account(name="mudur", full_name="Işıl Yöneten", roles=(Role.MANAGER,), institution=INSTITUTION.skrs),
    Account(name="birim", full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
)
NOTE = "Sağ üst lobda 6 mm nodül atlanmış; ğüşıöç ĞÜŞİÖÇ."
LATER = "return fetch(arguments[0]).then(answer => answer.text().then(text => [answer.status, text]))"


class Place(NamedTuple):
    hospital: Hospital
    exams: tuple[ExamKey, ...]


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser that draws pictures too."""
    width, height = WIDTHS[request.param]
    with chromium(tmp_path_factory.mktemp("chromium"), width=width, height=height) as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hospital whose two exams have images, a report by HL7, and its documents in the study."""
    data = tmp_path_factory.mktemp("peer")
    with hospital(data) as made:
        now = datetime.now(UTC)
        for one in PEOPLE:
            number = RADIOLOGIST.identifier if one.name == "radyolog" else ""
            made.ledger.save_account(replace(one, tckn=number), now)
            made.ledger.set_password(one.name, hash_password(PASSWORD), now)
        chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr")]
        made.play(chosen, data / "sent")
        keys = tuple(one.order.key for one in chosen)
        for key in keys:
            until(lambda key=key: documented(made, key), 90, "the report's documents stand in the study")  # type: ignore[misc]
        yield Place(made, keys)


def documented(made: Hospital, key: ExamKey) -> bool:
    exam = made.exam(key)
    if exam is None or exam.images == 0 or exam.unsettled:
        return False
    return bool(exam.attached) and not missing_attachments(exam)


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


def press(browser: webdriver.Chrome, selector: str) -> None:
    found = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
    found.click()


def wait_for(browser: webdriver.Chrome, text: str) -> None:
    WebDriverWait(browser, 20, ignored_exceptions=[Exception]).until(
        lambda driver: text in driver.find_element(By.TAG_NAME, "body").text
    )


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take a picture in both themes; the page fits its width and passes axe."""
    for theme in ("dark", "light"):
        browser.execute_script("document.documentElement.dataset.bsTheme = arguments[0]", theme)
        browser.execute_script("document.dispatchEvent(new Event('gecit:theme'))")
        shot(browser, f"peer-{name}-{theme}")
        assert violations(browser) == []
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert scroll <= inner
    assert inner in {width for width, _ in WIDTHS.values()}  # a phone widens what does not fit


def named(browser: webdriver.Chrome, key: ExamKey) -> list[str]:
    """What of author and exam stands in the page as it was sent."""
    source = browser.page_source
    secret = (AUTHOR, "Örnekçi", RADIOLOGIST.identifier, INSTITUTION.name, key.accession)
    return [one for one in secret if one in source]


def fetched(browser: webdriver.Chrome, path: str) -> tuple[int, str]:
    """Ask as the page's own scripts do, with the browser's cookie."""
    status, text = browser.execute_script(LATER, path)
    return int(status), str(text)


def exam_of(place: Place, key: ExamKey) -> Exam:
    found = place.hospital.exam(key)
    assert found
    return found


def draw(browser: webdriver.Chrome, place: Place) -> tuple[str, ExamKey]:
    """Draw one exam on the page; each width draws another one, since none is drawn twice."""
    sign_in(browser, place, "birim", "/gecit/samples")
    today = datetime.now(ISTANBUL).strftime("%Y-%m-%d")
    for name in ("since", "until"):
        browser.execute_script("document.getElementById(arguments[0]).value = arguments[1]", name, today)
    for stratum, size in (("critical", "0"), ("low-rating", "0"), ("failing-rule", "0"), ("random", "1")):
        field = browser.find_element(By.ID, f"size-{stratum}")
        field.clear()
        field.send_keys(size)
    press(browser, "input[name=reviewer][value=hakem]")
    looked_at(browser, "samples")
    press(browser, "main form[action$=samples] button")
    WebDriverWait(browser, 20).until(lambda driver: "/samples/" in driver.current_url)
    state = place.hospital.ledger.read_reviews(lambda tx: tx.review_rounds())[0]
    assert len(state.round.picks) == 1
    return state.round.id, state.round.picks[0].exam


def test_a_report_is_reviewed_blind_told_talked_about_and_counted(browser: webdriver.Chrome, place: Place) -> None:
    number, key = draw(browser, place)
    press(browser, "form[action$=again] button")
    wait_for(browser, "aynı tetkikleri verdi")
    looked_at(browser, "round")

    # The assessor: nothing names the author, the viewer's lists and Orthanc itself give pictures alone.
    sign_in(browser, place, "hakem", "/gecit/reviews")
    wait_for(browser, "İncelenecek")
    looked_at(browser, "reviews")
    press(browser, f"a[href$='{number}/1']")
    wait_for(browser, "Değerlendirmeniz")
    assert named(browser, key) == []
    looked_at(browser, "review")
    blind(browser, place, key, f"/gecit/reviews/{number}/1/images")

    browser.get(f"{place.hospital.node.url}/gecit/reviews/{number}/1")
    press(browser, "#score-3")
    Select(browser.find_element(By.ID, "significance")).select_by_value("likely")
    browser.find_element(By.ID, "note").send_keys(NOTE)
    press(browser, "form:has(#score-1) button")
    wait_for(browser, "İnceleme kaydedildi.")
    looked_at(browser, "reviewed")
    press(browser, "form[action$=feedback] button")
    wait_for(browser, "Geri bildirim gönderildi.")
    assert named(browser, key) == []
    thread = urlsplit(browser.current_url).path

    # The radiologist reads it, and does not learn who it was.
    sign_in(browser, place, "radyolog", "/gecit/feedback")
    press(browser, f"a[href$='{thread}']")
    wait_for(browser, NOTE)
    assert "Değerlendiren" not in browser.page_source
    browser.find_element(By.ID, "text").send_keys("Katılıyorum; ek rapor yazacağım.")
    press(browser, "#send")
    wait_for(browser, "ek rapor yazacağım.")
    looked_at(browser, "feedback")

    # The manager closes it.
    sign_in(browser, place, "mudur", thread)
    Select(browser.find_element(By.ID, "outcome")).select_by_value("education")
    browser.find_element(By.ID, "last-word").send_keys("Olgu toplantısında konuşulacak.")
    press(browser, "#close")
    wait_for(browser, "eğitim konusu")
    looked_at(browser, "closed")
    stands = place.hospital.ledger.read_reviews(lambda tx: tx.feedback(thread.rpartition("/")[2]))
    assert stands
    assert (stands.outcome, stands.closed_by) == (Closing.EDUCATION, "mudur")
    assert [one.by for one in stands.messages] == ["hakem", "radyolog"]
    browser.get(f"{place.hospital.node.url}/gecit/figures")
    wait_for(browser, AUTHOR)
    WebDriverWait(browser, 20).until(lambda driver: drawn(driver))
    looked_at(browser, "figures")
    status, text = fetched(browser, "/gecit/figures.pdf?members=Şule Iğdır")
    assert status == 200
    assert text.startswith("%PDF")

    # The round is closed: its images open to the reviewer no more.
    sign_in(browser, place, "birim", f"/gecit/samples/{number}")
    press(browser, "form[action$=close] button")
    wait_for(browser, "kapalı")
    sign_in(browser, place, "hakem", "/gecit/reviews")
    uid = exam_of(place, key).studies[0].facts.study_instance_uid
    until(lambda: fetched(browser, f"/dicom-web/studies/{uid}/metadata")[0] == 403, 20, "the door is shut again")
    assert fetched(browser, f"/gecit/dicom-web/studies/{uid}/series")[1] in ("[]", "")
    severe = [one for one in browser.get_log("browser") if one["level"] == "SEVERE" and " 403 " not in one["message"]]
    assert severe == []


def drawn(browser: webdriver.Chrome) -> bool:
    script = "return [...document.querySelectorAll('canvas[data-chart]')].map(one => !!Chart.getChart(one))"
    found: list[bool] = browser.execute_script(script)
    return bool(found) and all(found)


def blind(browser: webdriver.Chrome, place: Place, key: ExamKey, images: str) -> None:
    """What the viewer's own requests get: pictures; of the report's documents nothing, by whichever address."""
    made = place.hospital
    study = exam_of(place, key).studies[0].facts
    uid = study.study_instance_uid
    stored: list[Any] = made.node.get(f"/studies/{study.key.orthanc_id}/series", headers={}).json()
    by_modality = {one["MainDicomTags"]["Modality"]: one for one in stored}
    assert {"SR", "DOC"} <= set(by_modality)  # they stand beside the pictures
    pictures = next(one.series_instance_uid for one in study.series if one.images)
    status, listed = fetched(browser, f"/gecit/dicom-web/studies/{uid}/series")
    assert status == 200
    assert pictures in listed
    for modality in ("SR", "DOC"):
        series = by_modality[modality]["MainDicomTags"]["SeriesInstanceUID"]
        instance = made.node.get(f"/instances/{by_modality[modality]['Instances'][0]}", headers={}).json()
        sop = instance["MainDicomTags"]["SOPInstanceUID"]
        assert series not in listed
        assert fetched(browser, f"/gecit/dicom-web/studies/{uid}/series/{series}/instances")[1] in ("[]", "")
        for path in (
            f"/dicom-web/studies/{uid}/series/{series}/metadata",
            f"/dicom-web/studies/{uid}/series/{series}/instances/{sop}",
            f"/wado?requestType=WADO&studyUID={uid}&seriesUID={pictures}&objectUID={sop}",
        ):
            assert fetched(browser, path)[0] == 403, path
        # By the address of a series of pictures Orthanc itself gives no instance of another one.
        for rest in ("", "/metadata", "/rendered", "/bulk/00420011"):
            answer, text = fetched(browser, f"/dicom-web/studies/{uid}/series/{pictures}/instances/{sop}{rest}")
            assert answer != 200 or text in ("", "[]"), (rest, text[:200])
    for path in (f"/dicom-web/studies/{uid}", f"/dicom-web/studies/{uid}/metadata", f"/dicom-web/studies/{uid}/series"):
        assert fetched(browser, path)[0] == 403, path
    assert fetched(browser, f"/dicom-web/studies/{uid}/series/{pictures}/metadata")[0] == 200
    browser.get_log("browser")  # what was refused above
    if browser.execute_script("return window.innerWidth") > 600:
        in_the_viewer(browser, f"{made.node.url}{images}")


def in_the_viewer(browser: webdriver.Chrome, address: str) -> None:
    """The viewer shows the pictures, and lists no document."""
    browser.get(address)
    WebDriverWait(browser, 60).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "canvas.cornerstone-canvas"))
    shot(browser, "peer-viewer")
    thumbnails = browser.find_element(By.TAG_NAME, "body").text
    assert "SR" not in thumbnails.split()
    assert AUTHOR not in browser.page_source
