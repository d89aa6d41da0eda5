"""docs/rules.md lists every rule and exemption with its dates and switches; the examples of rules/README.md work."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from gecit.core.checks import CHECKS, Context
from gecit.core.judge import judge
from gecit.core.rulebook import Exemption, Rule, Rulebook
from gecit.core.verdict import Finding
from gecit.edges.rules_files import lint, read_folder
from tests.builders import NOW, exam_of

HOME = Path(__file__).parents[2]
RULES = HOME / "rules"
BOOK = read_folder(RULES)
PAGE = (HOME / "docs/rules.md").read_text(encoding="utf-8")


def row(section: str, name: str) -> str:
    part = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return next(line for line in part.splitlines() if line.startswith(f"| `{name}` |"))


@pytest.mark.parametrize("rule", BOOK.rules, ids=lambda one: one.id)
def test_a_rule_stands_on_the_page_with_its_first_days_and_its_switches(rule: Rule) -> None:
    line = row("Rules", rule.id)
    if rule.id != "study-matched":  # "as image-present"
        assert [one.start for one in rule.editions if one.start and f"{one.start:%Y-%m-%d}" not in line] == []
        assert [one.published for one in rule.editions if one.published and str(one.published) not in line] == []
    switches = {name for one in rule.editions for name in CHECKS[one.check].params} - {"none_passes"}
    assert [one for one in sorted(switches) if f"`{one}`" not in line] == []


@pytest.mark.parametrize("exemption", BOOK.exemptions, ids=lambda one: one.id)
def test_an_exemption_stands_on_the_page_with_its_first_and_last_day(exemption: Exemption) -> None:
    line, windows = row("Exemptions", exemption.id), exemption.windows
    assert f"{windows[0].start:%Y-%m-%d}" in line
    assert windows[-1].last
    assert f"{windows[-1].last:%Y-%m-%d}" in line
    assert len(windows) == 1 or f"| {len(windows)}, " in line


# The examples of the README, as a person would drop them in


def examples() -> dict[str, str]:
    """File name -> the TOML block that follows its mention in the README."""
    text = (RULES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    wanted = {"row": "adds_to", "own": '"dose-report-may-2025"', "waiver": '"device-waivers"'}
    return {name: next(one for one in blocks if mark in one) for name, mark in wanted.items()}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "exemptions"
    folder.mkdir()
    for name, text in examples().items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def book(site: Path) -> Rulebook:
    return read_folder(RULES, site)


def found(book: Rulebook, rule: str, **given: object) -> Finding:
    exam = exam_of({"base": "clean CT", **given})
    return judge(exam, book, Context(), judged_at=NOW, known_at=NOW).finding(rule)


def test_the_examples_have_no_fault(site: Path) -> None:
    assert [one for one in lint(site, RULES) if "note" not in one.lower()] == []


def test_a_row_dropped_in_excuses_to_the_minute_and_is_marked_as_the_sites(book: Rulebook) -> None:
    given = {"queried": False, "order_date": datetime(2025, 5, 14, 12, 30, 59)}  # noqa: DTZ001 - local, like a case
    inside = found(book, "duplicate-query-missing", **given)
    assert (inside.status, inside.exemptions) == ("excused", ("duplicate-query@2025-05-14T09:30",))
    assert inside.from_site
    after = {**given, "order_date": datetime(2025, 5, 14, 12, 31)}  # noqa: DTZ001
    assert found(book, "duplicate-query-missing", **after).status == "failed"
    assert found(BOOK, "duplicate-query-missing", **given).status == "failed"


def test_a_waived_device_is_excused_from_the_day_of_its_letter(book: Rulebook) -> None:
    before, since = datetime(2024, 2, 29, 23, 59), datetime(2024, 3, 1)  # noqa: DTZ001
    assert found(book, "dose-report", dose=False, order_date=before).status == "failed"
    waived = found(book, "dose-report", dose=False, order_date=since)
    assert (waived.status, waived.exemptions) == ("excused", ("waiver-S-16",))


def test_another_device_breaks_the_waiver_and_a_second_waiver_mends_it(site: Path) -> None:
    two = {"dose": False, "device_serial": ["S-16", "S-17"]}
    assert found(read_folder(RULES, site), "dose-report", device_serial="S-17", dose=False).status == "failed"
    assert found(read_folder(RULES, site), "dose-report", **two).status == "failed"
    waiver = examples()["waiver"]
    second = "[[window]]" + waiver.split("[[window]]")[1].replace("S-16", "S-17")
    (site / "exemptions/waiver.toml").write_text(waiver + second, encoding="utf-8")
    both = found(read_folder(RULES, site), "dose-report", **two)
    assert (both.status, both.exemptions) == ("excused", ("waiver-S-16", "waiver-S-17"))
