"""Where inputs, counts and findings of fuzzing stand."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = Path(os.environ.get("GECIT_FUZZ_FOLDER", ROOT / "build" / "fuzz"))
KEPT = ROOT / "tests" / "data" / "fuzz"
"""What broke something once: TARGET/name, run by the ordinary suite for ever."""


def corpus(name: str) -> Path:
    """Inputs that reached something new."""
    return made(WORK / "corpus" / name)


def findings(name: str) -> Path:
    """Inputs that broke something."""
    return made(WORK / "findings" / name)


def made(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Count:
    """What was run of one target so far."""

    inputs: int = 0
    seconds: float = 0.0
    found: list[str] = field(default_factory=list)  # what each finding was, once

    @classmethod
    def of(cls, name: str) -> Count:
        path = _file(name)
        return cls(**json.loads(path.read_text())) if path.exists() else cls()

    def save(self, name: str) -> None:
        path = _file(name)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(asdict(self)))
        beside.replace(path)


def _file(name: str) -> Path:
    return made(WORK / "counts") / f"{name}.json"
