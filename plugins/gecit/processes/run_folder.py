"""The files that the plugin leaves for its processes: readable by their own user only."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gecit.settings import Settings, effective

INTERNAL = "internal.token"
EFFECTIVE = "effective.json"


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only this user can read; a reader sees the old one or the new one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def write_run_folder(settings: Settings, token: str) -> Path:
    """Leave the internal token and the configuration for the children; return where the configuration is."""
    write_private(settings.run_folder / INTERNAL, token)
    configuration = settings.run_folder / EFFECTIVE
    write_private(configuration, json.dumps(effective(settings), indent=2, ensure_ascii=False))
    return configuration


def read_internal_token(settings: Settings) -> str:
    """Return the token by which this installation's processes open Orthanc; OSError where Orthanc never started."""
    return (settings.run_folder / INTERNAL).read_text(encoding="utf-8")
