"""Endless work in threads: each loop steps, rests when there is nothing to do, and survives what its step raises.

What may find work when the ledger changes is woken by that; its rest is for what comes with time alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from ..core.faults import described
from ..core.values import Value
from ..ports import Unavailable

log = logging.getLogger("gecit.loops")

LONGEST_REST = 30.0
STOP_SECONDS = 6.0
"""For the steps under way, all together: less than the supervisor waits before it kills. An Orthanc that stops may
have taken a connection that it never answers."""
LOOK_SECONDS = 0.05
"""How often it is asked whether the ledger changed, and so the longest that a woken loop is late."""


class Loop(Value):
    """One thing done again and again. `step` says whether there may be more at once; `rest` is in seconds.

    `wakes`: a change of the ledger ends its rest.
    """

    name: str
    step: Callable[[], bool]
    rest: float
    wakes: bool = False


def run_loops(
    loops: Sequence[Loop],
    stop: threading.Event,
    version: Callable[[], str] | None = None,
    stopping: Callable[[], None] | None = None,
) -> None:
    """Run all loops until told to stop, then wait for the steps under way, though not for ever.

    `version` is the ledger's; `stopping` is called first when it is time, so that steps under way end soon.
    """
    woken = {one.name: threading.Event() for one in loops}
    threads = [_thread(one.name, _run, one, stop, woken[one.name]) for one in loops]
    if version is not None:
        waking = [woken[one.name] for one in loops if one.wakes]
        threads.append(_thread("watch", _watch, version, waking, stop))
    stop.wait()
    if stopping is not None:
        stopping()
    for event in woken.values():
        event.set()
    deadline = time.monotonic() + STOP_SECONDS
    for one in threads:
        one.join(max(deadline - time.monotonic(), 0.0))
        if one.is_alive():
            log.warning("%s has not ended and is left as it is", one.name)


def _thread(name: str, run: Callable[..., None], *arguments: object) -> threading.Thread:
    made = threading.Thread(target=run, args=arguments, name=name, daemon=True)
    made.start()
    return made


def _watch(version: Callable[[], str], waking: Sequence[threading.Event], stop: threading.Event) -> None:
    """Wake the loops whenever anybody has committed; a ledger that cannot be asked wakes nobody."""
    seen = ""
    while not stop.wait(LOOK_SECONDS):
        try:
            now = version()
        except Unavailable:
            continue
        except Exception as fault:  # noqa: BLE001 -- the outermost boundary of the watch: loops then rest as they may
            log.error("the ledger cannot be watched: %s", described(fault))
            stop.wait(LONGEST_REST)
            continue
        if now != seen:
            seen = now
            for one in waking:
                one.set()


def _run(loop: Loop, stop: threading.Event, woken: threading.Event) -> None:
    failures = 0
    while not stop.is_set():
        woken.clear()  # before the step: what changes while it runs is looked at in the next one
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
        if failures:
            stop.wait(min(loop.rest * 2 ** min(failures, 8), LONGEST_REST))
        elif not more and not stop.is_set():  # asked after `clear`, which may have undone a wake-up to stop
            woken.wait(loop.rest)
