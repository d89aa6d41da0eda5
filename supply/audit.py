"""Known vulnerabilities of what the lock files name.

Two sources, of which the first is always there:
- `advisories.toml`: advisories that we know of, with the first version without them. It can only say what it knows.
- pip-audit, which asks a database on the network. Where that cannot be reached nothing is known: it is said loudly, and
  it is a fault where `SUPPLY_STRICT=1` asks for certainty (a release). What it finds is always a fault.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.version import Version

from .common import FUZZ_LOCK, LOCKS, ROOT, TEST_LOCK, Fault, Pinned, accepted, npm_packages, pinned, settle

STRICT = "SUPPLY_STRICT"
KNOWN = Path(__file__).with_name("advisories.toml")
SECONDS = 45
UNREACHABLE = "the vulnerability database cannot be reached from here: whether there is anything new is NOT known"


def faults() -> Iterator[Fault]:
    """Yield locked versions with a known vulnerability."""
    yield from old_versions([one for lock in LOCKS for one in pinned(lock)], "pypi")
    yield from old_versions(npm_packages(), "npm")
    found = asked()
    if found is None:
        sys.stderr.write(f"[supply] audit: SKIPPED, {UNREACHABLE}\n")
        if os.environ.get(STRICT):
            yield Fault("audit", "pip-audit", UNREACHABLE)
        return
    yield from settle("audit", found, accepted("audit"))


def old_versions(packages: list[Pinned], kind: str) -> Iterator[Fault]:
    """Yield packages below the first version without an advisory that we know of."""
    for one in tomllib.loads(KNOWN.read_text(encoding="utf-8"))["advisory"]:
        for found in packages:
            if (kind, found.name) == (one["kind"], one["package"]) and Version(found.version) < Version(one["fixed"]):
                yield Fault("audit", f"{found.name} {found.version}", f"{one['id']}, fixed in {one['fixed']}")


def asked(locks: Sequence[Path] = (TEST_LOCK, FUZZ_LOCK)) -> list[tuple[str, str, str]] | None:
    """Ask pip-audit about every locked package; None where it could not be told of each."""
    named = [part for lock in locks for part in ("-r", str(lock))]
    command = ["-m", "pip_audit", *named, "--disable-pip", "--require-hashes", "-f", "json", "--timeout", "5"]
    try:
        done = subprocess.run(
            [sys.executable, *command, "--progress-spinner", "off"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    if any("skip_reason" in one for one in packages):  # pip-audit itself passes over these, and says that all is well
        return None
    return [(found["id"], one["name"], one["version"]) for one in packages for found in one["vulns"]]
