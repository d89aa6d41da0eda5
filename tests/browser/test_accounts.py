# ruff: noqa: F811 -- fixtures are named as what they give
"""Signing in, the own account, users, tokens and institutions in a real browser on a real Orthanc; a provider too."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.store import open_ledger
from gecit.ports import Institution, Station
from tests.support.node import ADMINISTRATOR, Node, free_ports
from tests.support.oidc import CLIENT, SECRET, provider

from .test_pages import WIDTHS, browser, shot  # noqa: F401 -- a fixture
from .test_tracking import violations

pytestmark = pytest.mark.browser
PAGES = {
    "account": "/gecit/account",
    "users": "/gecit/users",
    "user": "/gecit/users/radyolog",
    "new-user": "/gecit/users/new",
    "tokens": "/gecit/tokens",
    "institutions": "/gecit/institutions",
    "institution": "/gecit/institutions/910001",
}
PEOPLE = (
    Account(name="mudur", full_name="Selin Aksoy", roles=(Role.MANAGER,), institution="910001"),
    Account(name="radyolog", full_name="Ayşe Yılmaz", roles=(Role.RADIOLOGIST,), institution="910001"),
    Account(name="eski", full_name="Kapalı Hesap", roles=(Role.CLINICIAN,), institution="910001", disabled=True),
    Account(name="edevletli", full_name="Ayşe Yılmaz", roles=(Role.CITIZEN,), tckn="10000000146"),
    Account(name="Örnek HBYS", roles=(Role.SERVICE,), institution="910001"),
)
PLACE = Institution(
    skrs="910001",
    medula_code="11910001",
    name="Örnek Şehir Hastanesi",
    ownership="public",
    province="Çanakkale",
    aets=("CT1", "MR1"),
    stations=(Station(aet="CT1", modalities=("CT",), host="192.0.2.7"),),
    hl7_peers=("192.0.2.0/28",),
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    (port,) = free_ports(1)
    secret = tmp_path_factory.mktemp("secret") / "client"
    secret.write_text(SECRET)
    settings = {"ISSUER": f"http://127.0.0.1:{port}", "CLIENT_ID": CLIENT, "CLIENT_SECRET_FILE": str(secret)}
    environ = {f"ORTHANC__GECIT__E_DEVLET__{name}": value for name, value in settings.items()}
    environ["ORTHANC__GECIT__E_DEVLET__SCOPE"] = "openid profile kimlik"
    found = Node(tmp_path_factory.mktemp("node"), environ=environ)
    found.add_administrator()
    ledger, now = open_ledger(found.database), datetime.now(UTC)
    ledger.write(lambda tx: tx.record_institution(PLACE, now))
    for one in PEOPLE:
        ledger.save_account(one, now)
    ledger.add_token("0" * 64, "Örnek HBYS", now, None, label="istem ve rapor", institution="910001")
    ledger.close()
    with provider(port, f"{found.url}/gecit/sign-in/by/e-devlet/back"):
        try:
            yield found.start().wait_live()
        finally:
            found.end()


def sign_in(browser: webdriver.Chrome, node: Node, path: str = "/gecit/account") -> None:
    """Open a page as nobody, and sign in where one is sent."""
    browser.get(f"{node.url}/gecit/front")
    browser.delete_all_cookies()
    browser.get(f"{node.url}{path}")
    browser.find_element(By.ID, "name").send_keys(ADMINISTRATOR[0])
    browser.find_element(By.ID, "password").send_keys(ADMINISTRATOR[1])
    browser.find_element(By.CSS_SELECTOR, "main form button").click()
    WebDriverWait(browser, 20).until(lambda page: page.current_url == f"{node.url}{path}")


def press(browser: webdriver.Chrome, selector: str) -> None:
    """Press a button wherever on the page it stands."""
    found = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", found)


def type_into(browser: webdriver.Chrome, **values: str) -> None:
    for name, value in values.items():
        browser.execute_script("arguments[0].value = arguments[1]", browser.find_element(By.ID, name), value)


def fits(browser: webdriver.Chrome, name: str) -> None:
    shot(browser, name)
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert inner in {width for width, _ in WIDTHS.values()} and scroll <= inner, "nothing is scrolled sideways"
    assert violations(browser) == []


def test_the_sign_in_page_fits_and_says_what_is_wrong(browser: webdriver.Chrome, node: Node) -> None:
    browser.get(f"{node.url}/gecit/front")
    browser.delete_all_cookies()
    browser.get(f"{node.url}/gecit/users")
    fits(browser, "sign-in")
    assert "e-Devlet ile oturum aç" in browser.find_element(By.TAG_NAME, "main").text
    type_into(browser, name=ADMINISTRATOR[0], password="wrong")
    press(browser, "main form button")
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    fits(browser, "sign-in-wrong")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_passes_axe(browser: webdriver.Chrome, node: Node, name: str) -> None:
    sign_in(browser, node, PAGES[name])
    browser.get_log("browser")
    browser.refresh()
    fits(browser, name)
    assert browser.get_log("browser") == []


def test_a_user_and_a_token_are_made_and_signing_out_ends_it(browser: webdriver.Chrome, node: Node) -> None:
    sign_in(browser, node, "/gecit/users/new")
    name = f"yeni-{secrets.token_hex(3)}"
    type_into(browser, name=name, full_name="Yeni Kişi", password="kısa")
    press(browser, "#roles-clinician")
    Select(browser.find_element(By.ID, "institution")).select_by_value("910001")
    press(browser, "main form button")
    WebDriverWait(browser, 20).until(lambda page: "12-256" in page.find_element(By.TAG_NAME, "main").text)
    shot(browser, "user-refused")
    assert browser.find_element(By.ID, "full_name").get_attribute("value") == "Yeni Kişi", "what was typed stays"
    type_into(browser, password="mavi trompet 7 kayısı")
    press(browser, "main form button")
    WebDriverWait(browser, 20).until(lambda page: page.current_url.endswith("/gecit/users"))
    assert name in browser.find_element(By.TAG_NAME, "main").text
    browser.get(f"{node.url}/gecit/tokens")
    type_into(browser, program=f"HBYS {name}", label="deneme")
    chosen = "const one = document.getElementById('institution'); one.value = one.options[one.options.length - 1].value"
    browser.execute_script(chosen)  # where there are several none is chosen beforehand
    press(browser, "main form.narrow button")
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.ID, "token"))
    fits(browser, "token-shown")
    browser.get(f"{node.url}/gecit/users")
    press(browser, "form[action='/gecit/sign-out'] button")
    WebDriverWait(browser, 20).until(lambda page: page.current_url.endswith("/gecit/sign-in"))
    browser.get(f"{node.url}/gecit/users")
    assert "/gecit/sign-in" in browser.current_url


def test_somebody_signs_in_by_the_provider(browser: webdriver.Chrome, node: Node) -> None:
    browser.get(f"{node.url}/gecit/front")
    browser.delete_all_cookies()
    browser.get(f"{node.url}/gecit/account")
    press(browser, "a[href*='/gecit/sign-in/by/e-devlet']")
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.NAME, "login"))
    browser.find_element(By.NAME, "login").send_keys("ayse")
    browser.find_element(By.NAME, "password").send_keys("x")
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, 20).until(lambda page: not page.find_elements(By.NAME, "login"))
    if "/gecit/" not in browser.current_url:  # it asks once whether we may know
        browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, 20).until(lambda page: page.current_url == f"{node.url}/gecit/account")
    assert "edevletli" in browser.find_element(By.TAG_NAME, "main").text
    assert "e-Devlet" in browser.find_element(By.TAG_NAME, "table").text
