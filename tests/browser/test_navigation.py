# ruff: noqa: F811 -- fixtures are named as what they give
"""The bar of the pages in a real browser: folded groups by mouse and by keyboard, on a desk and on a phone, by axe."""

from __future__ import annotations

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.node import Node

from .test_pages import browser, node, open_navigation, read, shot  # noqa: F401 -- fixtures
from .test_tracking import violations

pytestmark = pytest.mark.browser
TOGGLES = "header .dropdown-toggle"


def toggle(browser: webdriver.Chrome, name: str) -> WebElement:
    return next(one for one in browser.find_elements(By.CSS_SELECTOR, TOGGLES) if one.text.split("\n")[0] == name)


def opened(browser: webdriver.Chrome) -> list[str]:
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, "header .dropdown-menu.show .dropdown-item")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_open_group_shows_its_places_and_passes_axe(browser: webdriver.Chrome, node: Node, theme: str) -> None:
    browser.get(node.url + "/gecit/sign-in")
    browser.add_cookie({"name": "gecit_theme", "value": theme, "path": "/"})
    read(browser, node, "/gecit/health?lang=tr")
    open_navigation(browser)
    assert [one.text for one in browser.find_elements(By.CSS_SELECTOR, TOGGLES)][:2] == ["Takip", "Okuma"]
    toggle(browser, "Yönetim").click()
    WebDriverWait(browser, 20).until(lambda page: "Kurumlar" in opened(page))
    shot(browser, f"navigation-{theme}")
    assert violations(browser) == []
    inner, scroll = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert scroll <= inner, "nothing is scrolled sideways"
    current = browser.find_elements(By.CSS_SELECTOR, "header a[aria-current=page]")
    assert [one.text for one in current] == ["Sistem durumu"]
    assert toggle(browser, "Yönetim").get_attribute("aria-current") == "true"
    browser.find_element(By.LINK_TEXT, "Kurumlar").click()
    assert browser.find_element(By.TAG_NAME, "h1").text == "Kurumlar"
    browser.delete_cookie("gecit_theme")


def test_the_keyboard_opens_a_group_walks_in_it_and_leaves_it(browser: webdriver.Chrome, node: Node) -> None:
    read(browser, node, "/gecit/?lang=en")
    open_navigation(browser)
    group = toggle(browser, "Administration")
    assert group.get_attribute("aria-expanded") == "false"
    group.send_keys(Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda _: group.get_attribute("aria-expanded") == "true")
    group.send_keys(Keys.ARROW_DOWN)
    WebDriverWait(browser, 20).until(lambda page: page.switch_to.active_element.text == "System health")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    WebDriverWait(browser, 20).until(lambda _: group.get_attribute("aria-expanded") == "false")
    assert browser.switch_to.active_element == group
