"""One what-if run in a process of its own: `python -m gecit.processes.whatif ID`. It writes nothing into the ledger.

Its standard input is a pipe: when whoever asked for the run closes it or is gone, the run and its helpers end.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections import Counter

from gecit.core.faults import described
from gecit.core.whatif import Progress, RunRequest, RunState
from gecit.edges.run_files import RunFiles
from gecit.edges.store import SqlLedger
from gecit.edges.store.effects import first_and_last_order
from gecit.edges.store.engine import open_engine
from gecit.settings import Settings, load
from gecit.steps.reached import EVERYTHING, Reached, reached
from gecit.steps.replay import Replayed

from .build import clock_of, start_logging
from .replaying import Piece, WhatIf, monthly, pieces, replayed
from .rules import context_from, context_of

log = logging.getLogger("gecit.whatif")

FOLDER = "whatif"
KIND = 10
"""How far the run stands back behind the processes that take messages in (nice)."""


def run(settings: Settings, files: RunFiles, request: RunRequest) -> None:
    """Go through what the rulebook can touch and leave every change in the run's folder."""
    held = files.hold(request.id)
    progress = Progress(state=RunState.RUNNING)
    files.write(request.id, progress)
    ledger = SqlLedger(open_engine(settings.database))
    try:
        where = reached(ledger, request.book)
        todo = _cut(ledger, where)
        asked = _asked(settings, ledger, request, where)
        tally = _Tally(files, request.id, len(todo))
        for found in replayed(asked, todo):
            tally.add(found)
        tally.end(RunState.DONE)
    except Exception as fault:
        files.write(request.id, Progress(state=RunState.FAILED, fault=type(fault).__name__))
        raise
    finally:
        ledger.close()
        os.close(held)


class _Tally:
    """Counts, and says how far the run is after each piece."""

    def __init__(self, files: RunFiles, run: str, pieces: int) -> None:
        self._files, self._run, self._pieces = files, run, pieces
        self._done = self._looked_at = self._changed = 0
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._say(RunState.RUNNING)

    def add(self, found: Replayed) -> None:
        self._done += 1
        self._looked_at += found.looked_at
        self._changed += len(found.changes)
        self._counts.update(f"{one.before.value} -> {one.after.value}" for one in found.changes)
        self._told.update(one.action.value for one in found.changes)
        self._files.add(self._run, found.changes)
        self._say(RunState.RUNNING)

    def end(self, state: RunState) -> None:
        self._say(state)

    def _say(self, state: RunState) -> None:
        progress = Progress(
            state=state,
            pieces=self._pieces,
            done=self._done,
            looked_at=self._looked_at,
            changed=self._changed,
            counts=dict(self._counts),
            told=dict(self._told),
        )
        self._files.write(self._run, progress)


def _cut(ledger: SqlLedger, where: Reached) -> list[Piece]:
    """Cut the work so that its progress can be seen: the whole ledger by keys, a stretch by months."""
    if where.stretches == EVERYTHING:
        return pieces(ledger, where.stretches)
    ends = first_and_last_order(ledger)
    return [Piece(stretch=one) for whole in where.stretches for one in monthly(whole, *ends)]


def _asked(settings: Settings, ledger: SqlLedger, request: RunRequest, where: Reached) -> WhatIf:
    now = clock_of(ledger).now()
    recorded = ledger.context_at(now)
    context = context_from(recorded) if recorded else context_of(settings)
    return WhatIf(
        database=settings.database,
        rulebook=request.book,
        context=context,
        now=now,
        role=settings.role,
        rules=where.rules,
    )


def end_with_the_pipe() -> None:
    """End this process and all it started when standard input closes; it is the head of its own group."""
    while os.read(0, 64):
        continue
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main(run_id: str) -> int:
    """Make one run."""
    settings = load()
    start_logging(settings.log_level)
    files = RunFiles(settings.data / FOLDER)
    request = files.request(run_id)
    if request is None:
        log.error("there is no run %s", run_id)
        return 2
    if os.getpgrp() == os.getpid():
        threading.Thread(target=end_with_the_pipe, name="watch the pipe", daemon=True).start()
    os.nice(KIND)
    try:
        run(settings, files, request)
    except Exception as fault:  # noqa: BLE001 -- the process's boundary: what failed stands in the run
        log.error("what-if run %s failed: %s", run_id, described(fault))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
