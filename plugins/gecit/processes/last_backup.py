"""The trace that `gecit backup` leaves in the data folder: which one was the last that was made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from ..core.backups import Manifest
from ..core.values import Value, to_json
from ..settings.orthanc_folders import OrthancFolders
from .run_folder import write_private

NAME = "last-backup.json"


class LastBackup(Value):
    """`taken_at`: until when it has everything; `damaged`: files in it that are not what Orthanc had stored."""

    taken_at: datetime
    finished_at: datetime
    damaged: int = 0


def is_a_nights(made: Manifest, orthanc: OrthancFolders) -> bool:
    """Whether a backup is all that this command makes of a node; the ledger alone, beside images in files, is half."""
    return orthanc.in_database or not made.ledger_only


def record(data: Path, made: Manifest) -> None:
    """Note that a backup was made; OSError where this user may not write there."""
    last = LastBackup(taken_at=made.taken_at, finished_at=made.finished_at, damaged=len(made.damaged))
    write_private(data / NAME, to_json(last).decode())


def last_backup(data: Path) -> LastBackup | None:
    """Return the last one; None where none was made, or its trace cannot be read."""
    try:
        return msgspec.json.decode((data / NAME).read_bytes(), type=LastBackup)
    except (OSError, ValueError):
        return None
