"""Writes the audit of one process: its own chain, one commit for whoever waits at the same moment."""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import secrets
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from gecit.core.audit import AuditEntry
from gecit.core.audit_chain import ANCHOR, AuditRow, Head, anchor_detail, keyed, linked
from gecit.ports import AuditSearch, AuditTrail, Clock, Transaction, Unavailable
from gecit.ports.audited import AuditedLedger

log = logging.getLogger("gecit.audit")
T = TypeVar("T")

ANCHOR_EVERY = timedelta(minutes=5)
KEY_BYTES = 32
PATIENT, PAYLOAD = "patient", "payload"


class AuditKeyMissingError(Exception):
    """The ledger has an audit, and this node no key of it: with one of its own all of that would look forged."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Denetim anahtarı yok ({path}), kayıt defterinde ise başka bir anahtarla tutulan bir denetim kaydı var. "
            "Bu düğümün sistem yöneticisi, kayıt defterini paylaşan düğümün ya da yedeğin audit.key dosyasını oraya "
            "koymalı (bu kullanıcının, mod 600). Anahtar kaybolduysa: docs/howto/backup.md. / "
            f"There is no audit key ({path}), and the ledger has an audit that was written with another one. This "
            "node's system administrator must put the audit.key of a node that shares the ledger, or of the backup, "
            "there (of this user, mode 600). Where the key is lost: docs/howto/backup.md."
        )


def key_of(path: Path, trail: AuditTrail) -> bytes:
    """Return the audit's key, made where there is no audit yet; raises `AuditKeyMissingError`."""
    # Asked twice: another process of this node may have made the key and written the first row in between.
    if not path.exists() and trail.audit_rows(AuditSearch(limit=1)) and not path.exists():
        raise AuditKeyMissingError(path)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the key of the digests and seals, made where there is none; only this user can read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # another process was first: its key is the one
            os.link(fresh, path)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise OSError(
            f"{path}: {KEY_BYTES} bayttan kısa bir denetim anahtarı / an audit key of fewer than {KEY_BYTES} bytes"
        )
    return key


def key_name(key: bytes) -> str:
    """Return what tells keys apart and says nothing of them (12 hex digits)."""
    return keyed(key, "key", "name")[:12]


def patient_digest(key: bytes, tckn: str) -> str:
    """Return what the audit keeps of a patient's number."""
    return keyed(key, PATIENT, tckn)


class _Waiting:
    """An entry whose writer waits."""

    def __init__(self, entry: AuditEntry) -> None:
        self.entry = entry
        self.done = False
        self.fault: Exception | None = None


