"""Two nodes of one ledger under two host names, in a real Chromium: signed in once, images open where they lie.

A hospital at each node, and a third one; who is granted to read for another hospital reads from any node.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.exam import Billing
from gecit.core.order import ExamKey
from gecit.core.report import ReportPart, ReportStatus
from gecit.edges.doors import ANSWER_SECONDS
from gecit.edges.system_clock import SystemClock
from gecit.ports import Receiver
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, SECOND_RADIOLOGIST, Act
from gecit.sandbox.hbys import PretendHbys, listening
from gecit.sandbox.play import Player
from tests.support.chromium import chromium, shot
from tests.support.hospital import Hospital, stories_at
from tests.support.node import HOME, until
from tests.support.postgres import Cluster
from tests.support.province import Province, across, address, hospitals, province

from .test_reading import CONCLUSION, FINDINGS, arrived, fill_in, press, wait_for
from .test_viewer import wait_for_picture

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
SHOTS = HOME / "build" / "screenshots"
HOSTS = {"A": "127.0.0.1", "B": "localhost"}  # a cookie of one is not sent to the other
READER = ("dr.isil", "mavi trompet 7 kayısı")
STRANGER = ("dr.uzak", "sarı kaval 3 incir")
_, THERE, THIRD = hospitals(3)
"""Beside the demo's hospital, which is that of node A and of the reader: that of node B, and that of the stranger."""
REFUSED = {"viewer": 404, "editor": 404, "exam": 404, "report": 404, "json": 404, "images": 403}
PATIENCE = 60
HEARD = 10 * ANSWER_SECONDS
"""After which each process of each node has heard of a grant, or of its end, and was asked again, however busy."""


@pytest.fixture(scope="module")
def hbys() -> Iterator[Receiver]:
    """The HBYS of the hospital at B, which takes reports by HL7."""
    with listening(HBYS) as port:
        yield Receiver(host="127.0.0.1", port=port)


HBYS = PretendHbys(SystemClock())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster, hbys: Receiver) -> Iterator[Province]:
    theirs = (INSTITUTION, replace(THERE, receiver=hbys), THIRD)
    with province(tmp_path_factory.mktemp("province"), postgres, hosts=HOSTS, institutions=theirs) as made:
        ledger = made["A"].ledger
        now = ledger.database_time()
        one = Account(name="", full_name="Işıl Örnekçi", roles=(Role.RADIOLOGIST,), institution="")
        people = (READER, INSTITUTION, RADIOLOGIST), (STRANGER, THIRD, SECOND_RADIOLOGIST)
        for (name, password), at, who in people:
            ledger.save_account(replace(one, name=name, institution=at.skrs, tckn=who.identifier), now)
            ledger.set_password(name, PasswordHasher(1, 8, 1).hash(password), now)
        yield made


class Place(NamedTuple):
    """An exam, and under which address a browser asks a node about it."""

    origin: str
    key: ExamKey

    @property
    def path(self) -> str:
        return f"{self.key.institution}/{self.key.accession}"


def sign_in(browser: webdriver.Chrome, made: Province, who: tuple[str, str]) -> None:
    """Sign in at A; B is told by A."""
    here, there = (address(made[name], host) for name, host in HOSTS.items())
    browser.get(f"{here}/gecit/sign-in?next=/gecit/account")
    for name, value in zip(("name", "password"), who, strict=True):
        browser.find_element(By.ID, name).send_keys(value)
    browser.find_element(By.CSS_SELECTOR, "main form button").click()
    wait = WebDriverWait(browser, PATIENCE)
    wait.until(lambda page: page.current_url == f"{here}/gecit/account")
    browser.get(f"{there}/gecit/account?from=A")
    wait.until(lambda page: page.current_url == f"{there}/gecit/account")


def listed(browser: webdriver.Chrome, place: Place) -> dict[str, bool]:
    """On which lists of a node the exam stands: what waits to be read, all exams, and these as JSON."""
    lists = ("/gecit/reading", "/gecit/", "/gecit/api/exams")
    browser.get(f"{place.origin}/gecit/account")
    script = """const [lists, accession] = arguments;
        const ask = async one => (await (await fetch(one)).text()).includes(accession);
        return Promise.all(lists.map(ask))"""
    return dict(zip(lists, browser.execute_script(script, lists, place.key.accession), strict=True))


