"""`make fuzz`: runs every target until the counts reach what is wanted, the one with the fewest first; or the page.

python -m tests.fuzz [--inputs N] [--target NAME ...] [--minutes N] | python -m tests.fuzz page
Ends with 1 where something was found. Interrupted, it goes on where it was.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from . import page
from .places import ROOT, WORK, Count, findings, made
from .targets import PLACES

SLICE, SLICE_SECONDS = 20_000, 600  # of one target before the next has its turn
LEAST = 50_000
ENDED_BY = ("crash-", "timeout-", "oom-", "leak-")  # what libFuzzer calls an input that ended the process


def slice_of(name: str, inputs: int, seconds: int) -> str:
    """Run one target for a while; returns what ended it before its time, or nothing."""
    before = {one.name for one in findings(name).iterdir()}
    log = made(WORK / "logs") / f"{name}.log"
    with log.open("ab") as file:
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.engine", name, str(inputs), str(seconds)],
            cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    ended = [one for one in findings(name).iterdir() if one.name not in before and one.name.startswith(ENDED_BY)]
    count = Count.of(name)
    for one in ended:
        count.found.append(f"ended by {one.name}")
        count.save(name)
    return "" if ended or not done.returncode else f"{name} ended with {done.returncode}: {log}"


def run(names: list[str], wanted: int, seconds: float) -> str:
    """Go round the targets until each has `wanted`; returns why it stopped early."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        counts = {one: Count.of(one).inputs for one in names}
        name = min(counts, key=lambda one: counts[one])
        if counts[name] >= wanted:
            return ""
        left = int(min(SLICE_SECONDS, max(ends - time.monotonic(), 1)))
        before = counts[name]
        fault = slice_of(name, min(SLICE, wanted - before), left)
        now = Count.of(name)
        sys.stdout.write(f"[fuzz] {name}: {now.inputs:,} of {wanted:,}, {len(now.found)} found\n")
        sys.stdout.flush()
        if fault:
            return fault
        if now.inputs == before and left > SLICE_SECONDS // 2:
            return f"{name}: nothing was run, see {WORK / 'logs' / name}.log"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["run", "page"], default="run")
    parser.add_argument("--inputs", type=int, default=0, help="in all; of each target where targets are named")
    parser.add_argument("--target", action="append", default=[], choices=list(PLACES))
    parser.add_argument("--minutes", type=float, default=24 * 60)
    asked = parser.parse_args()
    if asked.what == "page":
        if not page.write():
            sys.stdout.write(f"[fuzz] {page.PAGE.name} tells of more inputs than stand in {WORK}: left as it is\n")
        return 0
    names = asked.target or list(PLACES)
    each = asked.inputs if asked.target else -(-asked.inputs // len(names))
    each = each or LEAST
    fault = run(names, each, asked.minutes * 60)
    found = {one: Count.of(one).found for one in names}
    for name, what in found.items():
        for one in what:
            sys.stdout.write(f"[fuzz] FOUND {name}: {one}\n")
    total = sum(Count.of(one).inputs for one in names)
    broke = f"what broke something: {Path(WORK)}/findings" if any(found.values()) else "none broke anything"
    sys.stdout.write(f"[fuzz] {total:,} inputs of {len(names)} targets; {broke}\n")
    if fault:
        sys.stdout.write(f"[fuzz] {fault}\n")
    return 1 if fault or any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
