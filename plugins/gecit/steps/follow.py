"""Follow Orthanc's change log: live work and recovery are the same code, and ingest pays almost nothing for it.

    nothing new in a study for the settle time -> read, recorded as settled -> the cursor may pass
    still growing at the first look            -> read, recorded as unsettled, and again when it rests
    instance of a settled study                -> as a new study

Whether a study still grows costs one small question; only what came for no study that was read is looked up.

The cursor stands before the first change that is not yet durable in the ledger; unsettled studies are read again
at the start. Deletions are not in the change log: `sweep` compares inventories (design 7.12).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from ..core.events import IndexReset
from ..core.facts import StudyFacts, StudyKey
from ..core.faults import described
from ..ports import Archive, Changes, Clock, Ledger, Transaction, Unavailable
from .receive_study import forget_study, receive_study

log = logging.getLogger("gecit.follow")

FIRST_LOOK = timedelta(seconds=15)
"""When a study is read that grows all the while; an instance that no study read since has is looked up then at last."""

LATER = timedelta(minutes=5)
"""When a study is tried again that could not be taken in; the cursor waits for it, the other studies do not."""


@dataclass
class _Open:
    """A study that is still to be read."""

    at: datetime  # when
    change: int | None = None  # the first change of it that only memory knows
    look_by: datetime | None = None  # then it is read, grow as it may
    recorded: bool = False  # it stands in the ledger as unsettled, and is read again after a crash


class Follower:
    """Follows one index. One follower per index at a time: the caller holds the lease.

    `settle`: how long nothing must arrive before a study counts as complete. `page`: changes per request.
    `batch`: studies per transaction. `memory`: instances that may wait for their study to be read.
    """

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        clock: Clock,
        settle: timedelta,
        *,
        group_minutes: int = 40,
        default_institution: str = "",
        page: int = 1000,
        batch: int = 50,
        memory: int = 20_000,
    ) -> None:
        self._archive, self._ledger, self._clock = archive, ledger, clock
        self._settle = settle
        self._patience = min(2 * settle, FIRST_LOOK)  # of an instance for its study to be read
        self._group_minutes, self._default_institution = group_minutes, default_institution
        self._page, self._batch, self._memory = page, batch, memory
        self._started = False
        self._node = self._identity = ""
        self._position = 0  # changes up to here are in memory
        self._durable = 0  # changes up to here are in the ledger
        self._waiting: dict[str, tuple[int, datetime]] = {}  # instance -> (its change, when it was seen)
        self._open: dict[str, _Open] = {}

    @property
    def open_studies(self) -> int:
        """How many studies are still to be read (again)."""
        return len(self._open)

    @property
    def position(self) -> int:
        """The last change that was seen."""
        return self._position

    def step(self) -> bool:
        """Take in what is new; True where there may be more at once. Raises `Unavailable`; then call it again later."""
        try:
            return self._step()
        except Unavailable:
            self._started = False  # the index may be another one when it is back
            raise

    def rest(self) -> None:
        """Another follows the index: what is in memory is his to read; the next step begins where the ledger stands."""
        self._started = False

    def sweep(self) -> int:
        """Compare inventories: unknown studies are taken in by the next steps, missing ones forgotten.

        Returns how many differed. Raises `Unavailable`.
        """
        if not self._started:
            self._start()
        known = self._ledger.read(lambda tx: tx.study_ids(self._node))
        there = set(self._archive.study_ids())  # after `known`: what is taken in meanwhile is never called missing
        unknown, missing = there - known, known - there
        now = self._clock.now()
        for study in sorted(unknown):
            self._open.setdefault(study, _Open(now))
        for some in _chunks(sorted(missing), self._batch):
            self._forget(some, now)
        return len(unknown) + len(missing)

    def read_again(self, study: str) -> None:
        """Have a study read by the next steps although nothing came for it."""
        self._open.setdefault(study, _Open(self._clock.now()))

    def _forget(self, orthanc_ids: Sequence[str], now: datetime) -> None:
        def work(tx: Transaction) -> None:
            for orthanc_id in orthanc_ids:
                forget_study(tx, StudyKey(node=self._node, orthanc_id=orthanc_id), now, self._group_minutes)

        self._ledger.write(work)

    def _step(self) -> bool:
        if not self._started:
            self._start()
        page = self._archive.changes(self._position, self._page)
        if page.last < self._position:
            self._started = False
            return True
        now = self._clock.now()
        self._note(page, now)
        full = self._read_due(now, backlog=not page.done)
        self._attribute(now)
        return full or not page.done

    def _start(self) -> None:
        self._waiting.clear()
        self._open.clear()
        self._node, self._identity = self._archive.node(), self._archive.identity()
        cursor, known = self._ledger.read(lambda tx: (tx.cursor(self._identity), tx.study_ids(self._node)))
        last = self._archive.last_change()
        self._position = self._durable = cursor or 0
        self._started = True
        now = self._clock.now()
        for study in self._ledger.read(lambda tx: tx.unsettled_studies(self._node)):
            self._open[study.key.orthanc_id] = _Open(now, recorded=True)
        if (cursor is None and known) or last < self._position:
            self._reset(last)

    def _reset(self, last: int) -> None:
        """The index is new or was restored: follow it from its first change, and compare inventories."""
        log.warning("the index of %s was made anew or restored: cursor %d, last %d", self._node, self._durable, last)
        event = IndexReset(at=self._clock.now(), node=self._node, cursor=self._durable, last=last)

        def work(tx: Transaction) -> None:
            tx.append(event)
            tx.move_cursor(self._identity, 0)

        self._ledger.write(work)
        self._position = self._durable = 0
        self.sweep()

    def _note(self, page: Changes, now: datetime) -> None:
        for row in page.rows:
            if row.kind == "NewInstance":
                self._waiting[row.orthanc_id] = (row.number, now)
            elif row.kind == "NewStudy":
                self._touch(row.orthanc_id, row.number, now)
        self._position = page.last

    def _attribute(self, now: datetime) -> None:
        """Find the studies of instances that have waited long enough; one look-up answers for a whole series."""
        while self._waiting:
            instance, (number, seen_at) = next(iter(self._waiting.items()))
            if len(self._waiting) <= self._memory and now - seen_at < self._patience:
                return
            found = self._archive.series_of_instance(instance)
            del self._waiting[instance]
            if found is None:  # deleted meanwhile: the sweep sees to its study
                continue
            study, siblings = found
            seen = [self._waiting.pop(one)[1] for one in siblings & self._waiting.keys()]
            self._touch(study, number, max(seen, default=seen_at))

    def _touch(self, study: str, change: int, seen_at: datetime) -> None:
        """Something came for a study, which is read when it rests."""
        entry = self._open.get(study)
        if entry is None:
            look_by = seen_at + FIRST_LOOK
            self._open[study] = _Open(min(seen_at + self._settle, look_by), change, look_by)
        elif entry.recorded:
            entry.at = max(entry.at, seen_at + self._settle)
        else:
            entry.change = min(change, entry.change or change)

    def _read_due(self, now: datetime, *, backlog: bool) -> bool:
        """Read studies whose time has come, one batch; in a backlog only full batches, its studies are mostly whole."""
        due = list(islice((study for study, entry in self._open.items() if entry.at <= now), self._batch))
        full = len(due) == self._batch
        if backlog and not full:
            return False
        self._take_in([study for study in due if self._ready(study, now)], now)
        return full

    def _ready(self, study: str, now: datetime) -> bool:
        """Whether to read a study now; one that still grows is put off."""
        entry = self._open[study]
        if entry.look_by and entry.look_by <= now:
            return True
        last = self._archive.last_instance_at(study)
        if last is None or last + self._settle <= now:
            return True
        entry.at = min(last + self._settle, entry.look_by or datetime.max.replace(tzinfo=UTC))
        return False

    def _take_in(self, due: Sequence[str], now: datetime) -> None:
        """Read and record studies together; where that fails, each alone, so that one bad study stops no other."""
        try:
            read = {study: self._archive.read_study(study) for study in due}
            seen = frozenset[str]().union(*(one.instances for one in read.values() if one))
            cursor = self._safe_cursor(read, seen)
            if read or cursor > self._durable:
                self._record({study: one.facts if one else None for study, one in read.items()}, cursor, now)
                for instance in seen & self._waiting.keys():
                    del self._waiting[instance]
        except Unavailable:
            raise
        except Exception as fault:
            if len(due) > 1:
                for study in due:
                    self._take_in([study], now)
                return
            if not due:
                raise
            log.error("study %s cannot be taken in, tried again later: %s", due[0], described(fault))
            self._open[due[0]].at = now + LATER

    def _safe_cursor(self, done: Collection[str], seen: Collection[str]) -> int:
        """Return the last change before which all is durable once the studies `done` and their instances `seen` are."""
        in_memory = [entry.change for study, entry in self._open.items() if entry.change and study not in done]
        waiting = (number for instance, (number, _) in self._waiting.items() if instance not in seen)
        in_memory.extend(islice(waiting, 1))  # the oldest: they stand in the order of their changes
        return max(self._durable, min(in_memory, default=self._position + 1) - 1)

    def _record(self, found: dict[str, StudyFacts | None], cursor: int, now: datetime) -> None:
        """Several studies and the cursor in one transaction; memory changes only after it."""

        def work(tx: Transaction) -> dict[str, StudyFacts | None]:
            institutions = tx.institutions() if found else []
            recorded: dict[str, StudyFacts | None] = {}
            for study, facts in found.items():
                if facts is None:
                    forget_study(tx, StudyKey(node=self._node, orthanc_id=study), now, self._group_minutes)
                    continue
                recorded[study] = receive_study(
                    tx, facts, institutions, now, self._settle, self._group_minutes, self._default_institution
                )
            if cursor > self._durable:
                tx.move_cursor(self._identity, cursor)
            return recorded

        recorded = self._ledger.write(work)
        self._durable = cursor
        for study in found:
            self._rest(study, recorded.get(study), now)

    def _rest(self, study: str, facts: StudyFacts | None, now: datetime) -> None:
        if facts is None or facts.settled:
            del self._open[study]
            return
        self._open[study] = _Open((facts.last_instance_at or now) + self._settle, recorded=True)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
