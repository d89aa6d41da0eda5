# ruff: noqa: F811 -- fixtures are named as what they give
"""A consultation between two institutions in a real browser: asked, answered with a measurement, part of the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.consultation import Consultation, Outcome, State
from gecit.core.order import ExamKey
from gecit.core.report import ReportPart
from gecit.edges.passwords import hash_password
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, Act, exams_of_the_day
from gecit.sandbox.hbys import PretendHbys
from tests.support.hospital import hospital
from tests.support.node import until

from .test_pages import browser, shot  # noqa: F401 -- a fixture
from .test_reading import (
    CONCLUSION,
    FINDINGS,
    PASSWORD,
    Place,
    arrived,
    exam_of,
    fill_in,
    fits,
    press,
    sign_in,
    story_of,
    wait_for,
)
from .test_tracking import violations

pytestmark = pytest.mark.browser
ASKER, ASKED = "radyolog", "konsultan"
AWAY = Institution(skrs="999002", name="Komşu Hastane", ownership="university", province="İzmir")
ACCOUNTS = (
    Account(
        name=ASKER,
        full_name="Ayşegül Örnekçi",
        roles=(Role.RADIOLOGIST,),
        institution=INSTITUTION.skrs,
        tckn=RADIOLOGIST.identifier,
    ),
    Account(name=ASKED, full_name="Ulaş Kurgusal", roles=(Role.CONSULTANT,), institution=AWAY.skrs),
)
QUESTION = "Sol temporal bölgedeki odak kavernom mu, yoksa eski kanama mı?"
OPINION = "Kavernom lehinedir; kontrol MR önerilir."


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hospital whose exams wait to be read, and a physician of another one."""
    data = tmp_path_factory.mktemp("consulting")
    with hospital(data, institutions=(INSTITUTION, AWAY)) as made:
        now = datetime.now(UTC)
        for one in ACCOUNTS:
            made.ledger.save_account(one, now)
            made.ledger.set_password(one.name, hash_password(PASSWORD), now)
        chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr")]
        without = [replace(one, acts=tuple(act for act in one.acts if act is not Act.REPORT)) for one in chosen]
        made.play(without, data / "sent")
        for story in without:
            until(lambda key=story.order.key: arrived(made, key), 60, "the images have come")  # type: ignore[misc]
        yield Place(made, PretendHbys(SystemClock()), {one.id: one for one in without})


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take pictures, light and dark; the page fits its width and passes axe in both."""
    for theme in ("light", "dark"):
        browser.execute_script("document.documentElement.dataset.bsTheme = arguments[0]", theme)
        shot(browser, f"consulting-{name}-{theme}")
        assert fits(browser)
        assert violations(browser) == []
    browser.execute_script("delete document.documentElement.dataset.bsTheme")


def standing(place: Place, key: ExamKey) -> Consultation:
    (one,) = exam_of(place, key).consultations
    return one


def frame_answers(browser: webdriver.Chrome, place: Place, key: ExamKey) -> int:
    """What the door to a series' metadata answers to this browser's own cookie."""
    facts = exam_of(place, key).studies[0].facts
    series = next(one.series_instance_uid for one in facts.series if one.images)
    asking = "fetch(arguments[0], {headers: {Accept: 'application/dicom+json'}}).then(r => arguments[1](r.status))"
    return int(
        browser.execute_async_script(asking, f"/dicom-web/studies/{facts.study_instance_uid}/series/{series}/metadata")
    )


def test_a_hard_case_goes_to_a_physician_elsewhere_and_his_answer_into_the_report(
    browser: webdriver.Chrome, place: Place
) -> None:
    browser.get_log("browser")
    sign_in(browser, place, ASKED, "/gecit/consultations")
    key = story_of(browser, place).order.key  # by the page's width, so once a page is there
    wait_for(browser, "Bana sorulanlar")
    assert "yanıt sırası sizde" not in browser.find_element(By.TAG_NAME, "main").text
    assert frame_answers(browser, place, key) == 403

    # The radiologist reads, writes, and asks.
    sign_in(browser, place, ASKER, "/gecit/reading")
    take = f"button[aria-label*='{key.accession}']"
    until(lambda: browser.refresh() or browser.find_elements(By.CSS_SELECTOR, take), 30, "the exam is on the list")
    press(browser, take)
    wait_for(browser, "Denetim")
    fill_in(browser, ReportPart.FINDINGS, FINDINGS)
    fill_in(browser, ReportPart.CONCLUSION, CONCLUSION)
    wait_for(browser, "Taslak kaydedildi")
    press(browser, "a[href*='/consultations/new/']")
    wait_for(browser, "Kime")
    browser.find_element(By.ID, "to-person").send_keys("kimse")
    browser.find_element(By.ID, "question").send_keys(QUESTION)
    browser.find_element(By.ID, "images").send_keys("1/1")
    press(browser, "main form button.btn-primary")
    wait_for(browser, "Danışılacak hekim bulunamadı")
    looked_at(browser, "ask")
    person = browser.find_element(By.ID, "to-person")
    person.clear()
    person.send_keys(ASKED)
    press(browser, "main form button.btn-primary")
    wait_for(browser, "Soruyu geri çek")
    looked_at(browser, "asked")

    # The physician of the other hospital finds it, looks at the images, answers.
    sign_in(browser, place, ASKED, "/gecit/consultations")
    wait_for(browser, "yanıt sırası sizde")
    looked_at(browser, "inbox")
    press(browser, "a[aria-label*='konsültasyonunu aç']")
    wait_for(browser, QUESTION)
    until(lambda: frame_answers(browser, place, key) == 200, 30, "the study is open")
    patient = exam_of(place, key).patient
    shown = browser.find_element(By.TAG_NAME, "main").text
    assert not any(one in shown for one in (patient.family, patient.given, patient.tckn))
    press(browser, "form[action$=accept] button")
    wait_for(browser, "İmzala ve gönder")
    browser.find_element(By.ID, "text").send_keys(OPINION)
    first = "[name=measured-{}]"
    for column, typed in (("name", "En geniş çap"), ("value", "12,5"), ("image", "1/1")):
        browser.find_elements(By.CSS_SELECTOR, first.format(column))[0].send_keys(typed)
    browser.find_element(By.ID, "password").send_keys("yanlış")
    press(browser, "form[action$=answer] button")
    wait_for(browser, "hiçbir şey imzalanmadı")
    looked_at(browser, "wrong-password")
    assert standing(place, key).answers == ()
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "form[action$=answer] button")
    wait_for(browser, "imzalı")
    looked_at(browser, "answered")
    assert standing(place, key).answers[0].measurements[0].value == 12.5

    # Who asked closes it into the draft, and signs.
    sign_in(browser, place, ASKER, "/gecit/consultations")
    press(browser, f"a[aria-label*='{standing(place, key).id}']")
    wait_for(browser, "Rapora ekleyip kapat")
    looked_at(browser, "to-close")
    press(browser, "button[value=report]")
    wait_for(browser, "Denetim")
    conclusion = str(browser.find_element(By.ID, "part-4").get_attribute("value"))
    assert conclusion.startswith(CONCLUSION)
    assert "Ulaş Kurgusal (Komşu Hastane)" in conclusion
    assert f"{OPINION}\n- En geniş çap: 12,5 mm (seri/görüntü 1/1)" in conclusion
    looked_at(browser, "editor")
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    press(browser, "button[value=sign]")
    wait_for(browser, "Ek rapor yaz")
    report = exam_of(place, key).report
    assert report is not None
    assert OPINION in report.report.parts[ReportPart.CONCLUSION]
    one = standing(place, key)
    assert (one.state, one.outcome) == (State.CLOSED, Outcome.REPORT)

    # For who was asked it is shut, but for his own words.
    sign_in(browser, place, ASKED, "/gecit/consultations")
    until(lambda: frame_answers(browser, place, key) == 403, 30, "the study is shut")
    press(browser, f"a[aria-label*='{one.id}']")
    wait_for(browser, OPINION)
    shown = browser.find_element(By.TAG_NAME, "main").text
    assert QUESTION not in shown
    looked_at(browser, "shut")
    told_so = (" 409 ", " 422 ", " 403 ")
    logged = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    assert [one for one in logged if not any(status in one["message"] for status in told_so)] == []
