"""Which resources Orthanc was last asked to read, kept where its unexpected end does not take them along.

A few names in a file that is mapped into memory: writing one down costs a microsecond and waits for no disk.
"""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path

SLOTS, WIDTH = 32, 160
ASKED = "asked"


class AskedRing:
    """The ring in `folder`; Orthanc's own process writes it. What a run that ended unexpectedly left is `left`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._map = _mapped(folder / ASKED)
        self._lock = threading.Lock()
        self._next, self._last = 0, ""
        self.left = self._names()
        self.empty()

    def note(self, name: str) -> None:
        """Write down what is asked for now; what was asked for last already stands there."""
        if name == self._last:
            return
        written = name.encode("ascii", "replace")[:WIDTH].ljust(WIDTH, b"\0")
        with self._lock:
            self._last = name
            self._map[self._next * WIDTH : (self._next + 1) * WIDTH] = written
            self._next = (self._next + 1) % SLOTS

    def empty(self) -> None:
        """Forget all: nothing is under way any more."""
        with self._lock:
            self._map[:] = bytes(SLOTS * WIDTH)
            self._last = ""

    def _names(self) -> list[str]:
        rows = (self._map[start : start + WIDTH].rstrip(b"\0") for start in range(0, SLOTS * WIDTH, WIDTH))
        return sorted({one.decode("ascii", "replace") for one in rows if one})


def _mapped(path: Path) -> mmap.mmap:
    """Map the file; memory alone where the disk has no room for it: writing to a page without one ends a process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, SLOTS * WIDTH)
        return mmap.mmap(descriptor, SLOTS * WIDTH)
    except OSError:
        return mmap.mmap(-1, SLOTS * WIDTH)
    finally:
        os.close(descriptor)
