"""The assumptions of `gecit scale` as TOML: the file that is shipped, and one of one's own over it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gecit.core.scale.assumptions import AssumptionFault, Assumptions, Number, sound
from gecit.core.values import Text

SHIPPED = Path(__file__).parent / "scale" / "assumptions.toml"


def shipped() -> Assumptions:
    """Read the assumptions that Geçit ships."""
    return sound({key: _number(key, table) for key, table in _tables(_read(SHIPPED))})


def over(base: Assumptions, path: Path) -> Assumptions:
    """Lay a file over assumptions: a bare number for a key, or a table with value and source."""
    return base.assuming(_changes(path))


def _changes(path: Path) -> Iterator[tuple[str, float, str]]:
    for key, told in _tables(_read(path)):
        if isinstance(told, dict):
            value, source = told["value"], str(told.get("source", path.name))
        else:
            value, source = told, path.name
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise AssumptionFault(key, Text(tr=f"sayı değil: {value!r}", en=f"not a number: {value!r}"))
        yield key, _float(value), source


def _float(value: float) -> float:
    """Return a number; a whole one of more digits than a float can have is as good as infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise AssumptionFault(str(path), Text(tr=f"TOML değil: {fault}", en=f"not TOML: {fault}")) from fault


def _tables(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what stands at each key: a table that has a value, or a bare value."""
    for name, one in table.items():
        if isinstance(one, dict) and "value" not in one:
            yield from _tables(one, f"{before}{name}.")
        else:
            yield before + name, one


def _number(key: str, table: Any) -> Number:
    try:
        return msgspec.convert(table, Number)
    except msgspec.ValidationError as fault:
        raise AssumptionFault(key, Text(tr=str(fault), en=str(fault))) from fault
