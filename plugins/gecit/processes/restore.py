"""A backup put back into an empty place while no node runs there, once all of it was looked through.

A file under `run/` says that a restore is under way: a node does not start beside it, and the same restore may be
begun again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy.engine import make_url

from ..core import backups
from ..core.audit import AuditEntry
from ..core.backups import Manifest, said
from ..core.event_seal import KINDS
from ..core.events import LedgerRestored
from ..core.lost_key import WHAT as RESTORE
from ..core.lost_key import LostKey
from ..core.lost_key import detail_of as lost_key_detail
from ..core.values import Value
from ..edges import backup_files
from ..edges.audit_book import read_key
from ..edges.backup_files import Sums
from ..edges.backup_ledger import counted, engine_of, is_empty, put_back
from ..edges.store import open_ledger
from ..edges.store.migrate import LedgerTooNewError
from ..edges.store.standing import revisions
from ..ports import Clock
from ..settings import Settings
from ..settings.orthanc_folders import OrthancFolders
from .backup import key_proof
from .build import opening
from .entrance import audit_of
from .last_backup import is_a_nights, record
from .run_folder import RESTORING, lock_folder, write_private

Told = Callable[[], object]


class Found(Value):
    """A backup that may be put back."""

    manifest: Manifest
    digest: str  # SHA-256 of the manifest
    files: int


def look(folder: Path, *, ledger_only: bool = False) -> Found:
    """Read what a backup says of itself; raises `BackupFault`."""
    manifest, sums, digest = chosen(folder, ledger_only=ledger_only)
    return Found(manifest=manifest, digest=digest, files=len(sums.known))


def chosen(folder: Path, *, ledger_only: bool = False) -> tuple[Manifest, Sums, str]:
    """Return the part of a backup that is wanted: all that it has, or what is not Orthanc's."""
    manifest, sums, digest = backup_files.read_backup(folder)
    if not ledger_only:
        return manifest, sums, digest
    images = set(backup_files.below(sums.known, backups.IMAGES))
    rest = {name: one for name, one in sums.known.items() if name not in images}
    return msgspec.structs.replace(manifest, ledger_only=True, damaged={}), Sums(folder, rest), digest


def restore(
    settings: Settings,
    orthanc: OrthancFolders,
    clock: Clock,
    folder: Path,
    who: str,
    *,
    lost_key: bool = False,
    ledger_only: bool = False,
    told: Told = lambda: None,
) -> dict[str, int]:
    """Put a backup back; return how many accounts, tokens, links and disclosures stand again and may be outdated.

    `ledger_only`: Orthanc's index and images stay as they stand here, and so do this node's code lists.

    Raises `BackupFault`, `LedgerTooNewError`, `FolderInUseError` where a node runs there, or `Unavailable`.
    """
    found = chosen(folder, ledger_only=ledger_only)
    lock = lock_folder(settings)
    try:
        with opening():
            return _restored(settings, orthanc, clock, found, who, lost_key=lost_key, told=told)
    finally:
        os.close(lock)


def _restored(
    settings: Settings,
    orthanc: OrthancFolders,
    clock: Clock,
    found: tuple[Manifest, Sums, str],
    who: str,
    *,
    lost_key: bool,
    told: Told,
) -> dict[str, int]:
    manifest, sums, digest = found
    mark = _mark_of(settings, digest)
    again = _begun(settings) == mark
    _refuse(settings, manifest, again=again)
    if not manifest.ledger_only:
        _refuse_images(settings, orthanc, manifest, again=again)
    _refuse_key(settings, manifest, sums, lost_key=lost_key)
    backup_files.look_through(sums, told)
    write_private(settings.run_folder / RESTORING, mark)
    _put_back(settings, orthanc, manifest, sums, again=again)
    counts = _mark(settings, manifest, digest, clock, who)
    if is_a_nights(manifest, orthanc):
        record(settings.data, manifest)
    (settings.run_folder / RESTORING).unlink()
    return counts