def answers(browser: webdriver.Chrome, place: Place, study: str) -> dict[str, int]:
    """What each door of a node that leads to the exam answers; 0 = it leads on, to the viewer or to another node."""
    doors = {
        "viewer": f"/gecit/viewer/{place.path}",
        "editor": f"/gecit/reading/exam/{place.path}",
        "exam": f"/gecit/exams/{place.path}",
        "report": f"/gecit/reports/{place.path}",
        "json": f"/gecit/api/exams/{place.path}",
        "images": f"/dicom-web/studies/{study}/metadata",
    }
    browser.get(f"{place.origin}/gecit/account")
    script = "return Promise.all(arguments[0].map(async one => (await fetch(one, {redirect: 'manual'})).status))"
    return dict(zip(doors, browser.execute_script(script, list(doors.values())), strict=True))


def everywhere(browser: webdriver.Chrome, place: Place) -> bool:
    return all(listed(browser, place).values())


def refused(browser: webdriver.Chrome, place: Place, study: str) -> bool:
    return answers(browser, place, study) == REFUSED


def grant(made: Hospital) -> None:
    """Record at a node that the reader may report for the hospital at B."""
    form = {
        "reader": READER[0], "institution": THERE.skrs, "since": "2020-01-01", "until": "2099-12-31",
        "paper": "2026/14", "paper-date": "2020-01-01",
    }  # fmt: skip
    assert made.node.ask("POST", "/gecit/grants", data=form).status_code == 303


def end_grant(made: Hospital) -> None:
    [found] = made.ledger.read(lambda tx: tx.grants())
    assert made.node.ask("POST", f"/gecit/grants/{found.id}/end").status_code == 303


def test_who_is_signed_in_at_a_sees_images_at_b_without_signing_in_again(both: Province, tmp_path: Path) -> None:
    a, b = both["A"], both["B"]
    story = next(one for one in stories_at(0) if one.id == "ultrasound")
    Player(across(hl7=a, images=b), tmp_path).play(story)
    a.results([story])
    key = story.order.key
    here, there = (address(both[name], host) for name, host in HOSTS.items())
    with chromium(tmp_path / "profile") as browser:
        wait = WebDriverWait(browser, PATIENCE)
        browser.get(f"{here}/gecit/viewer/{key.institution}/{key.accession}")
        browser.find_element(By.ID, "name").send_keys(READER[0])
        browser.find_element(By.ID, "password").send_keys(READER[1])
        browser.find_element(By.CSS_SELECTOR, "main form button").click()
        wait.until(lambda page: page.current_url.startswith(f"{there}/gecit/ohif/viewer?"))
        cookies = browser.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
        sessions = [one for one in cookies if one["name"] == "gecit"]
        assert {one["domain"] for one in sessions} == {urlsplit(one).hostname for one in (here, there)}
        assert len({one["value"] for one in sessions}) == 2, "each host has a session of its own"
        browser.get(f"{there}/gecit/account")
        assert urlsplit(browser.current_url).path == "/gecit/account"

        browser.delete_all_cookies()  # of B: the next link asks A again
        browser.get(f"{there}/gecit/account?from=A")
        wait.until(lambda page: page.current_url == f"{there}/gecit/account")

        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.delete_all_cookies()
        browser.get(f"{there}/gecit/account?from=A")
        assert browser.current_url.startswith(f"{here}/gecit/over?")
        for width in (1280, 390):
            screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 800}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            shot(browser, SHOTS / f"over-{width}.png")
        browser.find_element(By.CSS_SELECTOR, "main form button").click()
        wait.until(lambda page: page.current_url == f"{there}/gecit/account")


