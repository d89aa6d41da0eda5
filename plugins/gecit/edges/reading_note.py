"""A note of the study that Orthanc is asked to read: one that stands there after Orthanc ended is suspect.

Studies are read one after the other, so that the note names one. It is written in place, without waiting for the
disk: it must outlive a process, not the machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from ..core.values import to_json

NOTE, SUSPECTS = "reading", "suspects.json"
WIDTH = 160  # bytes: the run of Orthanc, the study, blanks


class ReadingNote:
    """The note in `folder`, kept by one process. `run` names the run of Orthanc that is asked; no blanks in it."""

    def __init__(self, folder: Path, run: str) -> None:
        self._run, self._suspects = run, folder / SUSPECTS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._note = os.open(folder / NOTE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._ends = self._read_suspects()
        before, _, study = os.pread(self._note, WIDTH, 0).decode("ascii", "replace").strip().partition(" ")
        if study and before != run:
            self._ends[study] = self._ends.get(study, 0) + 1
            self._write_suspects()
        self._write("")

    def ends(self, study: str) -> int:
        """How many times in a row Orthanc ended while this study was read."""
        return self._ends.get(study, 0)

    @contextmanager
    def reading(self, study: str) -> Iterator[None]:
        """Note a study for as long as it is read; where that fails, the note stands until the next one is read."""
        self._write(f"{self._run} {study}")
        yield
        self._write("")
        self.clear(study)

    def clear(self, study: str) -> None:
        """A study is suspect no more."""
        if self._ends.pop(study, None) is not None:
            self._write_suspects()

    def close(self) -> None:
        """Let the file go."""
        os.close(self._note)

    def _write(self, text: str) -> None:
        os.pwrite(self._note, text.encode("ascii", "replace").ljust(WIDTH)[:WIDTH], 0)

    def _read_suspects(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._suspects.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _write_suspects(self) -> None:
        fresh = self._suspects.with_name(f"{SUSPECTS}.{os.getpid()}")
        fresh.write_bytes(to_json(self._ends))
        fresh.replace(self._suspects)
