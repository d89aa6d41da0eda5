"""Two nodes of one ledger under two host names, in a real Chromium: signed in once, images open where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from argon2 import PasswordHasher
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.sandbox.day import INSTITUTION
from gecit.sandbox.play import Player
from tests.support.chromium import chromium, shot
from tests.support.hospital import stories_at
from tests.support.node import HOME
from tests.support.postgres import Cluster
from tests.support.province import Province, across, address, province

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
SHOTS = HOME / "build" / "screenshots"
HOSTS = {"A": "127.0.0.1", "B": "localhost"}  # a cookie of one is not sent to the other
READER = ("dr.isil", "mavi trompet 7 kayısı")
PATIENCE = 60


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("province"), postgres, hosts=HOSTS) as made:
        ledger = made["A"].ledger
        now = ledger.database_time()
        account = Account(name=READER[0], roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs)
        ledger.save_account(account, now)
        ledger.set_password(READER[0], PasswordHasher(1, 8, 1).hash(READER[1]), now)
        yield made


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
