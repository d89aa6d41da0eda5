# ruff: noqa: F811 -- fixtures are named as what they give
"""A critical finding in a real browser: marked by a radiologist, mailed, read at the hospital; and pages beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.critical import State
from gecit.edges.passwords import hash_password
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, Act, ExamStory, exams_of_the_day
from tests.support.hospital import Hospital, hospital
from tests.support.node import until
from tests.support.postgres import free_port

from . import test_reading as reading
from .test_pages import browser  # noqa: F401 -- a fixture
from .test_reading import PASSWORD, arrived, press, wait_for

pytestmark = pytest.mark.browser
READER, DOCTOR, MANAGER, UNIT = "radyolog", "hekim", "mudur", "birim"
WHAT = "Sağ frontalde akut kanama, orta hat kayması 8 mm"
PDF = b"%PDF-1.7\n" + b"0" * 1_400_000  # nearly as long as one may be


class Post:
    """What a real SMTP server was given."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.got.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


class Place(NamedTuple):
    hospital: Hospital
    stories: dict[str, ExamStory]
    post: Post


def people() -> list[Account]:
    own = INSTITUTION.skrs
    return [
        Account(
            name=READER,
            full_name="Ayşegül Örnekçi",
            roles=(Role.RADIOLOGIST,),
            institution=own,
            tckn=RADIOLOGIST.identifier,
        ),
        Account(name=DOCTOR, full_name="Deneme Hekim", roles=(Role.CLINICIAN,), institution=own),
        Account(name=MANAGER, full_name="Deneme Müdür", roles=(Role.MANAGER,), institution=own),
        Account(name=UNIT, full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A hospital whose exams wait to be read, and a mail server for those on duty there."""
    data, post = tmp_path_factory.mktemp("critical"), Post()
    server = Controller(post, hostname="127.0.0.1", port=free_port())
    server.start()
    environ = {
        "ORTHANC__GECIT__ALERTS__SMTP_HOST": "127.0.0.1",
        "ORTHANC__GECIT__ALERTS__SMTP_PORT": str(server.port),
        "ORTHANC__GECIT__ALERTS__SMTP_SECURITY": "None",
        "ORTHANC__GECIT__ALERTS__EMAIL_FROM": "gecit@hastane.example",
        "ORTHANC__GECIT__CRITICAL__EMAIL_TO": f"{INSTITUTION.skrs} nobet@hastane.example",
    }
    try:
        with hospital(data, environ) as made:
            now = datetime.now(UTC)
            for one in people():
                made.ledger.save_account(one, now)
                made.ledger.set_password(one.name, hash_password(PASSWORD), now)
            chosen = [one for one in exams_of_the_day(now) if one.id in ("clean-ct", "mr")]
            without = [replace(one, acts=tuple(act for act in one.acts if act is not Act.REPORT)) for one in chosen]
            made.play(without, data / "sent")
            for story in without:
                until(lambda key=story.order.key: arrived(made, key), 60, "the images have come")  # type: ignore[misc]
            yield Place(made, {one.id: one for one in without}, post)
    finally:
        server.stop()


def sign_in(browser: webdriver.Chrome, place: Place, who: str, then: str) -> None:
    reading.sign_in(browser, place, who, then)  # type: ignore[arg-type]


def looked_at(browser: webdriver.Chrome, name: str) -> None:
    """Take a picture in light and in dark; the page fits its width and passes axe."""
    reading.looked_at(browser, name)
    browser.execute_script("document.documentElement.dataset.bsTheme = 'dark'")
    reading.looked_at(browser, f"{name}-dark")
    browser.execute_script("delete document.documentElement.dataset.bsTheme")


def test_it_is_marked_mailed_read_and_seen_to_be_read(browser: webdriver.Chrome, place: Place) -> None:
    made, before = place.hospital, len(place.post.got)
    sign_in(browser, place, READER, "/gecit/reading")
    story = reading.story_of(browser, place)  # type: ignore[arg-type]
    key = story.order.key
    press(browser, f"button[aria-label*='{key.accession}']")
    wait_for(browser, "Kritik bulgu")
    browser.find_element(By.ID, "critical").send_keys(WHAT)
    press(browser, "button[formaction*='/critical/mark/']")
    wait_for(browser, "okunmadı")
    looked_at(browser, "critical-editor")

    until(lambda: len(place.post.got) > before, 30, "the mail has come")
    to, mail = place.post.got[-1]
    text = mail["Subject"] + mail.get_content()
    assert to == ["nobet@hastane.example"]
    assert "/gecit/critical" in text
    for secret in (WHAT, key.accession, story.order.patient.tckn, story.order.patient.family):
        assert secret not in text

    sign_in(browser, place, DOCTOR, "/gecit/critical")
    wait_for(browser, WHAT)
    looked_at(browser, "critical")
    press(browser, f"button[aria-label*='{key.accession}']")
    wait_for(browser, "Okunmayı bekleyen kritik bulgu yok.")
    exam = made.exam(key)
    assert exam
    assert exam.critical
    assert (exam.critical.state, [one.by for one in exam.critical.receipts]) == (State.READ, [DOCTOR])
    browser.get(f"{made.node.url}/gecit/exams/{key.institution}/{key.accession}")
    wait_for(browser, "Kritik bulgu okundu")
    sign_in(browser, place, READER, "/gecit/critical")
    wait_for(browser, f"{DOCTOR} (")
    looked_at(browser, "critical-read")


def test_templates_are_kept_on_pages(browser: webdriver.Chrome, place: Place) -> None:
    sign_in(browser, place, MANAGER, "/gecit/templates")
    press(browser, f"main a[href$='/{INSTITUTION.skrs}']")
    wait_for(browser, "Kurumun rapor şablonları")
    area = browser.find_element(By.ID, "part-3")
    area.clear()
    area.send_keys("Kurumun satırı:")
    press(browser, "form[method=post] button.btn-primary")
    wait_for(browser, "TOML")
    looked_at(browser, "templates")
    assert urlsplit(browser.current_url).path == f"/gecit/templates/of/{INSTITUTION.skrs}"


def test_a_group_and_a_grant_with_its_paper(browser: webdriver.Chrome, place: Place, tmp_path: Path) -> None:
    paper = tmp_path / "basvuru.pdf"
    paper.write_bytes(PDF)
    sign_in(browser, place, UNIT, "/gecit/groups")
    name = f"Nöro {browser.execute_script('return window.innerWidth')}"
    browser.find_element(By.ID, "name-new").send_keys(name)
    browser.find_element(By.CSS_SELECTOR, f"#account-newb1 option[value={READER}]").click()
    press(browser, "main form[action$='/groups'] button")
    wait_for(browser, "şu an 1 üye")
    looked_at(browser, "groups")
    sign_in(browser, place, UNIT, "/gecit/grants")
    press(browser, "input[name=group]")
    press(browser, f"input[name=institution][value='{INSTITUTION.skrs}']")
    for field, day in (("since", "2020-01-01"), ("until", "2099-12-31"), ("paper-date", "2020-01-01")):
        browser.execute_script("document.getElementById(arguments[0]).value = arguments[1]", field, day)
    browser.find_element(By.ID, "paper").send_keys("2026/15")
    browser.find_element(By.ID, "file").send_keys(str(paper))
    press(browser, "main form[action$=grants] button")
    wait_for(browser, "2026/15")
    looked_at(browser, "grants-paper")
    grant = max(place.hospital.ledger.read(lambda tx: tx.grants()), key=lambda one: one.recorded_at or one.since)
    assert grant.paper.digest == hashlib.sha256(PDF).hexdigest()
    sign_in(browser, place, READER, "/gecit/reading/drafts")
    wait_for(browser, "İmzalamadığım taslaklar")
    looked_at(browser, "drafts")
