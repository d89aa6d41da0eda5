"""Drafts of rules and exemptions: files of a site's folder that are not in force, until a person puts them there.

`<SiteRules>/drafts/exemptions/NAME.toml` becomes `<SiteRules>/exemptions/NAME.toml`. Pages and commands read the same
files. A draft is named by its kind and name; its version is a digest of its text, so that nobody writes over what
somebody else wrote meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..core.rulebook import Rulebook
from ..core.tables import Fault
from ..core.values import Text, Value
from .rules_files import DRAFTS, FOLDERS, read_folder, read_with

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LONGEST = 256 * 1024  # characters
LOCK = ".lock"


class DraftError(Exception):
    """It cannot be done; `text` says why, and who must do what."""

    def __init__(self, tr: str, en: str) -> None:
        super().__init__(f"{tr} / {en}")
        self.text = Text(tr=tr, en=en)


class Draft(Value):
    """One draft as it stands on the disk."""

    kind: str  # of FOLDERS
    name: str
    text: str
    changed_at: datetime

    @property
    def version(self) -> str:
        """What tells this text from another one."""
        return version_of(self.text)

    @property
    def file(self) -> str:
        """Where it goes within the site's folder."""
        return f"{self.kind}/{self.name}.toml"


def version_of(text: str) -> str:
    """Return what tells a text from another one."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class DraftFolder:
    """The drafts of a site; without a site's folder there can be none."""

    def __init__(self, shipped: Path, site: Path | None) -> None:
        self.shipped, self.site = shipped, site

    def drafts(self) -> list[Draft]:
        """Return all drafts, the last changed first."""
        if self.site is None:
            return []
        found = [
            self._read(kind, path.stem)
            for kind in FOLDERS
            for path in sorted((self.site / DRAFTS / kind).glob("*.toml"))
        ]
        return sorted((one for one in found if one), key=lambda one: (-one.changed_at.timestamp(), one.file))

    def read(self, kind: str, name: str) -> Draft | None:
        """Return one draft."""
        return self._read(kind, name) if self.site and _named(kind, name) else None

    def write(self, kind: str, name: str, text: str, version: str | None = None) -> Draft:
        """Keep a text; `version` is of the text that it takes the place of, None = there must be none. DraftError."""
        if not _named(kind, name):
            raise DraftError(
                "ad küçük harf, rakam, nokta ve tire içerebilir (en çok 64)",
                "a name may have small letters, digits, dots and dashes (64 at the most)",
            )
        if len(text) > LONGEST:
            raise DraftError(f"en çok {LONGEST} karakter", f"{LONGEST} characters at the most")
        with self._locked():
            there = self._read(kind, name)
            _same(there, version)
            _write(self._place(kind, name), text.replace("\r\n", "\n"))
        kept = self._read(kind, name)
        assert kept is not None  # noqa: S101 -- written a moment ago
        return kept

    def remove(self, kind: str, name: str, version: str) -> None:
        """Throw a draft away; DraftError where it is another one by now."""
        with self._locked():
            _same(self.read(kind, name), version)
            self._place(kind, name).unlink()

    def book_with(self, draft: Draft) -> Rulebook:
        """Return the files as they would be with the draft among them; RulebookError names every fault."""
        return read_with(self.shipped, self._site(), draft.file, draft.text)

    def book_of_files(self) -> Rulebook:
        """Return what the files make as they are; RulebookError."""
        return read_folder(self.shipped, self.site)

    def sources(self) -> list[str]:
        """Return the files that a draft may start from, as `exemptions/duplicate-query.toml`."""
        folders = [self.shipped, *([self.site] if self.site else [])]
        return sorted({f"{k}/{path.name}" for one in folders for k in FOLDERS for path in (one / k).glob("*.toml")})

    def source(self, file: str) -> str | None:
        """Return the text of one of `sources`: the site's, else the shipped one."""
        if file not in self.sources():
            return None
        own = self.site / file if self.site else None
        return (own if own and own.exists() else self.shipped / file).read_text(encoding="utf-8")

    @contextmanager
    def placed(self, draft: Draft) -> Iterator[Rulebook]:
        """Put the draft's file where it counts, for a block that publishes what the files now make.

        Where the block fails, the file is as it was before; where it ends, the draft is gone.
        """
        with self._locked():
            _same(self._read(draft.kind, draft.name), draft.version)
            target = self._site() / draft.file
            before = target.read_text(encoding="utf-8") if target.exists() else None
            _write(target, draft.text)
            try:
                yield self.book_of_files()
            except BaseException:
                _restore(target, before)
                raise
            self._place(draft.kind, draft.name).unlink()

    def _site(self) -> Path:
        if self.site is None:
            raise DraftError(
                "kuruluşun kendi kural klasörü yok: sistem yöneticisi Gecit.SiteRules ayarına boş bir klasör yazmalı",
                "there is no folder for the site's own rules: the administrator must set Gecit.SiteRules to an empty "
                "folder",
            )
        return self.site

    def _place(self, kind: str, name: str) -> Path:
        return self._site() / DRAFTS / kind / f"{name}.toml"

    def _read(self, kind: str, name: str) -> Draft | None:
        path = self._place(kind, name)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None
        return Draft(kind=kind, name=name, text=text, changed_at=changed)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time change drafts; DraftError where the folder cannot be written."""
        folder = self._site() / DRAFTS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise _not_written(fault) from fault
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)


def short(fault: Fault, draft: Draft) -> str:
    """Return where a fault is: the key alone where it is in the draft itself."""
    return fault.key if fault.file == draft.file and fault.key else f"{Path(fault.file).name}: {fault.key}".rstrip(": ")


def _named(kind: str, name: str) -> bool:
    return kind in FOLDERS and NAME.fullmatch(name) is not None


def _same(there: Draft | None, version: str | None) -> None:
    if (there.version if there else None) != version:
        raise DraftError(
            "taslağı bu arada başkası değiştirdi, sildi ya da aynı adla açtı: sayfayı yenileyin, değişikliğinizi "
            "karşılaştırıp yeniden yazın",
            "somebody changed or removed the draft meanwhile, or made one of this name: load it again, compare, and "
            "write your change anew",
        )


def _write(path: Path, text: str) -> None:
    """Replace a file in one step."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as fault:
        with suppress(OSError):
            fresh.unlink()
        raise _not_written(fault) from fault


def _restore(path: Path, before: str | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
    else:
        _write(path, before)


def _not_written(fault: OSError) -> DraftError:
    return DraftError(
        f"kuruluşun kural klasörüne yazılamıyor ({fault.strerror}): sistem yöneticisi Geçit'in kullanıcısına yazma "
        "izni vermeli ya da dosyayı oraya kendisi koymalı",
        f"the site's folder of rules cannot be written ({fault.strerror}): the administrator must let Geçit's user "
        "write there, or put the file there",
    )
