"""Does Orthanc's process grow with each request that a callback of the Python plugin sees? Beside one that none sees.

A script of a few lines stands in for ours, so that what grows is the plugin's own: version 4.0 of Debian 12 keeps a few
objects of each call. The same with what Geçit does about it (`edges/kept_references.py`). Memory is the proportional
set size (PSS) before and after so many requests over one connection.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import urllib3

from . import nodes
from .figures import Figure, Goal, compare
from .memory import MIB, memory_of

COUNT = 20_000
WARM_SECONDS = 10.0
GIVEN_BACK_SECONDS = 4.0  # what is given back is so three seconds after its call, by those that come then
AFTERWARDS = 100
FLAT = Goal(most=20.0, absolute=True)
SCRIPT = """
import orthanc
def passes(uri, **request):
    return True
def answers(output, uri, **request):
    output.AnswerBuffer(b"{}", "application/json")
if GIVEN_BACK:
    import sys
    sys.path.insert(0, PLUGINS)
    from gecit.edges.kept_references import KeptReferences
    kept = KeptReferences()
    passes, answers = kept.watched(passes), kept.watched(answers)
if FILTERED:
    orthanc.RegisterIncomingHttpRequestFilter(passes)
orthanc.RegisterRestCallback("/answered", answers)
"""
CASES = {
    "filter": (True, False, "/system"),
    "filter-and-route": (True, False, "/answered"),
    "filter-given-back": (True, True, "/system"),
    "filter-and-route-given-back": (True, True, "/answered"),
}
"""Whether a filter sees each request, whether what is kept is given back, what is asked."""

NOBODY = (False, False, "/system")


def figures(rounds: int = 3, patience: float = 30.0, count: int = COUNT) -> Iterator[Figure]:
    """Measure each kind of call, `rounds` times each; `patience` is not needed: memory does not mind others."""
    for name, case in CASES.items():
        rows = []
        for _ in range(rounds):
            one, value, other = (_grown(*how, count) for how in (NOBODY, case, NOBODY))
            sys.stderr.write(f"  {name}: {value:.1f} KiB, nobody {one:.1f}\n")
            rows.append((value, max(one, 0.1), max(other, 0.1)))
        said = "the same where no callback sees it"
        goal = FLAT if case[1] else None  # what the plugin does alone is nobody's to mend here
        yield compare("calls", name, "grown", "KiB/1000 requests", rows, [0.0] * rounds, goal, said)


def _grown(filtered: bool, given_back: bool, path: str, count: int) -> float:
    """Return KiB for each thousand requests."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder:
        script = Path(folder) / "script.py"
        chosen = {"FILTERED": filtered, "GIVEN_BACK": given_back, "PLUGINS": str(nodes.HOME / "plugins")}
        head = "\n".join(f"{name} = {value!r}" for name, value in chosen.items())
        script.write_text(f"{head}\n{SCRIPT}", encoding="utf-8")
        with nodes.scripted(Path(folder), script) as node, urllib3.HTTPConnectionPool("127.0.0.1", node.http) as pool:
            warm = time.monotonic() + WARM_SECONDS
            while time.monotonic() < warm:
                _ask(pool, path, AFTERWARDS)
            before = _size(node, pool, path)
            _ask(pool, path, count)
            return (_size(node, pool, path) - before) * MIB / 1024 / count * 1000


def _size(node: nodes.Node, pool: urllib3.HTTPConnectionPool, path: str) -> float:
    """Return MiB, once what can be given back is."""
    time.sleep(GIVEN_BACK_SECONDS)
    _ask(pool, path, AFTERWARDS)
    return memory_of(node)["orthanc"]


def _ask(pool: urllib3.HTTPConnectionPool, path: str, count: int) -> None:
    for _ in range(count):
        if pool.request("GET", path).status != 200:
            raise RuntimeError(f"{path} was not answered")
