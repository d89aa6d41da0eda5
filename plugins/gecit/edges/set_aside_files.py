"""The studies that are set aside, one small file each: `<Data>/set-aside/ORTHANC-ID.json`.

Files, since Orthanc's own process must know of them before the first request, and look at each: that is one `stat`.
"""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ..core.set_aside import Reason, SetAside
from ..core.values import to_json

ORTHANC_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")
FOLDER = "set-aside"
TICK = 100_000_000  # ns; file systems write down instants no finer than some milliseconds


class SetAsideFiles:
    """All of one installation; every process may read and write them. Safe to share between threads."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER
        self._seen: tuple[int, dict[str, SetAside], frozenset[str]] = (-1, {}, frozenset())

    def all(self) -> dict[str, SetAside]:
        """Return them by Orthanc id."""
        return self._look()[1]

    def names(self) -> frozenset[str]:
        """Return every name by which a request may mean one of them."""
        return self._look()[2]

    def put(self, one: SetAside) -> None:
        """Set a study aside, or change what is said of it."""
        if not ORTHANC_ID.fullmatch(one.study):
            raise ValueError("no Orthanc id")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._folder / f".{one.study}.{os.getpid()}"
        fresh.write_bytes(to_json(one))
        fresh.replace(self._place(one.study))
        self._seen = (-1, {}, frozenset())

    def remove(self, study: str) -> None:
        """Forget a study, where it is there."""
        self._place(study).unlink(missing_ok=True)
        self._seen = (-1, {}, frozenset())

    def _place(self, study: str) -> Path:
        return self._folder / f"{study}.json"

    def _look(self) -> tuple[int, dict[str, SetAside], frozenset[str]]:
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return (-1, {}, frozenset())
        seen = self._seen
        if seen[0] != changed:
            found = {one.study: one for path in self._folder.glob("*.json") if (one := _read(path))}
            seen = (changed, found, frozenset(name for one in found.values() for name in one.names))
            if time.time_ns() - changed > TICK:  # else another change may bear the same instant
                self._seen = seen
        return seen


def _read(path: Path) -> SetAside | None:
    """Read one; None where it was just removed. One that cannot be read still keeps its study aside, and no other."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SetAside)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError):  # root's, by sudo; or after the power failed: what was written is empty
        return SetAside(study=path.stem, reason=Reason.ENDED, at=datetime.fromtimestamp(0, UTC), names=(path.stem,))
