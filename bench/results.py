"""Results that are kept: `bench/results/NAME.jsonl`, its first line says where, when and of which commit.

`python -m bench --keep NAME` writes one; `python -m bench.page` puts all of them into docs/performance.md.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from gecit.core.values import Value

from .figures import Figure, line

HOME = Path(__file__).parents[1]
FOLDER = HOME / "bench" / "results"
QUIET = 0.06
"""The share of the machine that others may have used in the median, for a run to be called quiet."""


class Origin(Value, omit_defaults=False):
    """Where figures come from."""

    bench: str
    commit: str  # `+` behind it: with changes that were not committed
    date: str
    command: str
    processor: str
    processors: int
    memory_gib: int
    system: str
    elsewhere: float  # the largest median share of processor time that others used, of all figures
    quiet: bool


def origin(bench: str, command: str, figures: Iterable[Figure]) -> Origin:
    """Say where the figures of this run come from."""
    elsewhere = max((one.elsewhere.median for one in figures), default=0.0)
    return Origin(
        bench=bench,
        commit=_git("rev-parse", "--short=10", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else ""),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        command=command,
        processor=_processor(),
        processors=os.cpu_count() or 0,
        memory_gib=round(psutil.virtual_memory().total / (1 << 30)),
        system=f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}, Linux {platform.release()}",
        elsewhere=elsewhere,
        quiet=elsewhere <= QUIET,
    )


def keep(bench: str, command: str, figures: Iterable[Figure], folder: Path = FOLDER) -> Path:
    """Write the figures of a bench, in place of those before."""
    found = list(figures)
    lines = [msgspec.json.encode(origin(bench, command, found)).decode(), *map(line, found)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{bench}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> tuple[Origin, list[str]]:
    """Return where figures come from, and their lines."""
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    return msgspec.json.decode(first, type=Origin), rest


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HOME, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    for one in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if one.startswith("model name"):
            return one.partition(":")[2].strip()
    return platform.machine()
