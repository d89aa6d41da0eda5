"""Results that are kept: `bench/results/NAME.jsonl`, its first line says where, when and of which commit.

`python -m bench --keep NAME` writes one, unless what is kept is better; `python -m bench.page` puts all of them into
docs/performance.md.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
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


class BetterKeptError(RuntimeError):
    """What is kept is quieter or of more rounds than the new run, which was not kept; `--anyway` keeps it."""


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


def keep(bench: str, command: str, figures: Iterable[Figure], folder: Path = FOLDER, *, anyway: bool = False) -> Path:
    """Write a bench's figures in place of those before; BetterKeptError where those are better, unless `anyway`."""
    found = list(figures)
    new, path = origin(bench, command, found), folder / f"{bench}.jsonl"
    if not anyway and path.exists():
        _refuse_worse(path, new, found)
    lines = [msgspec.json.encode(new).decode(), *map(line, found)]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> tuple[Origin, list[str]]:
    """Return where figures come from, and their lines."""
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    return msgspec.json.decode(first, type=Origin), rest


def _refuse_worse(path: Path, new: Origin, found: Sequence[Figure]) -> None:
    """Raise BetterKeptError where others disturbed the new run more than the one that is kept, or it has fewer rounds.

    More is: that one was quiet and this was not, or neither was, since what a bench itself starts (Chromium) counts as
    others', and this one lies above that by more than a quiet machine's share.
    """
    kept, lines = read(path)
    faults = []
    if not new.quiet and (kept.quiet or new.elsewhere > kept.elsewhere + QUIET):
        faults.append(
            f"others used {kept.elsewhere:.1%} of the machine when what is kept was measured, "
            f"{new.elsewhere:.1%} in this run (quiet is up to {QUIET:.0%})"
        )
    faults += _fewer([msgspec.json.decode(one, type=Figure) for one in lines], found)
    if faults:
        raise BetterKeptError(
            f"{new.bench} is not kept, {path} stays as it was ({kept.date}, commit {kept.commit}): "
            f"{'; '.join(faults)}. To keep it all the same: --anyway (make: ANYWAY=1)"
        )


def _fewer(kept: Sequence[Figure], found: Sequence[Figure]) -> list[str]:
    """Say where a figure that both runs have has fewer rounds now: the first such, since one says enough.

    Of figures with a goal alone, where there are any: how often others are repeated may follow from how long a run
    takes (`hl7` while its backlog drains).
    """
    before = {(one.case, one.figure): one.rounds for one in kept}
    judged = [one for one in found if one.goal] or found
    for one in judged:
        rounds = before.get((one.case, one.figure), 0)
        if one.rounds < rounds:
            return [f"{one.case}, {one.figure} is kept of {rounds} rounds, this run has {one.rounds}"]
    return []


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=HOME, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    for one in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if one.startswith("model name"):
            return one.partition(":")[2].strip()
    return platform.machine()
