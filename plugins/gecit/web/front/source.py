"""The source of the running version as one archive: the AGPL promises it to everybody who uses the node.

A site may keep its own values in the configuration's files, passwords among them: those are packed only as they were
shipped, by the digests of `shipped.json`, which `make docs` writes.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
import threading
from pathlib import Path

FOLDERS = ("plugins", "rules", "orthanc-config", "deploy", "scripts", "docs", "tests", "bench", "assets")
FILES = ("README.md", "README.tr.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml")
LOCKS = ("requirements.lock", "requirements-dev.lock")
LEFT_OUT = ("__pycache__", "node_modules", ".git")
SECRETS = (".pem", ".key", ".p12", ".pfx", ".env", ".token", ".secret", ".db", ".log", ".bak", ".orig", ".save", "~")
CONFIG = "orthanc-config"
SHIPPED = Path(__file__).with_name("shipped.json")


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
                    archive.add(self._home / name, f"{top}/{name}", filter=self._clean)

    def _clean(self, entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        """Leave out what was made, what is a site's own, and whose account it was made by."""
        inside = Path(*Path(entry.name).parts[1:])
        if entry.isfile() and inside.parts[0] == CONFIG and not _as_shipped(self._home / inside, inside):
            return None
        return _clean(entry)


def _as_shipped(path: Path, name: Path) -> bool:
    shipped: dict[str, str] = json.loads(SHIPPED.read_bytes())
    return shipped.get(name.as_posix()) == hashlib.sha256(path.read_bytes()).hexdigest()


def digests(home: Path) -> dict[str, str]:
    """Return the digests of the configuration's files as they stand."""
    found = sorted(one for one in (home / CONFIG).rglob("*") if one.is_file() and not one.name.startswith("."))
    return {one.relative_to(home).as_posix(): hashlib.sha256(one.read_bytes()).hexdigest() for one in found}


def ship(home: Path) -> None:
    """Write down the configuration's files as they are shipped."""
    SHIPPED.write_text(json.dumps(digests(home), indent=2) + "\n", encoding="utf-8")


def _clean(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if any(part in LEFT_OUT for part in Path(entry.name).parts) or not (entry.isfile() or entry.isdir()):
        return None
    if entry.name.lower().endswith(SECRETS):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
