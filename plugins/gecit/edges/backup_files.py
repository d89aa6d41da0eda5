"""The folder of a backup: files copied with their sums, and looked through before anything of them is used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..core.backups import FORMAT, MANIFEST, SUMS, Manifest, said
from ..core.values import to_json

PIECE = 1 << 20
NAMED = 5  # damaged files that are named


class Sums:
    """SHA-256 of files by their path in a folder, as `sha256sum -c` reads it.

    `md5`: of what was read here, by path. `rotten`: files of an earlier backup that are not what it says.
    """

    def __init__(self, folder: Path, known: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.known = known or {}
        self.md5: dict[str, str] = {}
        self.rotten: list[str] = []

    def copy(self, source: Path, name: str, earlier: Sums | None = None, *, verify: bool = False) -> None:
        """Copy a file that nobody changes any more, or link that of an `earlier` backup on the same disk.

        `verify`: what is linked is read first, and copied anew where it is not what the earlier one says.
        """
        target = self.folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if earlier and name in earlier.known:
            with suppress(OSError):  # another disk, or gone: copied then
                if not verify or self._is_sound(earlier, name):
                    os.link(earlier.folder / name, target)
                    self.known[name] = earlier.known[name]
                    return
        self.known[name], self.md5[name] = _copy(source, target)

    def _is_sound(self, earlier: Sums, name: str) -> bool:
        with (earlier.folder / name).open("rb") as file:
            found, self.md5[name] = _digests(file)
        if found != earlier.known[name]:
            self.rotten.append(name)
            return False
        return True

    def add(self, name: str) -> None:
        """Take in a file that stands in the folder already."""
        self.known[name] = sum_of(self.folder / name)

    def drop(self, name: str) -> None:
        """Leave a file out."""
        del self.known[name]
        (self.folder / name).unlink()

    def write(self) -> str:
        """Write them down, durably; return the SHA-256 of that."""
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.known.items()))
        write_durably(self.folder / SUMS, text.encode())
        return hashlib.sha256(text.encode()).hexdigest()


def read_backup(folder: Path) -> tuple[Manifest, Sums, str]:
    """Read what a backup says of itself, and the SHA-256 of that; raises `BackupFault`."""
    try:
        content = (folder / MANIFEST).read_bytes()
        found = msgspec.json.decode(content)
        if found.get("format", FORMAT) > FORMAT:
            raise said("newer format", version=found.get("version"))
        manifest = msgspec.convert(found, Manifest)
    except (OSError, msgspec.MsgspecError, AttributeError, TypeError) as fault:
        raise said("no backup", place=folder, file=MANIFEST) from fault
    try:
        sums = (folder / SUMS).read_bytes()
    except OSError as fault:
        raise said("no backup", place=folder, file=SUMS) from fault
    if hashlib.sha256(sums).hexdigest() != manifest.sums:
        raise said("damaged", count=1, files=SUMS)
    lines = (one.split("  ", 1) for one in sums.decode().splitlines())
    known = {name: digest for digest, name in lines}
    if any(not (folder / name).resolve().is_relative_to(folder.resolve()) for name in known):
        raise said("damaged", count=1, files=SUMS)
    return manifest, Sums(folder, known), hashlib.sha256(content).hexdigest()


def is_finished(folder: Path) -> bool:
    """Whether a backup was made there to its end; what cannot be looked at is left to `read_backup` to refuse."""
    try:
        (folder / MANIFEST).stat()
    except FileNotFoundError:
        return False
    except OSError:
        pass
    return True


def look_through(sums: Sums, told: Callable[[], object]) -> None:
    """Read every file and compare; `told` is called after each. Raises `BackupFault` that names what is damaged."""
    wrong = []
    for name, digest in sums.known.items():
        try:
            if sum_of(sums.folder / name) != digest:
                wrong.append(name)
        except OSError:
            wrong.append(name)
        told()
    if wrong:
        files = ", ".join(wrong[:NAMED]) + (" ..." if len(wrong) > NAMED else "")
        raise said("damaged", count=len(wrong), files=files)


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Say that a backup is whole; return the SHA-256 of what was written."""
    content = msgspec.json.format(to_json(manifest), indent=2)
    write_durably(folder / MANIFEST, content)
    return hashlib.sha256(content).hexdigest()


def write_durably(path: Path, content: bytes) -> None:
    """Write a file of this user's alone; it stands whole under its name or not at all."""
    fresh = path.with_name(f".{path.name}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def sum_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_empty(folder: Path) -> bool:
    """Whether a folder is not there or has nothing in it."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def below(names: Iterable[str], folder: str) -> Iterator[str]:
    """Yield the names that stand in a folder."""
    return (one for one in names if one.startswith(f"{folder}/"))


def _copy(source: Path, target: Path) -> tuple[str, str]:
    with (
        source.open("rb") as read,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to,
    ):
        return _digests(read, to.write)


def _digests(file: BinaryIO, told: Callable[[bytes], object] = lambda _: None) -> tuple[str, str]:
    """Return SHA-256 and MD5 of a file; `told` gets each piece of it. Orthanc keeps MD5s: no secret rests on them."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    while piece := file.read(PIECE):
        sha256.update(piece)
        md5.update(piece)
        told(piece)
    return sha256.hexdigest(), md5.hexdigest()
