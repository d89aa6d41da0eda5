"""The data of peer review as TOML files: the scale, and which reports are drawn.

A site's own folder lies over the shipped one: a file of the same name there takes its place.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from gecit.core.peer_review import Scale, Stratum
from gecit.core.values import Value

from .report_files import ReportFileError

FOLDER, SCALE, SAMPLING = "quality", "peer-review.toml", "sampling.toml"

T = TypeVar("T")


class _Sampling(Value):
    stratum: tuple[Stratum, ...] = ()


def read_scale(shipped: Path, site: Path | None = None) -> Scale:
    """Read the scale; ReportFileError names file and key of what cannot be used."""
    path = _path(SCALE, shipped, site)
    scale = _read(path, Scale)
    numbers = [one.score for one in scale.score]
    if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 1:
        raise ReportFileError(f"{path.name}: score: her puan bir kez ve 1'den başlayarak / each number once, from 1")
    return scale


def read_sampling(shipped: Path, site: Path | None = None) -> tuple[Stratum, ...]:
    """Read which reports are drawn; ReportFileError names file and key of what cannot be used."""
    path = _path(SAMPLING, shipped, site)
    strata = _read(path, _Sampling).stratum
    ids = [one.id for one in strata]
    if len(set(ids)) < len(ids) or any(one.size < 0 for one in strata):
        raise ReportFileError(
            f"{path.name}: stratum: aynı ad iki kez ya da eksi sayı / an id twice, or a negative size"
        )
    return strata


def _path(name: str, shipped: Path, site: Path | None) -> Path:
    over = site / FOLDER / name if site else None
    return over if over and over.exists() else shipped / FOLDER / name


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as fault:
        raise ReportFileError(f"{path.name}: {fault}") from fault
