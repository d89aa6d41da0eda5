"""Endless work in threads: each loop steps, rests when there is nothing to do, and survives what its step raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..core.faults import described
from ..core.values import Value
from ..ports import Unavailable

log = logging.getLogger("gecit.loops")

LONGEST_REST = 30.0


class Loop(Value):
    """One thing done again and again. `step` says whether there may be more at once; `rest` is in seconds."""

    name: str
    step: Callable[[], bool]
    rest: float


def run_loops(loops: list[Loop], stop: threading.Event) -> None:
    """Run all loops until told to stop, then wait for the steps under way."""
    threads = [threading.Thread(target=_run, args=(one, stop), name=one.name, daemon=True) for one in loops]
    for one in threads:
        one.start()
    stop.wait()
    for one in threads:
        one.join(10)


def _run(loop: Loop, stop: threading.Event) -> None:
    failures = 0
    while not stop.is_set():
        try:
            more = loop.step()
        except Unavailable as fault:
            failures += 1
            if failures in (1, 10) or failures % 100 == 0:
                log.warning("%s waits: %s", loop.name, fault)
            more = False
        except Exception as fault:  # noqa: BLE001 -- the outermost boundary of a loop: said, and tried again
            failures += 1
            log.error("%s failed: %s", loop.name, described(fault))
            more = False
        else:
            failures = 0
        if not more:
            stop.wait(min(loop.rest * 2 ** min(failures, 8), LONGEST_REST) if failures else loop.rest)