class AuditBook:
    """Implements `ports.audited.AuditedChanges`; safe to share between threads. `writer`: node and process.

    Whoever comes while a commit is under way is written with the next one, all together.
    """

    def __init__(self, trail: AuditTrail, key: bytes, writer: str, clock: Clock) -> None:
        self._trail, self._key, self._writer, self._clock = trail, key, writer, clock
        self._queue: list[_Waiting] = []
        self._queued = threading.Lock()
        self._writing = threading.Lock()
        self._head: Head | None = None  # None: a chain is to be begun
        self._anchored_at: datetime | None = None

    def record(self, entry: AuditEntry) -> None:
        """Record durably; raises `Unavailable`."""
        mine = _Waiting(entry)
        with self._queued:
            self._queue.append(mine)
        with self._writing:
            if not mine.done:
                self._write_all()
        if mine.fault is not None:
            raise Unavailable("audit") from mine.fault

    def carry_out(self, entry: AuditEntry, ledger: AuditedLedger, work: Callable[[Transaction], T]) -> T:
        """Do what the entry says, and record it, in one transaction: what `work` refuses leaves neither.

        The chain is held first and the ledger then, by everybody: so nobody waits for the chain who holds the ledger.
        """
        judged = False

        def judging(tx: Transaction) -> T:
            nonlocal judged
            judged = False  # of this try
            result = work(tx)
            judged = True
            return result

        with self._writing:
            tied = _tied([self._row(entry)], head := self._standing())
            try:
                result = ledger.write_audited(judging, tied)
            except Exception:
                if judged:  # perhaps it was written: a new chain goes on
                    self._head = None
                raise
            self._head = Head(chain=head.chain, number=tied[-1].number, hash=tied[-1].hash)
            return result

    def rows(self, search: AuditSearch) -> list[AuditRow]:
        """Return rows of every writer, the newest first."""
        return self._trail.audit_rows(search)

    def digest(self, tckn: str) -> str:
        """Return what is kept of a patient's number."""
        return patient_digest(self._key, tckn)

    def seal(self, purpose: str, text: str) -> str:
        """Return a keyed digest by which this installation knows its own again."""
        return keyed(self._key, purpose, text)

    def same(self, given: str, own: str) -> bool:
        """Whether two seals are the same, without telling by the time it takes how much of one is."""
        return hmac.compare_digest(given.encode(), own.encode())

    def tick(self, now: datetime | None = None) -> None:
        """Anchor what others wrote, where that is due; for a process's own regular beat. Never raises.

        `now`: by this book's own clock, and so where it is not given. By another one each look would be due.
        """
        try:
            with self._writing:
                self._append([], now or self._clock.now())
        except Exception as fault:  # noqa: BLE001 a beat must go on; who records is told
            self._head = None
            log.error("audit cannot be anchored: %s", type(fault).__name__)

    def _write_all(self) -> None:
        with self._queued:
            batch, self._queue = self._queue, []
        fault: Exception | None = None
        try:
            self._append([one.entry for one in batch], self._clock.now())
        except Exception as error:  # noqa: BLE001 whatever it is, each of those who wait is told
            log.error("audit cannot be written: %s", type(error).__name__)
            self._head = None  # perhaps it was written: a new chain goes on
            fault = error
        for one in batch:
            one.done, one.fault = True, fault

    def _append(self, entries: list[AuditEntry], now: datetime) -> None:
        head = self._standing()
        due = self._anchored_at is None or abs(now - self._anchored_at) >= ANCHOR_EVERY  # a clock may be set back
        named = self._trail.unanchored(head.chain) if due else []
        rows = [self._row(one) for one in entries]
        if named:
            rows.insert(0, AuditRow(chain="", number=0, at=now, what=ANCHOR, detail=anchor_detail(named, self._key)))
        if rows:
            tied = _tied(rows, head)
            self._trail.add_audit(tied, named)
            self._head = Head(chain=head.chain, number=tied[-1].number, hash=tied[-1].hash)
        if due:
            self._anchored_at = now

    def _standing(self) -> Head:
        """Return where this writer's chain stands, or the beginning of a new one."""
        return self._head or Head(chain=f"{self._writer}/{uuid.uuid4().hex[:12]}", number=0, hash="")

    def _row(self, one: AuditEntry) -> AuditRow:
        detail = dict(one.detail)
        if PAYLOAD in detail:
            detail[PAYLOAD] = keyed(self._key, PAYLOAD, detail[PAYLOAD])
        return AuditRow(
            chain="",
            number=0,
            at=one.at,
            who=_plain(one.who),
            what=_plain(one.what),
            institution=_plain(one.institution),
            accession=_plain(one.accession),
            patient=keyed(self._key, PATIENT, one.patient),
            address=_plain(one.address),
            outcome=one.outcome,
            why=_plain(one.why),
            detail={_plain(name): _plain(value) for name, value in detail.items()},
        )


def _tied(rows: list[AuditRow], head: Head) -> list[AuditRow]:
    tied, previous = [], head.hash
    for number, row in enumerate(rows, start=head.number + 1):
        one = linked(msgspec.structs.replace(row, chain=head.chain, number=number), previous)
        tied.append(one)
        previous = one.hash
    return tied


def _plain(text: str) -> str:
    """Leave out what PostgreSQL or UTF-8 cannot hold: no odd name keeps a row from being kept."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:1000]
