"""Results as JSON lines in a folder per commit; they add up, and `docs/reliability.md` shows them."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self

import msgspec

from ..support.node import HOME
from .checks import Found, Verdicts
from .table import Kill, plan

PRODUCT = ("plugins", "rules", "orthanc-config")
"""What counts are of: a commit that changes nothing of it begins no new count."""
TRIES = 3
"""How often a point is waited for that was not passed; then the plan goes on without it."""


class Run(msgspec.Struct):
    """One day with its kills and what was found after it. `unreached`: kills whose point was not passed."""

    engine: str
    at: str  # ISO 8601
    seconds: float
    kills: list[Kill]
    unreached: list[Kill]
    messages: int  # acknowledged
    instances: int  # with Success
    exams: int
    lost: list[str]
    twice: list[str]
    differs: list[str]
    faults: int = 0  # answers of MEDULA that were spoilt

    @classmethod
    def broken_off(cls, engine: str, fault: Exception) -> Self:
        """Return what is recorded of a run that could not be looked at: a finding, and no kills."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        said = [f"the run broke off: {fault}"]
        return cls(engine=engine, at=at, seconds=0, kills=[], unreached=[], messages=0, instances=0, exams=0,
                   lost=[], twice=[], differs=said)  # fmt: skip

    @property
    def found(self) -> Found:
        """What was wrong."""
        return Found(self.lost, self.twice, self.differs)


def product_commit() -> str:
    """Return the last commit that changed the product, with `-changed` where something is not committed."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=HOME, capture_output=True, text=True, check=True).stdout.strip()

    commit = git("log", "-1", "--format=%h", "--", *PRODUCT)
    return f"{commit}-changed" if git("status", "--porcelain", "--", *PRODUCT) else commit


class Results:
    """The runs of one commit."""

    def __init__(self, commit: str, folder: Path = HOME / "build" / "crash") -> None:
        self.commit, self.folder = commit, folder / commit
        self.folder.mkdir(parents=True, exist_ok=True)

    def runs(self, engine: str = "") -> list[Run]:
        """Return the runs so far; a line that was cut off counts for nothing."""
        found = []
        for file in sorted(self.folder.glob(f"{engine or '*'}.jsonl")):
            for line in file.read_bytes().splitlines():
                try:
                    found.append(msgspec.json.decode(line, type=Run))
                except msgspec.MsgspecError:
                    continue
        return found

    def add(self, run: Run) -> None:
        """Keep a run."""
        with (self.folder / f"{run.engine}.jsonl").open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(run))

    def kills(self, engine: str = "") -> int:
        """How many kills were carried out and looked at."""
        return sum(len(one.kills) for one in self.runs(engine))

    def next_kills(self, engine: str, count: int) -> list[Kill]:
        """Return the next of the plan that were neither carried out nor waited for in vain too often."""
        runs = self.runs(engine)
        done = Counter(kill for one in runs for kill in one.kills)
        tried = Counter(kill for one in runs for kill in one.unreached)
        return list(islice(_left(engine, done, tried), count))

    def undisturbed(self, engine: str) -> Verdicts | None:
        """Return the verdicts of a day that nobody disturbed."""
        file = self.folder / f"undisturbed-{engine}.json"
        return msgspec.json.decode(file.read_bytes(), type=Verdicts) if file.is_file() else None

    def keep_undisturbed(self, engine: str, verdicts: Verdicts) -> None:
        """Keep them."""
        (self.folder / f"undisturbed-{engine}.json").write_bytes(msgspec.json.encode(verdicts))


def _left(engine: str, done: Counter[Kill], tried: Counter[Kill]) -> Iterator[Kill]:
    done, tried = done.copy(), tried.copy()
    for one in plan(engine):
        if done[one]:
            done[one] -= 1
        elif tried[one] >= TRIES:
            tried[one] -= TRIES
        else:
            yield one
