"""Seals the record stretch by stretch, and looks at it again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from gecit.core.audit import AuditEntry
from gecit.core.event_seal import KINDS, WHAT, Fault, Sealed, SealFault, detail_of, read_seal, sealed
from gecit.core.lost_key import LostKey
from gecit.ports import Audit
from gecit.ports.sealing import Record

log = logging.getLogger("gecit.seals")

EVERY = timedelta(minutes=5)
AT_ONCE = 5_000
"""Numbers of one seal: a ledger that was never sealed is caught up with piece by piece, and nobody waits."""
NEWEST = 20
"""Seals that are asked for first: an audit of millions of rows is not read through at each start."""


class Sealer:
    """Seals what stood at the last look, once every transaction has ended that may hold a lower number."""

    def __init__(self, record: Record, audit: Audit, key: bytes) -> None:
        self._record, self._audit, self._key = record, audit, key
        self._sealed: dict[str, int] | None = None  # None: not asked yet
        self._ripe = dict.fromkeys(KINDS, 0)
        self._ripening: tuple[dict[str, int], datetime] | None = None  # what the last look found, and when it looked
        self._looked_at: datetime | None = None

    def tick(self, now: datetime) -> None:
        """Seal what is due; for a process's own regular beat. Never raises."""
        try:
            self._go(now)
        except Exception as fault:  # noqa: BLE001 a beat must go on; the next one tries again
            self._sealed = None
            log.error("the record cannot be sealed: %s", type(fault).__name__)

    def _go(self, now: datetime) -> None:
        done = self._sealed
        if done is None:
            done = self._sealed = ends(self._record, self._key)
        if self._ripening and self._record.settled(self._ripening[1]):
            self._ripe, self._ripening = self._ripening[0], None
        for kind in KINDS:
            last = min(self._ripe[kind], done[kind] + AT_ONCE)
            if last > done[kind]:
                one = sealed(kind, done[kind], last, self._record.record_rows(kind, done[kind], last))
                self._audit.record(
                    AuditEntry(at=now, who="gecit", what=WHAT, outcome="done", detail=detail_of(one, self._key))
                )
                done[kind] = last
        due = self._looked_at is None or abs(now - self._looked_at) >= EVERY  # a clock may be set back
        if due and self._ripening is None:
            self._looked_at = now
            self._ripening = {kind: self._record.newest(kind) for kind in KINDS}, self._record.moment()


def ends(record: Record, key: bytes) -> dict[str, int]:
    """Return up to where each kind is sealed."""
    found: dict[str, int] = {}
    for last in (NEWEST, 0):
        for one, whole in (read_seal(detail, key) for detail in record.seals(last)):
            if whole:
                found[one.kind] = max(found.get(one.kind, 0), one.last)
        if all(kind in found for kind in KINDS):
            break
    return {kind: found.get(kind, 0) for kind in KINDS}


def faults(record: Record, key: bytes | None, lost: LostKey | None = None) -> Iterator[SealFault]:
    """Yield each stretch that is not what it was when it was sealed, or that was left out between two seals.

    `lost`: an earlier key. Its seals are `key lost`, which is no fault, as long as they say what stands there: under
    the new key everything is sealed again from the first number on.
    """
    covered = dict.fromkeys(KINDS, 0)
    # In the order of what they speak of: a clock that was set back wrote a later one under an earlier hour.
    for one, whole in sorted((read_seal(detail, key) for detail in record.seals()), key=lambda read: read[0].first):
        if not whole or one.kind not in covered:
            yield _unvouched(record, one, lost)
            continue
        if one.first > covered[one.kind] + 1:
            yield SealFault(kind=one.kind, first=covered[one.kind] + 1, last=one.first - 1, fault="not sealed")
        covered[one.kind] = max(covered[one.kind], one.last)
        if _again(record, one) != one:
            yield SealFault(kind=one.kind, first=one.first, last=one.last, fault="edited")


def _unvouched(record: Record, one: Sealed, lost: LostKey | None) -> SealFault:
    """Return what is said of a seal that the key does not vouch for."""
    fault: Fault = "seal broken"
    if lost and one.kind in KINDS and lost.excuses(one.kind, one.last):
        fault = "key lost" if _again(record, one) == one else "edited"
    return SealFault(kind=one.kind, first=one.first, last=one.last, fault=fault)


def _again(record: Record, one: Sealed) -> Sealed:
    return sealed(one.kind, one.first - 1, one.last, record.record_rows(one.kind, one.first - 1, one.last))
