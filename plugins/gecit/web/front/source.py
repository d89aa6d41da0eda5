"""The source of the running version as one archive: the AGPL promises it to everybody who uses the node."""

from __future__ import annotations

import tarfile
import tempfile
import threading
from pathlib import Path

FOLDERS = ("plugins", "rules", "orthanc-config", "scripts", "docs", "tests", "bench", "assets")
FILES = ("README.md", "README.tr.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml")
LOCKS = ("requirements.lock", "requirements-dev.lock")
LEFT_OUT = ("__pycache__", "node_modules", ".git")


class SourceArchive:
    """Packs what stands below `home`, once, when somebody first asks."""

    def __init__(self, home: Path, version: str) -> None:
        self._home = home
        self.name = f"gecit-{version}.tar.gz"
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def path(self) -> Path:
        """Return the archive's file."""
        with self._lock:
            if self._folder is None:
                folder = tempfile.TemporaryDirectory(prefix="gecit-source-")
                self._pack(Path(folder.name) / self.name)
                self._folder = folder
            return Path(self._folder.name) / self.name

    def _pack(self, target: Path) -> None:
        top = self.name.removesuffix(".tar.gz")
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name in (*FILES, *LOCKS, *FOLDERS):
                if (self._home / name).exists():
                    archive.add(self._home / name, f"{top}/{name}", filter=_clean)


def _clean(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what was made, and whose account it was made by."""
    if any(part in LEFT_OUT for part in Path(entry.name).parts) or not (entry.isfile() or entry.isdir()):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
