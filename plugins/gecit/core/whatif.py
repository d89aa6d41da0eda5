"""A what-if run: what is asked, how far it is, and what it found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from .rulebook import Rulebook
from .values import Text, Value


class RunState(StrEnum):
    """How a run is."""

    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # it ended without an answer; the log of its process says why
    STOPPED = "stopped"  # by a person

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self in (RunState.DONE, RunState.FAILED, RunState.STOPPED)


class RunRequest(Value):
    """What a run is asked."""

    id: str
    by: str
    asked_at: datetime
    title: Text
    book: Rulebook
    draft: str = ""  # as `exemptions/march-2026.toml`; empty = of a date


class RunningError(Exception):
    """A run goes on already; `run` is its id."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class Progress(Value):
    """How far a run is; `counts` by `before -> after`, `told` by what MEDULA would be told (`billing.Action`)."""

    state: RunState = RunState.STARTING
    pieces: int = 0
    done: int = 0
    looked_at: int = 0
    changed: int = 0
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    told: dict[str, int] = msgspec.field(default_factory=dict)
    fault: str = ""  # type of the error alone

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 if self.state is RunState.DONE else 100 * self.done // self.pieces if self.pieces else 0
