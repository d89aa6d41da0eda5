"""Does Orthanc's process grow with each request that a callback of the Python plugin sees? Beside one that none sees.

A script of a few lines stands in for ours, so that what grows is the plugin's own: version 4.0 of Debian 12 keeps a few
objects of each call. Memory is the proportional set size (PSS) before and after so many requests over one connection.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import urllib3

from . import nodes
from .figures import Figure, Goal, compare
from .memory import MIB, memory_of

COUNT = 20_000
WARM = 2_000
FLAT = Goal(most=20.0, absolute=True)
SCRIPT = """
import orthanc
def passes(uri, **request):
    return True
def answers(output, uri, **request):
    output.AnswerBuffer(b"{}", "application/json")
if FILTERED:
    orthanc.RegisterIncomingHttpRequestFilter(passes)
orthanc.RegisterRestCallback("/answered", answers)
"""
CASES = {"filter": (True, "/system"), "filter-and-route": (True, "/answered")}
NOBODY = (False, "/system")


def figures(rounds: int = 3, patience: float = 30.0, count: int = COUNT) -> Iterator[Figure]:
    """Measure each kind of call, `rounds` times each; `patience` is not needed: memory does not mind others."""
    for name, case in CASES.items():
        rows = []
        for _ in range(rounds):
            one, value, other = (_grown(*how, count) for how in (NOBODY, case, NOBODY))
            sys.stderr.write(f"  {name}: {value:.1f} KiB, nobody {one:.1f}\n")
            rows.append((value, max(one, 0.1), max(other, 0.1)))
        said = "the same where no callback sees it"
        yield compare("calls", name, "grown", "KiB/1000 requests", rows, [0.0] * rounds, FLAT, said)


def _grown(filtered: bool, path: str, count: int) -> float:
    """Return KiB for each thousand requests."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder:
        script = Path(folder) / "script.py"
        script.write_text(f"FILTERED = {filtered}\n{SCRIPT}", encoding="utf-8")
        with nodes.scripted(Path(folder), script) as node, urllib3.HTTPConnectionPool("127.0.0.1", node.http) as pool:
            _ask(pool, path, WARM)
            before = memory_of(node)["orthanc"]
            _ask(pool, path, count)
            return (memory_of(node)["orthanc"] - before) * MIB / 1024 / count * 1000


def _ask(pool: urllib3.HTTPConnectionPool, path: str, count: int) -> None:
    for _ in range(count):
        if pool.request("GET", path).status != 200:
            raise RuntimeError(f"{path} was not answered")
