"""What axe finds wrong on a page by WCAG 2.2 A and AA."""

from __future__ import annotations

from selenium import webdriver

from .node import HOME

AXE = HOME / "build/npm/node_modules/axe-core/axe.min.js"
ASK = (
    "const done = arguments[0], say = one => `${one.target} ${one.failureSummary}`;"
    "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
    ".then(found => done(found.violations.map(one => `${one.id}: ${one.nodes.map(say).join(' | ')}`)))"
)


def violations(driver: webdriver.Chrome) -> list[str]:
    """Return them; axe is let in past the page's own policy, by the debugger."""
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    return [str(one) for one in driver.execute_async_script(ASK)]
