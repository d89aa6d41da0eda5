"""Templates and macros as the TOML files that ship: written to be taken along, and read again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from gecit.core.exam_kinds import Kind, Macro
from gecit.core.values import Text

from .report_files import PARTS, ReportFileError, kind_of_table, macros_of_table

LONGEST_FILE = 400_000
"""Bytes of a file that is read."""


def write_kind(kind: Kind) -> str:
    """Write a kind with its template, as `rules/reports/ID.toml` has it."""
    lines = [
        f"id = {_text(kind.id)}",
        *_title(kind.title),
        f"region = {_text(kind.region.value)}",
        f"subspecialty = {_text(kind.subspecialty.value)}",
        "",
        "[match]",
        f"modality = {_texts(kind.match.modality)}",
        f"loinc = {_texts(kind.match.loinc)}",
        f"words = {_texts(kind.match.words)}",
        "",
        "[template]",
        *(f"{name} = {_long(kind.template[part])}" for name, part in PARTS.items() if part in kind.template),
    ]
    return "\n".join(lines) + "\n"


def write_macros(macros: Iterable[Macro]) -> str:
    """Write macros, as `rules/reports/macros.toml` has them."""
    return "\n".join(line for one in macros for line in _macro(one))


def _macro(one: Macro) -> list[str]:
    return [
        "[[macro]]",
        f"id = {_text(one.id)}",
        *_title(one.title),
        f"part = {_text(one.part.value)}",
        f"kinds = {_texts(one.kinds)}",
        f"text = {_long(one.text)}",
        "",
    ]


def read_file(content: bytes) -> Kind | tuple[Macro, ...]:
    """Read what was uploaded: a kind, or macros. Raises `ReportFileError`, which names what is wrong."""
    name = Path("yüklenen dosya / uploaded file")
    if len(content) > LONGEST_FILE:
        raise ReportFileError(f"{name}: > {LONGEST_FILE} bytes")
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        raise ReportFileError(f"{name}: {fault}") from fault
    return macros_of_table(table, name) if "macro" in table else kind_of_table(table, name)


def _title(title: Text) -> list[str]:
    return [f"title.tr = {_text(title.tr)}", f"title.en = {_text(title.en)}"]


def _texts(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    """Write a basic string (TOML 1.0): JSON's escapes are TOML's; DEL alone JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _long(value: str) -> str:
    lines = "\n".join(_text(line)[1:-1] for line in value.split("\n"))
    return f'"""\n{lines}"""'
