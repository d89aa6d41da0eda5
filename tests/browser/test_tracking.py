# ruff: noqa: F811 -- fixtures are named as what they give
"""The tracking pages in a real browser on a real Orthanc: whole stories, contrast and names by axe, light and dark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from bench.million import fill
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from gecit.core import events as e
from gecit.core.order import ExamKey
from gecit.core.webhooks import Subscription
from gecit.edges.store import open_ledger, schema
from gecit.ports import Institution, NewMessage
from tests.support.exams import CLEAN, FRESH, HELD, TCKN, facts, life, order
from tests.support.node import HOME, Node, until

from .test_pages import HELD_PATH, WIDTHS, browser, read, shot, wait_for_text  # noqa: F401 -- a fixture

pytestmark = pytest.mark.browser
AXE = HOME / "build/npm/node_modules/axe-core/axe.min.js"
BUSY_DAY = "2024-03-05"
EXAMS = 200
PAGES = {
    "list": "/gecit/",
    "list-filtered": "/gecit/?outcome=hold&rule=duplicate-query-missing",
    "unlinked": "/gecit/unlinked",
    "exam": HELD_PATH,
    "day": f"/gecit/day?day={BUSY_DAY}",
    "senders": "/gecit/senders",
    "sender": f"/gecit/senders/{HELD.institution}",
    "webhooks": "/gecit/webhooks",
    "report": f"/gecit/reports/{CLEAN.institution}/{CLEAN.accession}",
    "health-page": "/gecit/health",
    "front": "/gecit/front",
    "front-all": "/gecit/front?all=",
    "document": "/gecit/front/documents/conformance/hl7.md",
    "document-with-tables": "/gecit/front/documents/rules.md",
    "audit": "/gecit/audit",
    "sign-in": "/gecit/sign-in",
    "users": "/gecit/users",
    "user": "/gecit/users/new",
    "tokens": "/gecit/tokens",
    "institutions": "/gecit/institutions",
    "account": "/gecit/account",
    "not-found": "/gecit/users/nobody",
}
CHARTS = {"day": 4, "sender": 2}
REFUSAL = (
    b"MSH|^~\\&|GECIT\rMSA|AE|7|x\rERR|PID^1^3^tckn-wrong&TCKN yanl\xc4\xb1\xc5\x9f&GECIT&tckn-wrong&wrong TCKN&GECIT\r"
)


def prepare(node: Node) -> None:
    """A few hundred exams of other years, and this moment: a held exam, a silent device, a parked delivery."""
    now = datetime.now(UTC)
    ledger = open_ledger(node.database)
    fill(ledger, EXAMS, held=40)
    undosed = ExamKey(institution=HELD.institution, accession="DOZSUZ-1")
    made = facts(undosed)
    lost = facts(ExamKey(institution=HELD.institution, accession="KAYIP-1"))
    silent = replace(order(undosed), ordered_at=now - timedelta(hours=5))
    message = NewMessage(
        received_at=now, peer="::1", institution=HELD.institution, sender=("HBYS", "H"), control_id="7", digest="0",
        raw=b"MSH", answer=REFUSAL, answer_code="AE",
    )  # fmt: skip
    institution = Institution(skrs=HELD.institution, medula_code="11910001", name="Örnek Hastanesi")

    told = Subscription(
        id="wh-1", institution=HELD.institution, url="https://hbys.example/gecit", secret="", created_at=now, by="hbys"
    )

    def work(tx: object) -> None:
        for one in (*life(HELD), *life(CLEAN), e.OrderPlaced(exam=FRESH, at=now, order=order(FRESH), message=3)):
            tx.append(one)  # type: ignore[attr-defined]
        tx.append(e.OrderPlaced(exam=undosed, at=now, order=silent, message=4))  # type: ignore[attr-defined]
        tx.append(e.StudyLinked(exam=undosed, at=now, facts=made, path="p"))  # type: ignore[attr-defined]
        tx.append(e.StudyFactsRecorded(study=lost.key, at=now, facts=lost))  # type: ignore[attr-defined]
        tx.record_institution(institution, now)  # type: ignore[attr-defined]
        tx.add_message(message)  # type: ignore[attr-defined]
        tx.queue("medula", "notify", "k1", CLEAN, b"{}", now + timedelta(days=900))  # type: ignore[attr-defined]
        tx.add_webhook(told)  # type: ignore[attr-defined]
        tx.queue("webhook", "verdict-changed", "wh-1:a", HELD, b"{}", now + timedelta(days=900))  # type: ignore[attr-defined]

    ledger.write(work)
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).values(state="parked", last_error="503 kapalı", attempts=3))
    ledger.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    found = Node(tmp_path_factory.mktemp("node"))
    found.add_administrator()
    prepare(found)
    try:
        yield found.start().wait_live()
    finally:
        found.end()


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, browser: webdriver.Chrome) -> Iterator[str]:
    feature = {"name": "prefers-color-scheme", "value": request.param}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    yield request.param
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def violations(driver: webdriver.Chrome) -> list[str]:
    """What axe finds wrong by WCAG 2.2 A and AA; it is injected past the page's own policy, by the debugger."""
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = driver.execute_async_script(
        "const done = arguments[0], say = one => `${one.target} ${one.failureSummary}`;"
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        ".then(found => done(found.violations.map(one => `${one.id}: ${one.nodes.map(say).join(' | ')}`)))"
    )
    return [str(one) for one in found]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_keeps_its_policy_and_passes_axe(
    browser: webdriver.Chrome,
    node: Node,
    theme: str,
    name: str,
) -> None:
    browser.get_log("browser")
    address = PAGES[name]
    read(browser, node, f"{address}{'&' if '?' in address else '?'}lang=tr")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("data-bs-theme") == theme
    if name in CHARTS:
        WebDriverWait(browser, 20).until(
            lambda page: page.execute_script("return Object.keys(Chart.instances).length") >= CHARTS[name]
        )
    shot(browser, f"{name}-{theme}")
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert inner in {width for width, _ in WIDTHS.values()} and scroll <= inner, "nothing is scrolled sideways"
    own = {"health-page": "status of 503", "not-found": "status of 404"}.get(name, "nothing")
    assert [one for one in browser.get_log("browser") if own not in one["message"]] == []
    assert violations(browser) == []


