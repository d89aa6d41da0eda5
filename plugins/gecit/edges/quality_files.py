"""The data of quality as TOML files (`rules/quality/`), a site's folder over the shipped one, file by file."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from gecit.core.quality import Reason, Reasons
from gecit.core.quality_data import Level, Protocol, QualityData, Sides
from gecit.core.values import Value, to_json

FOLDER = "quality"
FILES = ("reasons", "sides", "protocols", "reference-levels")


class QualityFileError(Exception):
    """A file cannot be used; the text names file and key."""


class _Reasons(Value):
    reason: tuple[Reason, ...] = ()


class _Sides(Value):
    sides: Sides = Sides()


class _Protocols(Value):
    protocol: tuple[Protocol, ...] = ()


class _Levels(Value):
    level: tuple[Level, ...] = ()


def read_quality(shipped: Path, site: Path | None = None) -> QualityData:
    """Read all of it; QualityFileError names the first file that cannot be used. A missing file holds nothing."""
    reasons = _read("reasons", _Reasons, shipped, site).reason
    levels = _read("reference-levels", _Levels, shipped, site).level
    protocols = _read("protocols", _Protocols, shipped, site).protocol
    _once("reasons", [one.code for one in reasons])
    _once("protocols", [one.id for one in protocols])
    _once("reference-levels", [one.id for one in levels])
    for one in levels:
        if one.value <= 0:
            raise QualityFileError(f"reference-levels.toml: {one.id}: value > 0")
    data = QualityData(
        reasons=Reasons(reason=reasons),
        sides=_read("sides", _Sides, shipped, site).sides,
        protocols=protocols,
        levels=levels,
    )
    return msgspec.structs.replace(data, revision=hashlib.sha256(to_json(data)).hexdigest()[:12])


class QualityFiles:
    """The data as the files stand: read again when one of them changes. Safe to ask from several threads."""

    def __init__(self, shipped: Path, site: Path | None = None) -> None:
        self._shipped, self._site = shipped, site
        self._kept: tuple[tuple[float, ...], QualityData] | None = None  # replaced whole

    def __call__(self) -> QualityData:
        """Return the data; raises QualityFileError."""
        folders = [one / FOLDER for one in (self._shipped, self._site) if one]
        seen = tuple(_changed(folder / f"{name}.toml") for folder in folders for name in FILES)
        kept = self._kept
        if kept is None or kept[0] != seen:
            kept = self._kept = (seen, read_quality(self._shipped, self._site))
        return kept[1]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(name: str, kind: type[Any], shipped: Path, site: Path | None) -> Any:
    path = shipped / FOLDER / f"{name}.toml"
    if site and (site / FOLDER / path.name).is_file():
        path = site / FOLDER / path.name
    if not path.is_file():
        return kind()
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except (OSError, ValueError) as fault:  # msgspec.ValidationError and a TOML fault are ValueErrors
        raise QualityFileError(f"{path.name}: {fault}") from fault


def _once(name: str, codes: list[str]) -> None:
    twice = sorted({one for one in codes if codes.count(one) > 1})
    if twice:
        raise QualityFileError(f"{name}.toml: {twice[0]}: twice")
