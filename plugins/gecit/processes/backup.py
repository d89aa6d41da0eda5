"""A backup of a node that is running: first the ledger, then Orthanc's index, then the files that the index names.

In this order nothing that the ledger rests on is missing (docs/decisions/0054): a study that came after the ledger was
copied is in the index, and is found as any new one is; the other way round it would be a verdict without images.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import gecit

from ..core import backups
from ..core.audit_chain import keyed
from ..core.backups import Manifest, said
from ..core.values import Value
from ..edges import backup_files
from ..edges.audit_book import key_of
from ..edges.backup_files import Sums
from ..edges.backup_index import attached, copy_index, pausing, stored
from ..edges.backup_ledger import copy_ledger, copy_sqlite, engine_of
from ..edges.store import SqlLedger
from ..ports import Clock
from ..settings import Settings
from ..settings.orthanc_folders import OrthancFolders
from .last_backup import is_a_nights, record
from .registered import home_of

log = logging.getLogger("gecit.backup")

ROUNDS = 5
"""How often the index is copied anew because images were deleted meanwhile."""

Told = Callable[[int], object]


class Made(Value):
    """A backup, and which files of the earlier one, `base`, are not what that one says."""

    manifest: Manifest
    rotten: tuple[str, ...] = ()


def key_proof(key: bytes) -> str:
    """Return what shows that another key is the same one."""
    return keyed(key, "backup", "audit key")


def refuse_folder(folder: Path, settings: Settings, orthanc: OrthancFolders, *, ledger_only: bool = False) -> None:
    """Raise `BackupFault` where no backup of this node can be written to that folder."""
    if not ledger_only:
        if orthanc.in_database:
            raise said("index elsewhere")
        if not orthanc.index.is_file():
            raise said("no index", place=orthanc.index)
    if not backup_files.is_empty(folder):
        raise said("not empty", place=folder)
    here = folder.resolve()
    if any(here.is_relative_to(one.resolve()) for one in (settings.data, orthanc.storage)):
        raise said("inside", place=folder)


def back_up(
    settings: Settings,
    orthanc: OrthancFolders,
    ledger: SqlLedger,
    clock: Clock,
    folder: Path,
    *,
    base: Path | None = None,
    with_key: bool = False,
    verify: bool = False,
    ledger_only: bool = False,
    told: Told = lambda count: None,
) -> Made:
    """Make a backup in an empty folder; raises `BackupFault`. `base`: an earlier one, whose images are linked.

    `ledger_only`: without Orthanc's index and images.

    `verify`: each of those is read first, and copied anew where it is rotten. Whatever is read is compared with the MD5
    that Orthanc kept of it: what differs is in the backup all the same, and in the manifest as `damaged`.
    `told` is called with how many files are still to come, before each.
    """
    refuse_folder(folder, settings, orthanc, ledger_only=ledger_only)
    earlier = _earlier(base) if base else None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    sums, taken_at = Sums(folder), clock.now()
    engine = engine_of(settings.database)
    copied = copy_ledger(settings.database, folder / backups.LEDGERS[engine])
    sums.add(backups.LEDGERS[engine])
    images, damaged = 0, dict[str, str]()
    if not ledger_only:
        images = _images(orthanc, _pid(ledger, settings), sums, Earlier(earlier, verify=verify), told)
        damaged = _damaged(sums)
    if settings.codes.exists():
        copy_sqlite(settings.codes, folder / backups.CODES)
        sums.add(backups.CODES)
    key = key_of(settings.audit_key_file, ledger)
    if with_key:
        sums.copy(settings.audit_key_file, backups.KEY)
    manifest = Manifest(
        format=backups.FORMAT,
        version=gecit.__version__,
        schema=copied.schema,
        engine=engine,
        node=settings.name,
        taken_at=taken_at,
        finished_at=clock.now(),
        rows=copied.rows,
        images=images,
        key_proof=key_proof(key),
        sums=sums.write(),
        damaged=damaged,
        ledger_only=ledger_only,
    )
    backup_files.write_manifest(folder, manifest)
    if is_a_nights(manifest, orthanc):
        _leave_trace(settings.data, manifest)
    return Made(manifest=manifest, rotten=tuple(sums.rotten))


def _leave_trace(data: Path, made: Manifest) -> None:
    """Note it for who watches its age; the backup is good without."""
    try:
        record(data, made)
    except OSError as fault:
        log.warning(
            "%s klasörüne yedeğin izi yazılamadı (%s): komutu düğümün kullanıcısıyla çalıştırın. / "
            "No trace of the backup could be written into %s (%s): run the command as the node's user.",
            *(data, fault.strerror) * 2,
        )


def _earlier(base: Path) -> Sums:
    """Return what may be linked of an earlier backup: what was damaged then is copied anew, since it may be mended."""
    before, sums, _ = backup_files.read_backup(base)
    for name in before.damaged:
        sums.known.pop(name, None)
    return sums


def _damaged(sums: Sums) -> dict[str, str]:
    """Return the images that are not what Orthanc stored; what was linked unread was well when it was copied."""
    found = {}
    for path, one in stored(sums.folder / backups.INDEX).items():
        name = f"{backups.IMAGES}/{path}"
        if one.md5 not in ("", sums.md5.get(name, one.md5)):
            found[name] = one.resource
    return found


def _pid(ledger: SqlLedger, settings: Settings) -> int:
    """Return the number of the Orthanc of this data folder; 0 = none is known. That of another computer is nobody's."""
    place = (settings.name, home_of(settings), "orthanc")
    return next((one.pid for one in ledger.beats() if (one.node, one.home, one.process) == place), 0)


class Earlier(NamedTuple):
    """The backup whose files are linked, and whether they are read before."""

    sums: Sums | None
    verify: bool


def _images(orthanc: OrthancFolders, pid: int, sums: Sums, earlier: Earlier, told: Told) -> int:
    """Copy the index, then what it names; where something of that was deleted meanwhile, the index once more."""
    index = sums.folder / backups.INDEX
    index.parent.mkdir(mode=0o700)
    for _ in range(ROUNDS):
        copy_index(orthanc.index, index, pausing(pid))
        wanted = [f"{backups.IMAGES}/{one}" for one in attached(index)]
        if not _missing(orthanc.storage, wanted, sums, earlier, told):
            sums.add(backups.INDEX)
            for surplus in set(backup_files.below(list(sums.known), backups.IMAGES)) - {*wanted, backups.INDEX}:
                sums.drop(surplus)
            return len(wanted)
    raise said("deleted meanwhile")


def _missing(storage: Path, wanted: Sequence[str], sums: Sums, earlier: Earlier, told: Told) -> int:
    """Copy what is not there yet; return how many files were gone."""
    missing = 0
    todo = [one for one in wanted if one not in sums.known]
    for number, name in enumerate(todo):
        told(len(todo) - number)
        try:
            source = storage / name.removeprefix(f"{backups.IMAGES}/")
            sums.copy(source, name, earlier.sums, verify=earlier.verify)
        except FileNotFoundError:
            missing += 1
            (sums.folder / name).unlink(missing_ok=True)
    return missing
