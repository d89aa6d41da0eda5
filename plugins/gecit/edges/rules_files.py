"""Rules and exemptions as TOML files: the shipped folder, and a site's own folder over it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ..core.rulebook import Rulebook
from ..core.rulefile import Files, RulebookError, parse
from ..core.tables import Fault

FOLDERS = ("submission", "exemptions")
"""What becomes the rulebook; profiles/, codes/ and cases/ beside them are read by others."""


def read_folder(shipped: Path, site: Path | None = None) -> Rulebook:
    """Read both folders into one revision; RulebookError lists every fault of every file."""
    files, faults = _read(shipped)
    over, more = _read(site) if site else ({}, [])
    if not files and not faults:  # without rules every exam would be submitted
        faults.append(_fault(str(shipped), "klasörde kural yok", "there is no rule in the folder"))
    if faults or more:
        raise RulebookError((*faults, *more))
    return parse(files, over)


def lint(folder: Path, shipped: Path | None = None) -> list[str]:
    """Return one line per fault of a folder; `shipped` is what a site's folder lies over. Empty = faultless."""
    try:
        read_folder(shipped or folder, folder if shipped else None)
    except RulebookError as error:
        return [str(one) for one in error.faults]
    return []


def _read(folder: Path) -> tuple[Files, list[Fault]]:
    files: Files = {}
    faults: list[Fault] = []
    if not folder.is_dir():
        return files, [_fault(str(folder), "klasör yok", "there is no such folder")]
    for path in sorted(one for name in FOLDERS for one in (folder / name).glob("*.toml")):
        try:
            files[path.as_posix()] = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            faults.append(_fault(str(path), f"TOML okunamadı: {error}", f"this is no TOML: {error}"))
        except UnicodeDecodeError:
            faults.append(_fault(str(path), "dosya UTF-8 değil", "the file is not UTF-8"))
        except OSError as error:
            faults.append(_fault(str(path), f"okunamadı: {error.strerror}", f"cannot be read: {error.strerror}"))
    return files, faults


def _fault(file: str, tr: str, en: str) -> Fault:
    return Fault.of(file, "", tr, en)