def test_somebody_filters_opens_an_exam_and_reads_what_to_mend(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit/?lang=tr")
    Select(browser.find_element(By.ID, "rule")).select_by_value("duplicate-query-missing")
    browser.execute_script(
        "for (const one of ['from', 'to']) document.getElementById(one).value = arguments[0]", BUSY_DAY
    )
    browser.find_element(By.CSS_SELECTOR, "form[role=search] button").click()
    WebDriverWait(browser, 20).until(lambda page: "rule=duplicate-query-missing" in page.current_url)
    rows = browser.find_elements(By.CSS_SELECTOR, "#rows tr")
    assert len(rows) == 40
    rows[0].find_element(By.TAG_NAME, "a").click()
    wait_for_text(browser, lambda text: "Eksik olan ve düzeltecek kişi" in text)
    first = browser.find_element(By.CSS_SELECTOR, "article.finding.open").text
    assert "HBYS" in first and "Kuralın kaynağı" in first and "duplicate-query-missing" in first


def test_a_patient_is_found_without_the_number_in_the_address(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit/?lang=tr")
    browser.find_element(By.XPATH, "//summary[text()='TCKN ile ara']").click()
    browser.find_element(By.ID, "tckn").send_keys(TCKN)
    browser.find_element(By.CSS_SELECTOR, "form[action='/gecit/patient'] button").click()
    wait_for_text(browser, lambda text: "Hastanın tetkikleri" in text and HELD.accession in text)
    assert TCKN not in browser.current_url and TCKN not in browser.page_source
    assert TCKN not in node.log_text()


def test_an_open_list_shows_what_changes_and_swaps_no_other_line(browser: webdriver.Chrome, node: Node) -> None:
    ledger = open_ledger(node.database)
    until(lambda: not ledger.read(lambda tx: tx.due(datetime.now(UTC), 1)), 30, "everything is judged")
    read(browser, node, "/gecit/?lang=tr")
    mark = "document.querySelectorAll('#rows tr').forEach(one => one.dataset.before = 'yes')"
    browser.execute_script(mark)
    name = f"Yeni ad {browser.get_window_size()['width']} {datetime.now(UTC):%H%M%S}"
    changed = replace(order(FRESH), procedures=(replace(order(FRESH).procedures[0], sut_name=name),))
    ledger.write(lambda tx: tx.append(e.OrderChanged(exam=FRESH, at=datetime.now(UTC), order=changed, message=9)))
    ledger.close()
    wait_for_text(browser, lambda text: name in text)
    script = "return [...document.querySelectorAll('#rows tr')].map(one => [one.innerText, one.dataset.before])"
    rows = browser.execute_script(script)
    swapped = [text for text, before in rows if not before]
    assert len(rows) > 2 and len(swapped) == 1 and name in swapped[0]


def test_a_view_is_saved_opened_and_deleted(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit/?lang=tr&outcome=hold")
    details = browser.find_element(By.XPATH, "//details[summary='Kayıtlı görünümler']")
    if not details.get_attribute("open"):
        details.find_element(By.TAG_NAME, "summary").click()
    browser.find_element(By.ID, "view-name").send_keys("Tutulanlar")
    browser.find_element(By.XPATH, "//button[text()='Görünümü kaydet']").click()
    wait_for_text(browser, lambda text: "Görünüm kaydedildi" in text)
    browser.find_element(By.LINK_TEXT, "Tutulanlar").click()
    WebDriverWait(browser, 20).until(lambda page: page.current_url.endswith("?outcome=hold"))
    browser.find_element(By.XPATH, "//button[text()='Sil']").click()
    wait_for_text(browser, lambda text: "Görünüm silindi" in text and "Tutulanlar" not in text)


def test_an_export_is_made_by_a_process_of_its_own_and_taken(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, f"/gecit/?lang=tr&rule=duplicate-query-missing&from={BUSY_DAY}&to={BUSY_DAY}")
    browser.find_element(By.XPATH, "//button[text()='CSV olarak aktar']").click()
    wait_for_text(browser, lambda text: "40 tetkik hazır." in text)
    address = browser.find_element(By.LINK_TEXT, "İndir").get_attribute("href")
    assert address
    answer = node.get(address.removeprefix(node.url))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="gecit-')
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 41 and rows[0][1] == "Erişim numarası"
    assert {row[9] for row in rows[1:]} == {"Tutuldu"}


def test_a_parked_delivery_is_tried_again_from_the_list(browser: webdriver.Chrome, node: Node) -> None:
    ledger = open_ledger(node.database)
    with ledger.engine.begin() as connection:
        connection.execute(sa.update(schema.outbox).where(schema.outbox.c.key == "k1").values(state="parked"))
    read(browser, node, "/gecit/?lang=tr&billing=parked")
    wanted = f"{CLEAN.institution}~{CLEAN.accession}"  # the held exam's webhook is parked too: which comes first varies
    browser.find_element(By.CSS_SELECTOR, f"input[type=checkbox][name=exam][value='{wanted}']").click()
    browser.find_element(By.XPATH, "//button[text()='Seçilenleri yeniden gönder']").click()
    wait_for_text(browser, lambda text: "1 gönderim yeniden kuyrukta" in text)
    assert [one.state for one in ledger.deliveries_of(CLEAN)] != ["parked"]
    ledger.close()


def test_the_switch_of_light_and_dark_is_kept(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit/health?lang=tr")
    root = browser.find_element(By.TAG_NAME, "html")
    before = root.get_attribute("data-bs-theme")
    toggler = browser.find_element(By.CSS_SELECTOR, ".navbar-toggler")
    if toggler.is_displayed():
        toggler.click()
        WebDriverWait(browser, 20).until(lambda page: page.find_element(By.ID, "theme").is_displayed())
    browser.find_element(By.ID, "theme").click()
    read(browser, node, "/gecit/?lang=tr")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("data-bs-theme") != before
    browser.delete_cookie("gecit_theme")
