"""Orthanc's own index copied while Orthanc writes to it.

Orthanc opens the file for itself alone (`PRAGMA locking_mode=EXCLUSIVE`), so that SQLite's online backup is refused.
But in its write-ahead log every page that was changed since the log was begun stands until the log is begun anew,
which gives it another head (https://www.sqlite.org/fileformat2.html#walformat). File first, then log: where the log's
head was the same before and after, the two together are what was committed when the log was read, whatever was
checkpointed meanwhile. A frame that was half written has a wrong checksum, and SQLite leaves it out.

Where an index is so large, or so lively, that this never comes about, Orthanc is paused for as long as its files are
copied: its senders wait, and none is refused.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..core.backups import said

TRIES = 8
LOG_HEAD_BYTES = 32
PROGRAM = "Orthanc"

_CONTINUE = (
    "import signal, sys; sys.stdin.read(); signal.pidfd_send_signal(int(sys.argv[1]), signal.SIGCONT)"  # whatever ended
)

Pause = Callable[[], AbstractContextManager[None]]


def copy_index(index: Path, to: Path, pause: Pause) -> None:
    """Copy an index as it stands at one moment into a single file; raises `BackupFault`, or OSError."""
    if not any(_copied_whole(index, to) for _ in range(TRIES)):
        with pause():
            _copy(index, to)
    _close(to)


def _copied_whole(index: Path, to: Path) -> bool:
    before = _head(index)
    _copy(index, to)
    return _head(index) == before == _head(to)


def _copy(index: Path, to: Path) -> None:
    for path in (to, _log(to)):
        path.unlink(missing_ok=True)
    shutil.copyfile(index, to)
    if _log(index).exists():
        shutil.copyfile(_log(index), _log(to))


def _log(index: Path) -> Path:
    return index.with_name(f"{index.name}-wal")


def _head(index: Path) -> bytes:
    try:
        with _log(index).open("rb") as log:
            return log.read(LOG_HEAD_BYTES)
    except FileNotFoundError:
        return b""


def _close(copy: Path) -> None:
    """Put what stands in the log into the file, and see that it is whole."""
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, whoever reads it; Orthanc chooses WAL again
        [(found,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    copy.chmod(0o600)
    if found != "ok":
        raise sqlite3.DatabaseError(f"{copy}: {found}")


def attached(index: Path) -> Iterator[str]:
    """Yield the file of each attachment, by its path below the storage folder: `ab/cd/abcd...`."""
    with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for (name,) in connection.execute("SELECT uuid FROM AttachedFiles ORDER BY uuid"):
            yield _below(name)


class Stored(NamedTuple):
    """A file as Orthanc wrote it down: of which resource (Orthanc id), and the MD5 of what it stored, "" = unknown."""

    resource: str
    md5: str


def stored(index: Path) -> dict[str, Stored]:
    """Return what the index says of each attachment, by its path below the storage folder.

    The MD5 is `compressedMD5`, of the file as it lies on the disk, whether Orthanc compresses or not.
    """
    query = "SELECT a.uuid, r.publicId, a.compressedMD5 FROM AttachedFiles a JOIN Resources r ON r.internalId = a.id"
    with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {_below(name): Stored(whose, md5 or "") for name, whose, md5 in connection.execute(query)}


def _below(name: str) -> str:
    return f"{name[0:2]}/{name[2:4]}/{name}"


def pausing(pid: int) -> Pause:
    """Return what holds Orthanc still for the length of a block; raises `BackupFault` where it cannot be."""

    @contextmanager
    def paused() -> Iterator[None]:
        try:
            process = os.pidfd_open(pid)
        except (OSError, OverflowError) as fault:
            raise said("index too lively") from fault
        try:
            if _name(pid) != PROGRAM:  # the number may be another program's by now
                raise said("index too lively")
            yield from _held(process)
        finally:
            os.close(process)

    return paused


def _held(process: int) -> Iterator[None]:
    """Stop and continue. A helper continues it as soon as this process ends in whatever way, SIGKILL included."""
    helper = subprocess.Popen(
        [sys.executable, "-c", _CONTINUE, str(process)],
        stdin=subprocess.PIPE,
        pass_fds=[process],
        start_new_session=True,  # Ctrl-C is for the command alone
    )
    try:
        signal.pidfd_send_signal(process, signal.SIGSTOP)
        yield
    except PermissionError as fault:
        raise said("index too lively") from fault
    finally:
        with suppress(OSError):
            signal.pidfd_send_signal(process, signal.SIGCONT)
        if helper.stdin:
            helper.stdin.close()
        helper.wait()


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
