"""The rule of care relations as a TOML file (`rules/access/care.toml`); a site's own takes its place."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gecit.core.openings import CARE, CareEdition, CareRule, Way
from gecit.core.values import Text, Value, local

from .report_files import ReportFileError

log = logging.getLogger("gecit.care")

NAME = "access/care.toml"
MOST_HOURS = 72


class _Edition(Value):
    source: dict[str, Any]
    since: Any = msgspec.field(name="from")
    until: Any = None
    reading: str = ""
    ways: tuple[Way, ...] = ()
    stated_reason_hours: int = 0


class _Rule(Value):
    id: str
    title: Text
    edition: tuple[_Edition, ...]


def read_care(shipped: Path, site: Path | None = None) -> CareRule:
    """Read the rule; without a file nothing is opened. ReportFileError names file and fault."""
    path = next((one / NAME for one in (site, shipped) if one and (one / NAME).exists()), None)
    if path is None:
        return CareRule()
    try:
        read = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Rule)
    except (OSError, ValueError) as fault:
        raise ReportFileError(f"{path.name}: {fault}") from fault
    return CareRule(editions=tuple(_edition(one, number, path) for number, one in enumerate(read.edition, 1)))


def care_rule(shipped: Path, site: Path | None = None) -> Callable[[], CareRule]:
    """Return what gives the rule as its files stand now, read again when one changed.

    A spoilt file opens nothing until it is mended, and is logged: orders still come in, and doors open for all else.
    """
    paths = [one / NAME for one in (site, shipped) if one]
    kept: list[tuple[list[tuple[int, int] | None], CareRule]] = []

    def ask() -> CareRule:
        stamps = _stamps(paths)
        if not kept or kept[0][0] != stamps:
            try:
                rule = read_care(shipped, site)
            except ReportFileError as fault:
                log.error("no care relation opens anything until it is mended: %s", fault)
                rule = CareRule()
            kept[:] = [(stamps, rule)]
        return kept[0][1]

    return ask


def _stamps(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    return [_stamp(one) for one in paths]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _edition(one: _Edition, number: int, path: Path) -> CareEdition:
    if not one.source.get("title"):
        raise ReportFileError(f"{path.name}: edition {number}: source.title")
    if not 0 <= one.stated_reason_hours <= MOST_HOURS:
        raise ReportFileError(f"{path.name}: edition {number}: stated_reason_hours: 0-{MOST_HOURS}")
    if any(way not in CARE for way in one.ways):
        raise ReportFileError(f"{path.name}: edition {number}: ways: {', '.join(CARE)}")
    return CareEdition(
        since=local(one.since),
        until=local(one.until) if one.until else None,
        ways=one.ways,
        stated_reason_hours=one.stated_reason_hours,
    )
