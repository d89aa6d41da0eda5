"""The files that the plugin leaves for its processes: readable by their own user only."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from gecit.settings import Settings, effective

INTERNAL = "internal.token"
EFFECTIVE = "effective.json"
SUSPECTS = "asked.json"


LOCK = "lock"


RESTORING = "restoring"


class HalfRestoredError(Exception):
    """A restore broke off: what stands there is not all that was in the backup."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"{data} klasöründe yarıda kalmış bir geri yükleme var: aynı yedekle `gecit restore` komutunu yineleyin. / "
            f"A restore broke off in the folder {data}: run `gecit restore` again with the same backup."
        )


def refuse_half_restored(settings: Settings) -> None:
    """Raise `HalfRestoredError` where a restore was begun and not ended."""
    if (settings.run_folder / RESTORING).exists():
        raise HalfRestoredError(settings.data)


class FolderInUseError(Exception):
    """A node runs on the data folder; two would overwrite each other's run-time files."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"{data} klasörünü çalışan bir düğüm kullanıyor: onu durdurun ya da GECIT_DATA ile başka klasör verin. / "
            f"A running node uses the folder {data}: stop it, or set GECIT_DATA to another folder."
        )


def lock_folder(settings: Settings) -> int:
    """Take the data folder for this process's life and return the descriptor that holds it; `FolderInUseError`."""
    settings.run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(settings.run_folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        os.close(held)
        raise FolderInUseError(settings.data) from fault
    return held


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only this user can read; a reader sees the old one or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def keep_suspects(settings: Settings, names: Sequence[str]) -> None:
    """Leave for the work process what Orthanc was reading when it ended unexpectedly, beside what is still there."""
    if names:
        write_private(settings.run_folder / SUSPECTS, json.dumps([*read_suspects(settings), *names]))


def read_suspects(settings: Settings) -> list[str]:
    """Return what is still to be looked at."""
    try:
        found = json.loads((settings.run_folder / SUSPECTS).read_bytes())
    except (OSError, ValueError):
        return []
    return sorted({str(one) for one in found}) if isinstance(found, list) else []


def forget_suspects(settings: Settings) -> None:
    """All of them were looked at."""
    (settings.run_folder / SUSPECTS).unlink(missing_ok=True)


def write_run_folder(settings: Settings, token: str) -> Path:
    """Leave the internal token and the configuration for the children; return where the configuration is."""
    write_private(settings.run_folder / INTERNAL, token)
    configuration = settings.run_folder / EFFECTIVE
    write_private(configuration, json.dumps(effective(settings), indent=2, ensure_ascii=False))
    return configuration


def read_internal_token(settings: Settings) -> str:
    """Return the token by which this installation's processes open Orthanc; OSError where Orthanc never started."""
    return (settings.run_folder / INTERNAL).read_text(encoding="utf-8")
