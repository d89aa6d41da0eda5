"""The front page's texts from TOML: the shipped file, and an installation's own, which replaces whole keys of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from gecit.core.front import FrontTexts

SHIPPED = Path(__file__).parents[1] / "web" / "front" / "front.toml"


class FrontTextsError(ValueError):
    """A file that is no TOML, or has a key that is not known; names the file, and the key where it can."""


def read_front(own: Path | None = None) -> FrontTexts:
    """Return the texts; raises `FrontTextsError` for a file that is wrong. A file that is not there adds nothing."""
    merged = _read(SHIPPED)
    if own is not None and own.is_file():
        merged = {**merged, **_read(own)}
    try:
        return msgspec.convert(merged, FrontTexts)
    except msgspec.ValidationError as fault:
        raise FrontTextsError(f"{own or SHIPPED}: {fault}") from fault


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise FrontTextsError(f"{path}: {fault}") from fault
