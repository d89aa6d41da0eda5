"""The page that a self-test ends with: what was expected and found, who ran it, and a seal of the site's.

All that is read stands a second time in it as data, and the page is drawn from that alone: whoever draws it again
sees whether a letter of it was changed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gecit.core.values import Value, local, to_json
from gecit.web.selftest.wire import Seal, Sealing

from .checking import Result, State

TEMPLATE = "selftest.html"
_DATA = re.compile(r'<script type="application/json" id="(page|seal)">(.*?)</script>', re.DOTALL)
_DRAWN = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


class Page(Value):
    """What the page says."""

    run: str
    target: str
    started_at: datetime
    ended_at: datetime
    by: str  # as whoever ran it calls himself
    kit: str  # version of the kit
    site: str  # version of the site; "" = it was not asked
    node: str
    institution: str  # SKRS code of the trial institution
    revision: str  # of the rulebook in force
    results: tuple[Result, ...]
    left_out: int = 0  # checks of the kit that were not asked for

    @property
    def untried(self) -> int:
        """How many checks of the kit say nothing of the site: skipped, or not asked for."""
        return self.counts[State.SKIPPED] + self.left_out

    @property
    def good(self) -> bool:
        """Whether nothing failed, and something passed."""
        counts = self.counts
        return not counts[State.FAILED] and bool(counts[State.PASSED])

    @property
    def counts(self) -> Counter[State]:
        """How many checks ended how."""
        return Counter(one.state for one in self.results)

    @property
    def sealing(self) -> Sealing:
        """What the site is asked to seal."""
        counts = self.counts
        return Sealing(
            digest=hashlib.sha256(to_json(self)).hexdigest(),
            passed=counts[State.PASSED],
            failed=counts[State.FAILED],
            skipped=counts[State.SKIPPED],
        )


class PageChangedError(Exception):
    """The file is no page of a self-test, or was changed."""


def draw(page: Page, seal: Seal | None) -> str:
    """Return the page as HTML; the same page and seal give the same bytes."""
    return _DRAWN.get_template(TEMPLATE).render(
        page=page,
        seal=seal,
        digest=page.sealing.digest,
        counts={state.value: page.counts[state] for state in State},
        moment=lambda at: f"{local(at):%d.%m.%Y %H:%M:%S}",
        data=_embedded(page),
        sealed=_embedded(seal) if seal else "",
    )


def read(html: str) -> tuple[Page, Seal | None]:
    """Read a page back; raises `PageChangedError` where it is not, letter by letter, what its data say."""
    found = dict(_DATA.findall(html))
    try:
        page = msgspec.json.decode(found["page"], type=Page)
        seal = msgspec.json.decode(found["seal"], type=Seal) if found.get("seal") else None
    except (KeyError, msgspec.MsgspecError) as fault:
        raise PageChangedError from fault
    if draw(page, seal) != html or (seal and seal.digest != page.sealing.digest):
        raise PageChangedError
    return page, seal


def _embedded(value: Value) -> str:
    """Write JSON so that nothing in it ends a script."""
    return to_json(value).decode().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
