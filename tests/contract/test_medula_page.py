"""The conformance page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import gecit
from gecit.core.billing import DOSE_CODES, Notification
from gecit.core.medula_codes import EXPLAINED, SUCCESS
from gecit.edges.bounded_http import NOT_THE_MESSAGE, SURELY_NOT_DONE
from gecit.edges.code_columns import LISTS
from gecit.edges.medula_rows import rows
from gecit.edges.medula_soap import OPERATIONS
from gecit.edges.soap_client import FAULTS
from gecit.sandbox.faults import KINDS
from gecit.sandbox.medula import HTTP_STATUS
from tests.contract.test_medula_contract import CLEAN
from tests.support.soap import Everybody

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


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of the third level, cell by cell."""
    part = PAGE.split(f"\n### {heading}\n")[1].split("\n##")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| `")
    ]


def test_every_element_of_a_row_is_listed() -> None:
    listed = {row[0].strip("`") for row in _table("The row")}
    assert listed == {*rows(CLEAN, Everybody())[0], "islemSiraNo"}


def test_every_code_has_its_row_in_its_own_words() -> None:
    listed = {row[0].strip("`"): row[1:] for row in _table("Codes")}
    assert set(listed) == set(EXPLAINED)
    for code, one in EXPLAINED.items():
        assert listed[code] == [f"{one.meaning.en} {one.fix.en}", one.who or "–"]
    assert all(f"`{one}`" in PAGE for one in SUCCESS)


def test_every_operation_and_column_of_the_list_is_named() -> None:
    assert all(f"| `{one}` |" in PAGE for one in OPERATIONS)
    assert all(f"`{one.name}`" in PAGE for one in LISTS["physicians"])


def test_every_fault_that_has_a_meaning_of_its_own_is_said() -> None:
    failures = PAGE.split("## What a failure means")[1]
    assert all(f"`{one}`" in failures for one in ("Client", "Server", "VersionMismatch", "MustUnderstand"))
    assert {meaning for code, meaning in FAULTS.items() if code not in ("Client", "Server")} == {"ours"}