def test_who_is_granted_reads_another_hospitals_exam_from_any_node_and_nobody_else_does(
    both: Province, tmp_path: Path
) -> None:
    a, b = both["A"], both["B"]
    unread = {
        one.id: replace(one, acts=tuple(act for act in one.acts if act is not Act.REPORT))
        for one in stories_at(60, THERE)
    }
    key, waiting = (unread[one].order.key for one in ("ultrasound", "x-ray"))
    for kind in ("ultrasound", "x-ray"):
        Player(b.running(), tmp_path / "sent", THERE).play(unread[kind])
    for one in (key, waiting):
        until(partial(arrived, a, one), 60, "the images have come")
    exam = a.exam(key)
    assert exam
    assert {one.facts.key.node for one in exam.studies} == {"B"}
    study = exam.studies[0].facts.study_instance_uid
    here, there = (Place(address(both[name], host), key) for name, host in HOSTS.items())
    nodes = (here, there)

    with chromium(tmp_path / "reader") as reader, chromium(tmp_path / "stranger") as stranger:
        wait = WebDriverWait(reader, PATIENCE)
        sign_in(reader, both, READER)
        sign_in(stranger, both, STRANGER)
        for node in nodes:
            assert not any(listed(reader, node).values()), node.origin
            assert answers(reader, node, study) == REFUSED, node.origin

        # Recorded at B, it opens A's lists too: what waits at another node is not left out.
        grant(b)
        for node in nodes:
            until(partial(everywhere, reader, node), HEARD, f"{node.origin} lists it everywhere")
            assert not any(listed(stranger, node).values()), node.origin
            assert answers(stranger, node, study) == REFUSED, node.origin
        pages = {"exam": 200, "report": 200, "json": 200}
        at_images = {**pages, "viewer": 0, "editor": 200, "images": 200}
        until(lambda: answers(reader, there, study) == at_images, HEARD, "the node of the images opens them")
        assert answers(reader, here, study) == {**pages, "viewer": 0, "editor": 0, "images": 403}, "no images here"

        # From A's page of the exam to its images at B, where he is not signed in any more.
        reader.get(f"{there.origin}/gecit/account")
        reader.delete_all_cookies()
        reader.get(f"{here.origin}/gecit/exams/{here.path}")
        press(reader, "a.viewer-link")
        wait.until(lambda page: page.current_url.startswith(f"{there.origin}/gecit/ohif/viewer?"))
        wait_for_picture(reader)

        # From A's reading list to the editor at B, beside the images; there he signs.
        reader.get(f"{here.origin}/gecit/reading")
        assert THERE.name in reader.find_element(By.TAG_NAME, "main").text
        press(reader, f"button[aria-label*='{key.accession}']")
        wait.until(lambda page: page.current_url.startswith(f"{there.origin}/gecit/reading/exam/{there.path}"))
        fill_in(reader, ReportPart.FINDINGS, FINDINGS)
        fill_in(reader, ReportPart.CONCLUSION, CONCLUSION)
        for name in ("request-rating", "image-rating"):
            Select(reader.find_element(By.ID, name)).select_by_value("4")
        reader.find_element(By.ID, "password").send_keys(READER[1])
        press(reader, "button[value=sign]")
        wait_for(reader, "Ek rapor yaz")
        until(lambda: (one := a.exam(key)) and one.billing is Billing.TOLD and one.hospital, 60, "it is reported")
        until(lambda: (one := a.exam(key)) and len(one.attached) == 2, 30, "PDF and SR stand in the study")
        exam = a.exam(key)
        assert exam and exam.report and exam.report.report.status is ReportStatus.FINAL
        assert exam.report.report.radiologists[0].identifier == RADIOLOGIST.identifier
        told = [str(one["content"]["accession"]) for one in a.inspect()["carried_out"]]
        assert told.count(key.accession) == 1
        assert (THERE.skrs, key.accession) in a.effective()
        assert sum(key.accession.encode() in one for one in HBYS.kept.values()) == 1
        for node in nodes:
            reader.get(f"{node.origin}/gecit/reports/{node.path}")
            wait_for(reader, CONCLUSION)
            assert answers(stranger, node, study) == REFUSED, node.origin

        # Ended at B, it is ended at A, for who is signed in, too; the other exam still waits to be read.
        assert all(listed(reader, here._replace(key=waiting)).values())
        end_grant(b)
        for node in nodes:
            until(partial(refused, reader, node, study), HEARD, f"{node.origin} refuses it everywhere")
            assert not any(listed(reader, node._replace(key=waiting)).values()), node.origin