def _mark_of(settings: Settings, digest: str) -> str:
    """Return what says that this backup was begun to be put into this ledger: another ledger is not written over."""
    return f"{digest} {hashlib.sha256(settings.database.encode()).hexdigest()}"


def _begun(settings: Settings) -> str:
    try:
        return (settings.run_folder / RESTORING).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _refuse(settings: Settings, manifest: Manifest, *, again: bool) -> None:
    engine = engine_of(settings.database)
    if manifest.schema not in revisions():
        raise LedgerTooNewError(manifest.schema)
    if manifest.engine != engine:
        raise said("other engine", found=manifest.engine, wanted=engine)
    if not again and not is_empty(settings.database):
        url = make_url(settings.database)
        if engine == "sqlite":  # a file of the data folder, as what is looked at below
            raise said("target not empty", place=url.database)
        raise said("database not empty", place=url.render_as_string(hide_password=True))


def _refuse_images(settings: Settings, orthanc: OrthancFolders, manifest: Manifest, *, again: bool) -> None:
    """Images are one node's; the ledger alone may be put back by any node that shares it."""
    if manifest.node != settings.name:
        raise said("other node", found=manifest.node, wanted=settings.name)
    if orthanc.in_database:
        raise said("index elsewhere")
    for place in () if again else (orthanc.storage, orthanc.index, settings.codes):
        if place.is_file() or not backup_files.is_empty(place):
            raise said("target not empty", place=place)


def _refuse_key(settings: Settings, manifest: Manifest, sums: Sums, *, lost_key: bool) -> None:
    """The chains go on under the same key, or a person says that it is lost."""
    path = settings.audit_key_file
    if path.exists():
        if key_proof(read_key(path)) != manifest.key_proof and not lost_key:
            raise said("other key", place=path)
    elif backups.KEY not in sums.known and not lost_key:
        raise said("no key", place=path)


def _put_back(settings: Settings, orthanc: OrthancFolders, manifest: Manifest, sums: Sums, *, again: bool) -> None:
    for name in backup_files.below(sums.known, backups.IMAGES):
        is_index = name == backups.INDEX
        target = orthanc.index if is_index else orthanc.storage / name.removeprefix(f"{backups.IMAGES}/")
        _copy(sums.folder / name, target)
    for name, target in ((backups.CODES, settings.codes), (backups.KEY, settings.audit_key_file)):
        stays = name == backups.KEY or manifest.ledger_only
        if name in sums.known and not (stays and target.exists()):
            _copy(sums.folder / name, target)
    put_back(settings.database, sums.folder / backups.LEDGERS[manifest.engine], again=again)
    found = counted(settings.database).rows
    for table, wanted in manifest.rows.items():
        if found.get(table, wanted) != wanted:
            raise said("rows differ", table=table, found=found.get(table), wanted=wanted)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _mark(settings: Settings, manifest: Manifest, digest: str, clock: Clock, who: str) -> dict[str, int]:
    """Say in ledger and audit that it was restored: the audit goes on in new chains, and the gap has its row."""
    ledger = open_ledger(settings.database)
    try:
        now = clock.now()
        detail = {"command": "restore", "backup": digest, "taken at": manifest.taken_at.isoformat()}
        key = read_key(settings.audit_key_file)  # where the earlier one is lost, the new one is made here
        audit = audit_of(settings, ledger)
        if key_proof(key) != manifest.key_proof:
            newest = {kind: ledger.newest(kind) for kind in KINDS}
            detail |= lost_key_detail(LostKey(before=now, **newest), key)
            ledger.name_heads_anew()
        audit.record(AuditEntry(at=now, who=who, what=RESTORE, address="cli", outcome="done", detail=detail))
        return ledger.mark_restored(LedgerRestored(at=now, taken_at=manifest.taken_at, backup=digest, by=who))
    finally:
        ledger.close()
