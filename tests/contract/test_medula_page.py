"""The conformance page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import gecit
from gecit.core.billing import DOSE_CODES, Notification
from gecit.edges.bounded_http import NOT_THE_MESSAGE, SURELY_NOT_DONE
from gecit.sandbox.faults import KINDS
from gecit.sandbox.medula import HTTP_STATUS

PAGE = (Path(gecit.__file__).parents[2] / "docs/conformance/medula.md").read_text(encoding="utf-8")


def _first_column(heading: str) -> list[str]:
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_every_field_is_listed_in_the_order_it_is_sent() -> None:
    assert _first_column("The notification") == list(Notification.__struct_fields__)


def test_every_fault_on_demand_is_listed() -> None:
    assert sorted(_first_column("Trying it out")) == sorted(KINDS)


def test_every_status_with_a_meaning_of_its_own_is_listed() -> None:
    failures = PAGE.split("## What a failure means")[1]
    assert all(str(one) in failures for one in NOT_THE_MESSAGE | SURELY_NOT_DONE)


def test_every_refusal_and_dose_code_is_listed() -> None:
    named = {*HTTP_STATUS, "already-notified", "nothing-to-withdraw", "field-missing", *DOSE_CODES}
    assert [one for one in sorted(named) if one not in PAGE] == []
