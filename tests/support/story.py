"""People of one story, each in a browser of the own, at a real node with an HBYS, a mail server and a provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import hl7
import requests
from aiosmtpd.controller import Controller
from msgspec.structs import replace
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.exam import Exam
from gecit.core.order import ExamKey, Patient
from gecit.edges.credentials import COOKIE, VISIT
from gecit.edges.passwords import hash_password
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution, Receiver
from gecit.sandbox.day import INSTITUTION, RADIOLOGIST, SECOND_RADIOLOGIST, Act, ExamStory, exams_of_the_day
from gecit.sandbox.hbys import PretendHbys, listening

from .chromium import chromium
from .hospital import Hospital, hospital
from .node import free_ports, until
from .oidc import CLIENT, SECRET, provider

PASSWORD = "uzun bir parola 7"
TCKN = "10000000146"  # of `ayse`, as tests/oidc/provider.mjs has her
AWAY = Institution(skrs="999002", name="Komşu Hastane", ownership="university", province="İzmir")
READER, ASKED, DOCTOR, FAR, ASSESSOR, MANAGER, UNIT, CITIZEN = (
    "radyolog", "konsultan", "hekim", "uzak-hekim", "hakem", "mudur", "birim", "ayse-v",
)  # fmt: skip
VISITOR = "gelen"  # by a link; he has no account
PEOPLE = (
    Account(name=READER, full_name="Ayşegül Örnekçi", roles=(Role.RADIOLOGIST,), institution=INSTITUTION.skrs,
            tckn=RADIOLOGIST.identifier),
    Account(name=DOCTOR, full_name="Deneme Hekim", roles=(Role.CLINICIAN,), institution=INSTITUTION.skrs),
    Account(name=MANAGER, full_name="Işıl Yöneten", roles=(Role.MANAGER,), institution=INSTITUTION.skrs),
    Account(name=ASKED, full_name="Ulaş Kurgusal", roles=(Role.CONSULTANT,), institution=AWAY.skrs),
    Account(name=FAR, full_name="Zeki Uzakta", roles=(Role.CLINICIAN,), institution=AWAY.skrs,
            tckn=SECOND_RADIOLOGIST.identifier),
    Account(name=ASSESSOR, full_name="Çağrı Değerlendiren", roles=(Role.ASSESSOR,)),
    Account(name=UNIT, full_name="Birim Yöneticisi", roles=(Role.ADMINISTRATOR,)),
    Account(name=CITIZEN, full_name="Şule Örnekoğlu", roles=(Role.CITIZEN,), tckn=TCKN),
)  # fmt: skip
BROWSER_SECONDS = 30
Browser = webdriver.Chrome


class Post:
    """What a real SMTP server was given, as text."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.got.append(message.get_content())  # type: ignore[attr-defined]
        return "250 OK"


class Folk:
    """A browser for each person, with a profile of its own, opened when the person first comes."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self._url, self._folder, self._stack = url, folder, stack
        self._open: dict[str, Browser] = {}
        self.cookies: set[str] = set()

    def browser(self, who: str) -> Browser:
        """Return a person's browser; the citizen and the visitor hold a phone."""
        if who not in self._open:
            width = 390 if who in (CITIZEN, VISITOR) else 1280
            made = chromium(self._folder / who, width=width, height=900)
            self._open[who] = self._stack.enter_context(made)
        return self._open[who]

    def at(self, who: str, path: str) -> Browser:
        """Bring a person to a page, signed in by password on the way where that is needed."""
        browser = self.browser(who)
        browser.get(f"{self._url}{path}")
        if urlsplit(browser.current_url).path == "/gecit/sign-in":
            browser.find_element(By.ID, "name").send_keys(who)
            browser.find_element(By.ID, "password").send_keys(PASSWORD)
            press(browser, "main button[type=submit]")
            arrived_at(browser, urlsplit(path).path)
        return browser

    def by_provider(self, who: str, login: str) -> Browser:
        """Sign in at the provider of identities, from the sign-in page on."""
        browser = self.browser(who)
        browser.get(f"{self._url}/gecit/sign-in")
        press(browser, "a[href*='/gecit/sign-in/by/e-devlet']")
        shown(browser, "[name=login]")
        browser.find_element(By.NAME, "login").send_keys(login)
        browser.find_element(By.NAME, "password").send_keys("x")
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        wait(browser, lambda one: not one.find_elements(By.NAME, "login"), "the provider knows who it is")
        if "/gecit/" not in browser.current_url:  # it asks once whether we may know
            browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        arrived_at(browser, "/gecit/own")
        return browser

    def ask(self, who: str, path: str) -> requests.Response:
        """Ask with the cookies of a person's browser."""
        cookies = {one["name"]: one["value"] for one in self.browser(who).get_cookies()}
        self.cookies |= {value for name, value in cookies.items() if name in (COOKIE, VISIT)}
        return requests.get(f"{self._url}{path}", cookies=cookies, timeout=20, allow_redirects=False)


class Stage(NamedTuple):
    """Where it happens: one exam has come with its images and waits to be read."""

    hospital: Hospital
    hbys: PretendHbys
    post: Post
    folk: Folk
    key: ExamKey
    patient: Patient

    def exam(self) -> Exam:
        """Return the exam as the ledger has it."""
        found = self.hospital.exam(self.key)
        assert found
        return found

    @property
    def named(self) -> str:
        """The exam in an address."""
        return f"{self.key.institution}/{self.key.accession}"

    @property
    def study(self) -> str:
        """StudyInstanceUID of its images."""
        return self.exam().studies[0].facts.study_instance_uid

    def images(self, who: str) -> int:
        """Return what DICOMweb answers to a person who asks for a series of images, as whoever is outside must."""
        facts = self.exam().studies[0].facts
        series = next(one.series_instance_uid for one in facts.series if one.images)
        path = f"/dicom-web/studies/{facts.study_instance_uid}/series/{series}/metadata"
        return self.folk.ask(who, path).status_code

    def told(self) -> list[hl7.Message]:
        """Return the reports that the HBYS got of the exam, the oldest first."""
        found = [hl7.parse(frame.decode("utf-8").strip("\x0b\x1c\r\n")) for frame in self.hbys.kept.values()]
        return [one for one in found if self.key.accession in str(one)]


