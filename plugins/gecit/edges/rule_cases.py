"""The examples of `rules/cases/` as people read them beside a rule; the tests run the same files."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.values import Value

log = logging.getLogger("gecit.rules")


class Case(Value):
    """One example: what is given of the exam, and what rules say of it."""

    name: str
    given: tuple[tuple[str, str], ...]
    then: tuple[tuple[str, str], ...]  # rule, status
    outcome: str = ""


def read_cases(*folders: Path) -> tuple[Case, ...]:
    """Return the cases of the folders, in order; a file that is none is passed over and logged: nothing hangs on it."""
    return tuple(case for folder in folders for path in sorted((folder / "cases").glob("*.toml")) for case in _of(path))


def _of(path: Path) -> list[Case]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return [made for one in content["case"] for made in _spelled_out(one)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        log.warning("no cases in %s: %s", path, type(fault).__name__)
        return []


def _spelled_out(case: dict[str, Any]) -> Iterator[Case]:
    """A case with `rule` stands for one case for each order date under `excused` and under `failed`."""
    if "rule" not in case:
        given, then = _shown(case["given"]), tuple((str(rule), str(said)) for rule, said in case["then"].items())
        yield Case(name=case["name"], given=given, then=then, outcome=case.get("outcome", ""))
        return
    for status in ("excused", "failed"):
        for day in case[status]:
            given = _shown({**case["given"], "order_date": day})
            yield Case(name=f"{case['name']}: {day:%Y-%m-%d %H:%M:%S}", given=given, then=((case["rule"], status),))


def _shown(given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key, _text(value)) for key, value in given.items())


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
