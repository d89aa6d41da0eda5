"""What the checks share: the lock files as they are read, what was accepted and why, and the faults that are found."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
ACCEPTED = Path(__file__).with_name("accepted.toml")
RUN_LOCK, TEST_LOCK = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
FUZZ_LOCK = ROOT / "requirements-fuzz.lock"  # what `make fuzz` needs beyond the tests
LOCKS = (RUN_LOCK, TEST_LOCK, FUZZ_LOCK)
SET_UP = ROOT / "scripts/setup.sh"
_PINNED = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\]*?))?\s*\\?$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Fault(NamedTuple):
    """Something that somebody must mend."""

    check: str
    where: str
    what: str


class Pinned(NamedTuple):
    """A package of a lock file; `marker`: on which machines it is installed, "" = on all."""

    name: str
    version: str
    marker: str = ""
    hashes: tuple[str, ...] = ()  # SHA-256, hex


def pinned(lock: Path) -> list[Pinned]:
    """Read a lock file."""
    text = lock.read_text(encoding="utf-8")
    found = list(_PINNED.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return [
        Pinned(one[1], one[2], (one[3] or "").strip(), tuple(_HASH.findall(text[one.start() : end])))
        for one, end in zip(found, ends, strict=True)
    ]


def npm_packages() -> list[Pinned]:
    """Read what browsers are given: the npm lock file, and the viewer, which is pinned by itself. Without hashes."""
    lock = json.loads((ROOT / "assets/package-lock.json").read_text(encoding="utf-8"))
    viewer = json.loads((ROOT / "assets/ohif.json").read_text(encoding="utf-8"))
    listed = [
        Pinned(path.removeprefix("node_modules/"), one["version"])
        for path, one in lock["packages"].items()
        if path and not one.get("dev")
    ]
    return sorted([*listed, Pinned(viewer["package"], viewer["version"])])


def debian_packages() -> list[str]:
    """Read which Debian packages a node needs; their versions are the distribution's."""
    found = re.search(r"^run_packages=\(([^)]*)\)", SET_UP.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ValueError("scripts/setup.sh names no run_packages")
    return sorted(found[1].split())


def accepted(section: str) -> list[dict[str, Any]]:
    """Return the rows of a section of what was accepted; KeyError where one has no reason."""
    rows: list[dict[str, Any]] = tomllib.loads(ACCEPTED.read_text(encoding="utf-8")).get(section, [])
    for row in rows:
        if len(str(row["reason"])) < 10:
            raise KeyError(f"{section}: {row} has no reason")
    return rows


def settle(check: str, found: Iterable[tuple[str, str, str]], rows: Sequence[dict[str, Any]]) -> Iterator[Fault]:
    """Compare findings (code, place, words) with rows (code and where may end in `*`); a stale row is a fault too."""
    used = set()
    for code, where, what in found:
        mine = [number for number, row in enumerate(rows) if _fits(row["code"], code) and _fits(row["where"], where)]
        used.update(mine)
        if not mine:
            yield Fault(check, where, f"{code} {what}")
    for number, row in enumerate(rows):
        if number not in used:
            yield Fault(check, f"supply/accepted.toml: {row['where']}", f"{row['code']} is found there no more")


def _fits(pattern: str, text: str) -> bool:
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
