"""Starts what-if runs on demand, one at a time on a node, and says how they are."""

from __future__ import annotations

import logging
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from gecit.core.rulebook import Rulebook
from gecit.core.values import Text
from gecit.core.whatif import Progress, RunningError, RunRequest, RunState
from gecit.edges.run_files import RunFiles
from gecit.ports import Clock
from gecit.settings import Settings

from .life import fetch_when_ended
from .whatif import FOLDER

log = logging.getLogger("gecit.whatif")

TO_START = timedelta(seconds=60)
"""A run that says nothing for longer never started."""
COMMAND = (sys.executable, "-m", "gecit.processes.whatif")


class WhatIfRuns:
    """The runs of this node."""

    def __init__(self, settings: Settings, clock: Clock, command: Sequence[str] = COMMAND) -> None:
        self._clock, self._command = clock, command
        self._files = RunFiles(settings.data / FOLDER)
        self._lock = threading.Lock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.request, self.ids, self.changes = self._files.request, self._files.ids, self._files.changes

    def start(self, book: Rulebook, title: Text, by: str, draft: str = "") -> str:
        """Start a run and return its id; RunningError where one goes on."""
        with self._lock:
            going = next((one for one in self.ids() if not self.progress(one).state.over), None)
            if going:
                raise RunningError(going)
            self._bury()
            now = self._clock.now()
            run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
            self._files.create(RunRequest(id=run, by=by, asked_at=now, title=title, book=book, draft=draft))
            # A session of its own, so that its helpers end with it; the pipe tells it when we are gone.
            self._processes[run] = subprocess.Popen(
                (*self._command, run), stdin=subprocess.PIPE, start_new_session=True
            )
            fetch_when_ended(self._processes[run])
            log.info("what-if run %s started, pid %d", run, self._processes[run].pid)
            return run

    def progress(self, run: str) -> Progress:
        """Return how far a run is."""
        found = self._files.progress(run)
        if found.state is RunState.STARTING and not self._starts(run):
            found = self._files.progress(run)  # it may have ended between the two looks
            return found if found.state.over else replace(found, state=RunState.FAILED)
        return found

    def stop(self, run: str) -> None:
        """End a run that this process started; what it found until then stays."""
        with self._lock:
            process = self._processes.get(run)
            if process is None or process.poll() is not None:
                return
            assert process.stdin  # noqa: S101 -- it was given a pipe
            process.stdin.close()
            process.wait(20)
            found = self._files.progress(run)
            if found.state is not RunState.DONE:
                self._files.write(run, replace(found, state=RunState.STOPPED))

    def close(self) -> None:
        """End whatever goes on: the process that started it stops."""
        for run in list(self._processes):
            self.stop(run)

    def _bury(self) -> None:
        """Let go of what has ended."""
        for run, process in list(self._processes.items()):
            if process.poll() is not None:
                if process.stdin:
                    process.stdin.close()
                del self._processes[run]

    def _starts(self, run: str) -> bool:
        process = self._processes.get(run)
        if process is not None:
            return process.poll() is None
        request = self.request(run)
        return request is not None and self._clock.now() - request.asked_at < TO_START
