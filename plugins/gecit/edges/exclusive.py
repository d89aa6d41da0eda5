"""One process at a time, by the lock of a file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def take(lock: Path) -> int:
    """Take a lock at once, for as long as the returned descriptor stays open; BlockingIOError where another has it."""
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Wait for other processes that do the same; the file is made, and its folder, and stays."""
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
