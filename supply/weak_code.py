"""Bandit over all that runs; what is ignored stands beside its line with a reason, in ruff's words, or is accepted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .common import ROOT, Fault, accepted, settle

FOLDERS = ("plugins", "bench", "supply")
_REASON = re.compile(r"# noqa:[^#]*\bS(\d{3})\b[^#]*?-- ?\S")


def faults() -> Iterator[Fault]:
    """Yield what bandit finds and nobody accepted."""
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    report = json.loads(done.stdout)
    for one in report["errors"]:
        yield Fault("bandit", one["filename"], one["reason"])
    found = [one for one in report["results"] if not _explained(one)]
    rows = [
        (one["test_id"], one["filename"].removeprefix("./"), f"line {one['line_number']}: {one['issue_text']}")
        for one in found
    ]
    yield from settle("bandit", rows, accepted("bandit"))


def _explained(one: dict[str, Any]) -> bool:
    """Whether the statement says, for bandit's number (ruff's rules are the same), why it is as it is."""
    lines = (ROOT / Path(one["filename"])).read_text(encoding="utf-8").split("\n")
    statement = lines[one["line_number"] - 1 : max(one["line_range"])]
    return any(one["test_id"][1:] in _REASON.findall(line) for line in statement)
