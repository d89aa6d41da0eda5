"""The DICOM conformance page says what the code does."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword

from gecit.core.exam import Study
from gecit.core.reception import RULES
from gecit.core.worklist import STEP, Asking, Entry
from gecit.edges.dicom_query import worklist_item
from gecit.edges.orthanc_http import Modality
from gecit.steps.answer_dicom import LEVELS, LIMIT, entities_of
from tests.builders import DAY, facts, order
from tests.system.test_refusing import TABLE

PAGE = (Path(__file__).parents[1] / "docs/conformance/dicom.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    text = PAGE.split(f"### {section}\n")[1].split("\n#")[0]
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in found]


def answered() -> set[str]:
    """Every attribute that a worklist answer has, those of the step behind its keyword."""
    data = dcmread(io.BytesIO(worklist_item(Entry(order=order(), scheduled_at=DAY), Asking(aet="CT1"), "turkish")))
    names = {one.keyword for one in data} - {"SpecificCharacterSet"}
    return names | {f"{STEP}.{one.keyword}" for one in data[STEP].value[0]}


def test_the_worklist_table_names_every_attribute_that_is_answered_with_its_tag() -> None:
    """No attribute is promised that is not sent, none sent that is not named."""
    table = rows("Modality Worklist SCP")
    assert {row[0] for row in table} == answered()
    wrong = [row[0] for row in table if f"({tag(row[0])})" != row[1]]
    assert wrong == []


def tag(name: str) -> str:
    number = tag_for_keyword(name.rpartition(".")[2]) or 0
    return f"{number >> 16:04X},{number & 0xFFFF:04X}"


def test_the_query_table_names_every_attribute_of_each_level() -> None:
    """An attribute stands at the levels that the page says."""
    study = Study(key=facts().key, facts=facts(), first_seen_at=DAY, read_at=DAY)
    at = {level: set(next(iter(entities_of(study, level)))) for level in LEVELS}
    said = {row[0]: LEVELS if row[1] == "all" else tuple(row[1].split(", ")) for row in rows("Query SCP")}
    assert said == {name: tuple(one for one in LEVELS if name in at[one]) for name in set().union(*at.values())}
    assert f"{LIMIT:,} rows" in PAGE


def test_every_reception_rule_has_its_row() -> None:
    """Id, status and both titles are those that the code answers with."""
    wanted = [[one.id, f"0x{one.status:04X}", one.title.en, one.title.tr] for one in RULES.values()]
    assert rows("Reception rules") == wanted


@pytest.mark.parametrize("refusing", sorted(TABLE))
def test_the_table_of_refusing_is_the_tested_one(refusing: str) -> None:
    """The cells are those that the system test finds on a real Orthanc."""
    status, kept, (rest, has_id), rest_kept, (stow, listed), stow_kept = TABLE[refusing]
    yes = {True: "yes", False: "no"}
    wanted = [
        refusing, f"0x{status:04X}", yes[kept], f"{rest}, {'ID' if has_id else 'no ID'}", yes[rest_kept],
        f"{stow}, {'listed' if listed else 'not listed'}", yes[stow_kept],
    ]  # fmt: skip
    assert wanted in rows("Why a filter and never a discard")


def test_the_page_says_what_a_modality_may_do() -> None:
    """C-MOVE and C-GET are shut for everybody, commitment open where the host is known."""
    shut, known = Modality(aet="A").entry(), Modality(aet="A", host="10.0.0.1").entry()
    assert [one for one in ("AllowMove", "AllowGet", "AllowStorageCommitment") if shut[one]] == []
    assert all(shut[one] for one in ("AllowEcho", "AllowStore", "AllowFind", "AllowFindWorklist"))
    assert known["AllowStorageCommitment"] is True
    assert re.search(r"MOVE and GET \| SCP, refused", PAGE)
