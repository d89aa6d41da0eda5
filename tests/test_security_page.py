"""The page about security names tests that are there, and every attempt that succeeded has its mending beside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HOME = Path(__file__).parents[1]
PAGE = (HOME / "docs/security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)


def test_every_test_that_the_page_names_is_there() -> None:
    assert len(NAMED) > 50
    missing = [f"{file}::{name}" for file, name in NAMED if name not in _functions(HOME / "tests" / file)]
    assert missing == []


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def rows(heading: str) -> list[list[str]]:
    part = PAGE.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [one for one in part.splitlines() if one.startswith("| ")]
    return [[cell.strip() for cell in one.strip("| ").split(" | ")] for one in lines[1:]]


def test_every_threat_names_its_test_and_every_success_its_mending() -> None:
    threats, succeeded = (
        rows("Tehditler / Threats"),
        rows("Başarılı olan ve giderilenler / What succeeded, and was mended"),
    )
    assert len(threats) > 25 and [one for one in threats if len(one) != 3 or "::test_" not in one[2]] == []
    assert len(succeeded) > 10 and [one for one in succeeded if len(one) != 3 or not all(one)] == []


def test_every_siege_is_named_on_the_page() -> None:
    """What was tried and is told nowhere is tried again by the next one."""
    named = {file for file, _ in NAMED}
    sieges = {f"siege/{path.name}" for path in (HOME / "tests/siege").glob("test_*.py")}
    assert sieges <= named


def test_a_report_of_a_vulnerability_has_a_private_way_and_no_made_up_address() -> None:
    said = (HOME / "SECURITY.md").read_text(encoding="utf-8")
    assert "private advisory" in said and "özel" in said
    assert re.findall(r"[\w.]+@[\w.]+\.\w+|https?://", said) == []
