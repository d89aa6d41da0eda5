"""Reads Orthanc's configuration the way Orthanc does: a folder or one file, comments, variables, no key twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import json5

from ..core.values import Text
from .faults import Fault

Configuration = dict[str, Any]

# Orthanc's own notation: ${NAME}, ${NAME:-default}, ${NAME:-'default'}, ${NAME:-"default"}
_VARIABLE = re.compile(r"""\$\{([^:}]*)(?::-(?:'([^']*)'|"([^"]*)"|([^'"}]*)))?\}""")


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """Put variables in as Orthanc does; a variable that is set but empty counts as set, unlike in a shell."""

    def value(match: re.Match[str]) -> str:
        default = next((group for group in match.groups()[1:] if group is not None), "")
        return environ.get(match[1], default)

    return _VARIABLE.sub(value, text)


def read_configuration(path: Path, environ: Mapping[str, str]) -> tuple[Configuration, dict[str, str], list[Fault]]:
    """Read a folder's *.json (not below it) or one file.

    Returns the merged object, the file name of each top-level key, and what is wrong with the files.
    """
    merged: Configuration = {}
    origins: dict[str, str] = {}
    faults: list[Fault] = []
    for file in _files(path, faults):
        for key, value in _read(file, environ, faults).items():
            if key in origins:
                faults.append(_twice(file.name, key, origins[key]))
                continue
            merged[key], origins[key] = value, file.name
    return merged, origins, faults


def _files(path: Path, faults: list[Fault]) -> list[Path]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files or not files[0].is_file():
        faults.append(Fault(file=str(path), key="", text=_NOTHING_THERE))
        return []
    return files


def _read(file: Path, environ: Mapping[str, str], faults: list[Fault]) -> Configuration:
    try:
        content = _parse(substitute(file.read_text(encoding="utf-8"), environ))
    except (OSError, ValueError) as error:
        faults.append(Fault(file=file.name, key="", text=_unreadable(error)))
        return {}
    if not isinstance(content, dict):
        faults.append(Fault(file=file.name, key="", text=_NO_OBJECT))
        return {}
    return content


def _parse(text: str) -> Any:
    """Parse JSON; json5 is the slow way, taken only where there are comments."""
    try:
        return json.loads(text, object_pairs_hook=_no_key_twice)
    except json.JSONDecodeError:
        return json5.loads(text, allow_duplicate_keys=False)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> Configuration:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key {next(key for key in keys if keys.count(key) > 1)!r}")
    return found


_NOTHING_THERE = Text(
    tr="Burada .json yapılandırma dosyası yok; GECIT_CONFIG değişkenini düzeltin.",
    en="No .json configuration file here; correct GECIT_CONFIG.",
)
_NO_OBJECT = Text(tr="Dosya tek bir JSON nesnesi olmalı.", en="The file must be one JSON object.")


def _unreadable(error: Exception) -> Text:
    return Text(tr=f"Dosya okunamadı, düzeltin: {error}", en=f"The file cannot be read, mend it: {error}")


def _twice(file: str, key: str, other: str) -> Fault:
    text = Text(
        tr=f"Bu anahtar {other} dosyasında da var; Orthanc bunu kabul etmez, birini silin.",
        en=f"This key stands in {other} too; Orthanc does not accept that, delete one.",
    )
    return Fault(file=file, key=key, text=text)
