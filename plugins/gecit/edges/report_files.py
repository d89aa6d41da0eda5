"""The data of reporting as TOML files: kinds with their templates, macros, and who may report for whom.

A site's own folder lies over the shipped one: a file of the same name there takes its place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gecit.core.exam_kinds import Kind, Macro, Match, Region, Reporting, Subspecialty
from gecit.core.grants import AccessEdition, AccessRule
from gecit.core.report import ReportPart
from gecit.core.values import Text, Value, local

REPORTS, ACCESS, MACROS = "reports", "access", "macros"
PARTS = {
    "technique": ReportPart.TECHNIQUE,
    "comparison": ReportPart.COMPARISON,
    "findings": ReportPart.FINDINGS,
    "conclusion": ReportPart.CONCLUSION,
}


class ReportFileError(Exception):
    """A file cannot be used; the text names file and key."""


class _Kind(Value):
    id: str
    title: Text
    match: Match = Match()
    region: Region = Region.OTHER
    subspecialty: Subspecialty = Subspecialty.GENERAL
    template: dict[str, str] = msgspec.field(default_factory=dict)


class _Macros(Value):
    macro: tuple[Macro, ...] = ()


class _Edition(Value):
    source: dict[str, Any]
    reading: str = ""
    start_unknown: bool = False
    since: Any = msgspec.field(name="from", default=None)
    until: Any = None
    reader_ownership: tuple[str, ...] = ()
    institution_ownership: tuple[str, ...] = ()
    same_province: bool = True
    written_application: bool = True


class _Rule(Value):
    id: str
    title: Text
    edition: tuple[_Edition, ...]


def read_reporting(shipped: Path, site: Path | None = None) -> Reporting:
    """Read kinds and macros; ReportFileError names the first file that cannot be used."""
    files = _files(REPORTS, shipped, site)
    kinds = [kind_of_table(table, path) for name, (path, table) in files.items() if name != MACROS]
    macros = macros_of_table(files[MACROS][1], files[MACROS][0]) if MACROS in files else ()
    known = {one.id for one in kinds}
    for macro in macros:
        if strange := [one for one in macro.kinds if one not in known]:
            raise ReportFileError(f"{files[MACROS][0].name}: {macro.id}: kinds: {', '.join(strange)}")
    return Reporting(kinds=tuple(sorted(kinds, key=lambda one: one.id)), macros=macros)


def macros_of_table(table: dict[str, Any], path: Path) -> tuple[Macro, ...]:
    """Read macros of a file's content; ReportFileError names what is wrong."""
    read: _Macros = _convert(table, _Macros, path)
    return tuple(msgspec.structs.replace(one, text=one.text.strip()) for one in read.macro)


def read_access(shipped: Path, site: Path | None = None) -> AccessRule | None:
    """Read who may report for whom; None where no file says it, so that every grant needs another basis."""
    found = _files(ACCESS, shipped, site).get("reporting")
    return _access(found[1], found[0]) if found else None


def _files(folder: str, shipped: Path, site: Path | None) -> Mapping[str, tuple[Path, dict[str, Any]]]:
    paths = {path.stem: path for path in sorted((shipped / folder).glob("*.toml"))}
    if site:
        paths |= {path.stem: path for path in sorted((site / folder).glob("*.toml"))}
    return {name: (path, _read(path)) for name, path in paths.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ReportFileError(f"{path.name}: {fault}") from fault


def _convert(table: dict[str, Any], kind: type[Any], path: Path) -> Any:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as fault:
        raise ReportFileError(f"{path.name}: {fault}") from fault


def kind_of_table(table: dict[str, Any], path: Path) -> Kind:
    """Read a kind of a file's content; ReportFileError names what is wrong."""
    read: _Kind = _convert(table, _Kind, path)
    if strange := [one for one in read.template if one not in PARTS]:
        raise ReportFileError(f"{path.name}: template.{strange[0]}: {', '.join(PARTS)}")
    return Kind(
        id=read.id,
        title=read.title,
        match=read.match,
        region=read.region,
        subspecialty=read.subspecialty,
        template={PARTS[name]: text.strip() for name, text in read.template.items() if text.strip()},
    )


def _access(table: dict[str, Any], path: Path) -> AccessRule:
    read: _Rule = _convert(table, _Rule, path)
    for number, one in enumerate(read.edition, 1):
        if one.start_unknown == (one.since is not None):
            raise ReportFileError(f"{path.name}: edition {number}: from | start_unknown")
        if not one.source.get("title"):
            raise ReportFileError(f"{path.name}: edition {number}: source.title")
    return AccessRule(id=read.id, title=read.title, editions=tuple(_edition(one) for one in read.edition))


def _edition(one: _Edition) -> AccessEdition:
    return AccessEdition(
        since=local(one.since) if one.since else None,
        until=local(one.until) if one.until else None,
        reader_ownership=one.reader_ownership,
        institution_ownership=one.institution_ownership,
        same_province=one.same_province,
        written_application=one.written_application,
    )
