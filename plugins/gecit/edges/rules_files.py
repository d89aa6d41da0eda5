"""Rules and exemptions as TOML files: the shipped folder, and a site's own folder over it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ..core.rulebook import Rulebook
from ..core.rulefile import Files, RulebookError, id_of, is_exemption, parse
from ..core.tables import Fault
from ..core.values import Text

FOLDERS = ("submission", "exemptions")
"""What becomes the rulebook; the other folders beside them are read by others."""

DRAFTS = "drafts"
"""Sub-folder of a site's folder whose files are not in force: `edges/rule_drafts.py`."""

ENDINGS = {**dict.fromkeys((*FOLDERS, "profiles", "cases", "access", "reports", "quality"), ".toml"), "codes": ".csv"}
"""Sub-folder -> ending of the files in it that are read."""


def read_folder(shipped: Path, site: Path | None = None) -> Rulebook:
    """Read both folders into one revision; RulebookError lists every fault of every file."""
    files, unread = _read(shipped)
    over, more = _read(site) if site else ({}, {})
    if not files and not unread:  # without rules every exam would be submitted
        unread[str(shipped)] = _fault(str(shipped), "klasörde kural yok", "there is no rule in the folder")
    return parse(files, over, {**unread, **more})


def read_either(folder: Path, shipped: Path) -> Rulebook:
    """Read a folder as a whole rulebook where it has most of the shipped rules, else as a site's own over them."""
    ours, theirs = ({one.name for one in (some / FOLDERS[0]).glob("*.toml")} for some in (shipped, folder))
    return read_folder(folder) if 2 * len(ours & theirs) > len(ours) else read_folder(shipped, folder)


def read_with(shipped: Path, site: Path, file: str, text: str) -> Rulebook:
    """Read both folders as if the site's had one more file, or that file otherwise; RulebookError.

    `file`: as in `exemptions/march-2026.toml`; faults name it so, and other files by their path.
    """
    files, unread = _read(shipped)
    over, more = _read(site)
    over.pop((site / file).as_posix(), None)
    more.pop((site / file).as_posix(), None)
    try:
        over[file] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        more[file] = _no_toml(file, error)
    return parse(files, over, {**unread, **more})


def lint(folder: Path, shipped: Path | None = None) -> list[str]:
    """Return one line per fault of a folder; `shipped` is what a site's folder lies over. Empty = faultless."""
    try:
        read_folder(shipped or folder, folder if shipped else None)
    except RulebookError as error:
        return [str(one) for one in error.faults]
    return []


def notes(site: Path, shipped: Path) -> list[str]:
    """Return one line per file of a site that takes the place of a shipped one or adds rows to one; no faults."""
    ours, theirs = _read(shipped)[0], _read(site)[0]
    shipped_files = {(is_exemption(name), id_of(name, content)): name for name, content in ours.items()}
    said: list[str] = []
    for name, content in theirs.items():
        key = is_exemption(name), id_of(name, content)
        if key in shipped_files:
            text = _NOTES["adds_to" in content]
            place = {"id": key[1], "file": Path(shipped_files[key]).name}
            said.append(f"{name}: {text.en.format(**place)} / {text.tr.format(**place)}")
    return said


def unread(folder: Path) -> list[str]:
    """Return one line per file of a folder that nothing reads: another ending, or a place where nobody looks."""
    found = (one for one in sorted(folder.rglob("*")) if one.is_file() and not _is_read(one.relative_to(folder)))
    return [f"{one.as_posix()}: {_UNREAD.en} / {_UNREAD.tr}" for one in found]


def _is_read(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    known = len(path.parts) == 2 and path.suffix == ENDINGS.get(path.parts[0])
    return hidden or known or path.parts[0] == DRAFTS or path.stem.upper() == "README"


_UNREAD = Text(
    tr="okunmadı; kurallar submission/*.toml, muafiyetler exemptions/*.toml olmalı",
    en="not read; rules are submission/*.toml, exemptions are exemptions/*.toml",
)
_NOTES = {
    False: Text(
        tr="gelen {id!r} ({file}) dosyasının tümünün yerine geçer",
        en="takes the place of the whole shipped {id!r} ({file})",
    ),
    True: Text(
        tr="gelen {id!r} muafiyetine ({file}) satır ekler", en="adds rows to the shipped exemption {id!r} ({file})"
    ),
}


def _read(folder: Path) -> tuple[Files, dict[str, Fault]]:
    """Return what could be read, and the faults of files that could not, by file."""
    files: Files = {}
    unread: dict[str, Fault] = {}
    if not folder.is_dir():
        return files, {str(folder): _fault(str(folder), "klasör yok", "there is no such folder")}
    for path in sorted(one for name in FOLDERS for one in (folder / name).glob("*.toml")):
        name = path.as_posix()
        try:
            files[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            unread[name] = _fault(name, "dosya UTF-8 değil", "the file is not UTF-8")
        except (ValueError, RecursionError) as error:
            unread[name] = _no_toml(name, error)
        except OSError as error:
            unread[name] = _fault(name, f"okunamadı: {error.strerror}", f"cannot be read: {error.strerror}")
    return files, unread


def _no_toml(file: str, error: ValueError | RecursionError) -> Fault:
    """Beside its own error `tomllib` raises ValueError for a number of thousands of digits, and nests no deeper."""
    return _fault(file, f"TOML okunamadı: {error}", f"this is no TOML: {error}")


def _fault(file: str, tr: str, en: str) -> Fault:
    return Fault.of(file, "", tr, en)