@contextmanager
def stage(data: Path, database: str = "") -> Iterator[Stage]:
    """Set all up, send the order by MLLP and the images by C-STORE, and wait until they have come."""
    with ExitStack() as stack:
        post, hbys = Post(), PretendHbys(SystemClock())
        mail_port, issuer_port = free_ports(2)
        mail = Controller(post, hostname="127.0.0.1", port=mail_port)
        mail.start()
        stack.callback(mail.stop)
        receiver = Receiver(host="127.0.0.1", port=stack.enter_context(listening(hbys)))
        environ = _environ(data, mail_port, issuer_port)
        places = (replace(INSTITUTION, receiver=receiver), AWAY)
        made = stack.enter_context(hospital(data, environ, places, database))
        back = f"{made.node.url}/gecit/sign-in/by/e-devlet/back"
        stack.enter_context(provider(issuer_port, back))
        now = datetime.now(UTC)
        for one in PEOPLE:
            made.ledger.save_account(one, now)
            if one.name != CITIZEN:
                made.ledger.set_password(one.name, hash_password(PASSWORD), now)
        story = _exam(now)
        made.play([story], data / "sent")
        folk = Folk(made.node.url, data.with_name("chromium"), stack)
        found = Stage(made, hbys, post, folk, story.order.key, story.order.patient)
        until(lambda: (one := made.exam(found.key)) and one.images and not one.unsettled, 60, "the images have come")
        yield found


def _environ(data: Path, mail: int, issuer: int) -> dict[str, str]:
    data.mkdir(parents=True, exist_ok=True)
    secret = data / "oidc-client"
    secret.write_text(SECRET)
    settings = {
        "ALERTS__SMTP_HOST": "127.0.0.1",
        "ALERTS__SMTP_PORT": str(mail),
        "ALERTS__SMTP_SECURITY": "None",
        "ALERTS__EMAIL_FROM": "gecit@hastane.example",
        "CRITICAL__EMAIL_TO": f"{INSTITUTION.skrs} nobet@hastane.example",
        "SHARING__EMAIL": "true",
        "E_DEVLET__ISSUER": f"http://127.0.0.1:{issuer}",
        "E_DEVLET__CLIENT_ID": CLIENT,
        "E_DEVLET__CLIENT_SECRET_FILE": str(secret),
        "E_DEVLET__SCOPE": "openid profile kimlik",
    }
    return {f"ORTHANC__GECIT__{name}": value for name, value in settings.items()}


def _exam(now: datetime) -> ExamStory:
    """The day's CT, of the citizen whom the provider knows, without the report that the HBYS would send."""
    one = next(one for one in exams_of_the_day(now) if one.id == "clean-ct")
    order = replace(one.order, patient=replace(one.order.patient, tckn=TCKN))
    return replace(one, order=order, acts=tuple(act for act in one.acts if act is not Act.REPORT))


# What a person does and sees


def wait(browser: Browser, true: Callable[[Browser], object], what: str, seconds: float = BROWSER_SECONDS) -> None:
    """Wait until something is true of a page, whatever it is being replaced by meanwhile; fails with what it shows."""
    try:
        WebDriverWait(browser, seconds, ignored_exceptions=[WebDriverException]).until(true)
    except TimeoutException:
        shows = browser.find_element(By.TAG_NAME, "body").text
        raise AssertionError(f"after {seconds} s still not: {what}; {browser.current_url} shows {shows}") from None


def press(browser: Browser, selector: str) -> None:
    """Press what is shown, brought to the middle first: the header stays at the top."""
    found = shown(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", found)
    found.click()


def shown(browser: Browser, selector: str) -> Any:
    """Return an element once it is there."""
    wait(browser, lambda one: one.find_elements(By.CSS_SELECTOR, selector), f"{selector} is shown")
    return browser.find_element(By.CSS_SELECTOR, selector)


def write(browser: Browser, **values: str) -> None:
    """Write into fields by their ids (`_` for `-`), in place of what stands there."""
    for name, value in values.items():
        field = shown(browser, f"#{name.replace('_', '-')}")
        field.clear()
        field.send_keys(value)


def put(browser: Browser, **values: str) -> None:
    """Set fields whose own keyboard is another one, as those of days."""
    for name, value in values.items():
        browser.execute_script("arguments[0].value = arguments[1]", shown(browser, f"#{name.replace('_', '-')}"), value)


def says(browser: Browser, text: str) -> None:
    """Wait until a page shows a text."""
    wait(browser, lambda one: text in one.find_element(By.TAG_NAME, "body").text, f"{text!r} is shown")


def said(browser: Browser) -> str:
    """Return what a page shows."""
    return str(browser.find_element(By.TAG_NAME, "main").text)


def arrived_at(browser: Browser, path: str) -> None:
    """Wait until a page is there as a whole."""
    wait(browser, lambda one: urlsplit(one.current_url).path == path, f"{path} is open")
    wait(browser, lambda one: one.execute_script("return document.readyState") == "complete", f"{path} is whole")


def next_week() -> str:
    """Return a day as a field of days takes it."""
    return (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


def code_in(text: str) -> str:
    """Return the one-time code of a message; "" where there is none."""
    found = re.search(r"\d{4} \d{4}", text)
    return found.group() if found else ""
