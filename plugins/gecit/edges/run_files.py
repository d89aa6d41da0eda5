"""What-if runs as folders: what was asked, how far it is, one line for each exam that would change.

`<Data>/whatif/ID/` holds `request.json`, `progress.json` and `changes.jsonl`; whoever makes the run holds a lock on
`lock`, so that a run whose process died is known from one that goes on.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..core.values import to_json
from ..core.whatif import Progress, RunRequest, RunState
from ..steps.replay import Change
from .exclusive import take

KEPT = 20
"""Runs on the disk; older ones are thrown away when a new one is asked."""

ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


class RunFiles:
    """All runs of a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, run: str) -> Path:
        """Return the folder of a run; ValueError where the name is none."""
        if not ID.fullmatch(run):
            raise ValueError("no run")
        return self.folder / run

    def create(self, request: RunRequest) -> Path:
        """Make a run's folder, readable by this user only, and throw the oldest ones away."""
        place = self.place(request.id)
        place.mkdir(mode=0o700, parents=True)
        (place / "request.json").write_bytes(to_json(request))
        self.write(request.id, Progress())
        for old in self.ids()[KEPT:]:
            if self.progress(old).state.over:
                shutil.rmtree(self.place(old), ignore_errors=True)
        return place

    def ids(self) -> list[str]:
        """Return the runs, the newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((one.name for one in self.folder.iterdir() if ID.fullmatch(one.name)), reverse=True)

    def request(self, run: str) -> RunRequest | None:
        """Return what a run was asked; None where there is no such run."""
        try:
            return msgspec.json.decode((self.place(run) / "request.json").read_bytes(), type=RunRequest)
        except (OSError, ValueError):
            return None

    def progress(self, run: str) -> Progress:
        """Return how far a run is; one whose process is gone has failed."""
        try:
            found = msgspec.json.decode((self.place(run) / "progress.json").read_bytes(), type=Progress)
        except (OSError, ValueError):
            return Progress(state=RunState.FAILED)
        if found.state is RunState.RUNNING and not self._held(run):
            again = msgspec.json.decode((self.place(run) / "progress.json").read_bytes(), type=Progress)
            return again if again.state.over else msgspec.structs.replace(again, state=RunState.FAILED)
        return found

    def write(self, run: str, progress: Progress) -> None:
        """Say how far a run is; a reader sees the old file or the new one."""
        fresh = self.place(run) / f".progress.{os.getpid()}"
        fresh.write_bytes(to_json(progress))
        fresh.replace(self.place(run) / "progress.json")

    def add(self, run: str, changes: Iterable[Change]) -> None:
        """Add exams that would change."""
        with (self.place(run) / "changes.jsonl").open("ab") as file:
            file.writelines(to_json(one) + b"\n" for one in changes)

    def changes(self, run: str) -> Iterator[Change]:
        """Yield the exams that would change."""
        try:
            with (self.place(run) / "changes.jsonl").open("rb") as file:
                for line in file:
                    yield msgspec.json.decode(line, type=Change)
        except FileNotFoundError:
            return

    def hold(self, run: str) -> int:
        """Take a run for this process's life; BlockingIOError where another one has it."""
        return take(self.place(run) / "lock")

    def _held(self, run: str) -> bool:
        try:
            os.close(self.hold(run))
        except OSError:
            return True
        return False
