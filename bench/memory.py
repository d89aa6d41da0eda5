"""Memory: all processes of a node together, less a bare Orthanc that stored the same, and how it grows from there.

After so many instances and as many messages, and once more after the same again. Proportional set sizes (PSS): what
processes share is counted once. Python is as on an installed node.

Another Orthanc that runs at the same time takes its share of the same libraries' pages, and makes both nodes here look
smaller: none may.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil

from gecit.edges import codes
from gecit.edges.system_clock import SystemClock

from . import corpus, ingest, nodes
from .corpus import Case, Sent
from .figures import Figure, Goal, compare
from .hl7 import RADIOLOGISTS, send_messages
from .installed import environ_of_a_node
from .machine import elsewhere, machine_now

COUNT = 10_000  # instances, and messages, of each half
MIB = 1024 * 1024
REST_SECONDS = 20.0  # until everything is judged and attached
TOGETHER = Goal(most=350.0, absolute=True)


def figures(rounds: int = 1, patience: float = 30.0, count: int = COUNT) -> Iterator[Figure]:
    """Measure once, whatever `rounds` says: a node's memory has no spread worth the time."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder, ExitStack() as stack:
        sys.stderr.write(f"  writing {2 * count:,} files\n")
        halves = [_studies(Path(folder), half, count) for half in range(2)]
        ours = stack.enter_context(nodes.gecit(made(Path(folder) / "ours"), **environ_of_a_node()))
        bare = stack.enter_context(nodes.bare(made(Path(folder) / "bare")))
        codes.import_csv(Path(folder) / "ours" / "codes.db", "radiologists", RADIOLOGISTS, SystemClock().now())
        seen, busy = [(memory_of(ours), memory_of(bare))], []
        for half, studies in enumerate(halves):
            sys.stderr.write(f"  half {half + 1} of 2: {count:,} instances and as many messages\n")
            machine, used = machine_now(), ours.cpu().all + bare.cpu().all
            _fill(ours, bare, Path(folder), half, studies, count)
            busy.append(elsewhere(machine, machine_now(), ours.cpu().all + bare.cpu().all - used))
            seen.append((memory_of(ours), memory_of(bare)))
    for mine, other in seen:
        sys.stderr.write(
            f"  { ({name: round(size) for name, size in mine.items()}) }, bare {round(sum(other.values()))}\n"
        )
    yield from _figures(seen, busy, count)


def _figures(seen: list[tuple[dict[str, float], dict[str, float]]], busy: list[float], count: int) -> Iterator[Figure]:
    """Make figures of MiB by process of ours and bare, before and after each half; `busy`: `elsewhere` of each half."""
    (_, _), (ours, bare), (later, bare_later) = seen
    case = f"after-{count}"
    rest = sum(bare.values())
    for name, size in ours.items():
        rows = [(size, rest, rest)]
        yield compare("memory", case, name, "MiB", rows, busy[:1], None, "bare Orthanc after the same instances")
    more = sum(ours.values()) - rest
    yield compare("memory", case, "together-less-bare", "MiB", [(more, rest, rest)], busy[:1], TOGETHER, "bare Orthanc")
    grown = sum(later.values()) - sum(ours.values())
    bare_grown = max(sum(bare_later.values()) - rest, 0.1)
    rows = [(grown, bare_grown, bare_grown)]
    yield compare("memory", f"{case}-more", "grown", "MiB", rows, [max(busy)], None, "bare Orthanc's own growth")


def made(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir()
    return folder


def _studies(folder: Path, half: int, count: int) -> list[Sent]:
    """Small studies: what memory depends on is how many there are."""
    case = Case(name=f"memory-{half}", edge=16, studies=max(count // 50, 1), series=1, slices=min(50, count))
    return corpus.write(case, folder / f"files{half}", 10_000 * (half + 1))


def _fill(ours: nodes.Node, bare: nodes.Node, folder: Path, half: int, studies: list[Sent], count: int) -> None:
    ours.expect(studies)
    for node in (ours, bare):
        ingest.send_when_allowed(node, studies)
    ours.wait_recorded(studies)
    send_messages(ours, folder, 1 + half, count)
    time.sleep(REST_SECONDS)


def memory_of(node: nodes.Node) -> dict[str, float]:
    """Return MiB by process."""
    found: dict[str, float] = {}
    for pid in node.pids():
        process = psutil.Process(pid)
        words = process.cmdline()
        name = words[-1] if words[-1] in nodes.PROCESSES else "orthanc"
        found[name] = process.memory_full_info().pss / MIB
    return dict(sorted(found.items()))
