"""The cases of rules/cases/ hold, every boundary of every rule has a case on both sides, and all is documented."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gecit.core.checks import CHECKS, Context
from gecit.core.dates import DATED_BY, date_of
from gecit.core.judge import judge
from gecit.core.verdict import Status, Verdict
from gecit.edges.rules_files import lint, read_folder
from tests.builders import BASES, NOW, exam_of

RULES = Path(__file__).parents[2] / "rules"
BOOK = read_folder(RULES)
MINUTE = timedelta(minutes=1)


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((RULES / "cases").glob("*.toml")):
        for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]:
            yield from ((file.stem, one) for one in _spelled_out(case))


def _spelled_out(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A case with `rule` stands for one case for each order date under `excused` and under `failed`."""
    if "rule" not in case:
        yield case
        return
    assert set(case) == {"name", "rule", "given", "excused", "failed"}
    for status in ("excused", "failed"):
        for day in case[status]:
            name = f"{case['name']}: {day:%Y-%m-%d %H:%M:%S} {status}"
            yield {"name": name, "given": {**case["given"], "order_date": day}, "then": {case["rule"]: status}}


CASES = list(_cases())


def _judged(case: dict[str, Any]) -> Verdict:
    return judge(exam_of(case["given"]), BOOK, Context(), judged_at=NOW, known_at=NOW)


@pytest.mark.parametrize("case", [pytest.param(one, id=f"{file}: {one['name']}") for file, one in CASES])
def test_the_case_holds(case: dict[str, Any]) -> None:
    assert set(case) <= {"name", "given", "then", "outcome"}
    verdict = _judged(case)
    assert {rule: verdict.finding(rule).status.value for rule in case["then"]} == case["then"]
    assert verdict.outcome == case.get("outcome", verdict.outcome)
    tckn = exam_of(case["given"]).patient.tckn
    assert not tckn or tckn not in repr(verdict)


@pytest.mark.parametrize("base", sorted(BASES))
def test_a_clean_exam_is_submitted(base: str) -> None:
    verdict = judge(exam_of({"base": base}), BOOK, Context(), judged_at=NOW, known_at=NOW)
    assert {one.status for one in verdict.findings} <= {Status.PASSED, Status.NOT_IN_FORCE}
    assert verdict.outcome == "submit"


def _boundaries() -> Iterator[tuple[str, str, datetime]]:
    for rule in BOOK.rules:
        for edition in rule.editions:
            yield from ((rule.id, rule.dated_by, one) for one in (edition.start, edition.until) if one)
    for exemption in BOOK.exemptions:
        for window in exemption.windows:
            ends = [one for one in (window.start, window.end) if one]
            yield from ((rule, exemption.dated_by, one) for rule in exemption.excuses for one in ends)


@pytest.mark.parametrize(
    ("rule", "dated_by", "boundary"),
    [pytest.param(*one, id=f"{one[0]} {one[2]:%Y-%m-%d %H:%M}") for one in sorted(set(_boundaries()))],
)
def test_a_boundary_has_a_case_in_the_minute_before_and_in_the_minute_after(
    rule: str, dated_by: str, boundary: datetime
) -> None:
    near = [(case, date) for case, date in _dated(rule, dated_by) if abs(date - boundary) <= MINUTE]
    before = {_said(case, rule) for case, date in near if boundary - MINUTE <= date < boundary}
    after = {_said(case, rule) for case, date in near if boundary <= date < boundary + MINUTE}
    assert before, "no case in the last minute before it"
    assert after, "no case in its first minute"
    assert before != after, "the cases do not show that anything changes"


@cache
def _dated(rule: str, dated_by: str) -> list[tuple[dict[str, Any], datetime]]:
    naming = [case for _, case in CASES if rule in case["then"]]
    dates = [(case, date_of(exam_of(case["given"]), dated_by, NOW)) for case in naming]
    return [(case, date) for case, date in dates if date]


def _said(case: dict[str, Any], rule: str) -> tuple[str, tuple[str, ...]]:
    """The status and the windows that excuse: where two windows touch, only the second changes."""
    finding = _judged(case).finding(rule)
    return finding.status.value, finding.exemptions


def test_every_rule_has_a_case_that_passes_and_one_that_fails() -> None:
    seen = {(rule, status) for _, case in CASES for rule, status in case["then"].items()}
    wanted = {(rule.id, status) for rule in BOOK.rules for status in ("passed", "failed")}
    assert wanted <= seen


def test_the_shipped_rules_have_no_fault() -> None:
    assert lint(RULES) == []


def test_every_edition_and_window_says_where_it_comes_from() -> None:
    sources = [one.source for rule in BOOK.rules for one in rule.editions]
    sources += [one.source for exemption in BOOK.exemptions for one in exemption.windows]
    assert all(one.title and one.kind for one in sources)
    assert all(edition.reading.strip() for rule in BOOK.rules for edition in rule.editions)


README = (RULES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [one.id for one in BOOK.rules] + sorted(CHECKS) + sorted(DATED_BY))
def test_every_rule_check_and_date_is_documented(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", [(check, param) for check, one in CHECKS.items() for param in one.params])
def test_every_parameter_of_a_check_is_documented_with_its_default(name: tuple[str, str]) -> None:
    check, param = name
    row = next(line for line in README.splitlines() if line.startswith(f"| `{check}`"))
    default = str(CHECKS[check].params[param]).lower()
    assert re.search(rf"`{param} = {default}`", row)
