"""What-if over a whole ledger: ranges of keys, each gone through by a process that opens the ledger itself."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

from ..core.checks import Context
from ..core.judge import Compiled
from ..core.order import ExamKey
from ..core.rulebook import Rulebook
from ..core.values import Value
from ..edges.store import SqlLedger
from ..edges.store.engine import open_engine
from ..steps.reached import EVERYTHING, Question, Stretch
from ..steps.replay import Replayed, replay

FEW = 20_000
"""Exams that one process goes through sooner than others have started."""


class WhatIf(Value):
    """A question to the ledger: what would this rulebook say at that instant?"""

    database: str
    rulebook: Rulebook
    context: Context
    now: datetime
    role: str = "Node"
    rules: frozenset[str] | None = None  # only what these say can differ; None = any rule


class Piece(Value):
    """Exams of a stretch of order dates, or `after` (exclusive) to `until` (inclusive) in a scan; None = no end."""

    stretch: Stretch = EVERYTHING[0]
    after: ExamKey | None = None
    until: ExamKey | None = None


def pieces(ledger: SqlLedger, stretches: Sequence[Stretch]) -> list[Piece]:
    """Cut what is to be gone through: the whole ledger by keys, anything narrower by its stretches."""
    if tuple(stretches) != EVERYTHING:
        return [Piece(stretch=one) for one in stretches]
    ends = [*ledger.milestones(FEW), None]
    return [Piece(after=start, until=end) for start, end in zip([None, *ends], ends, strict=False)]


def monthly(stretch: Stretch, first: datetime | None, last: datetime | None) -> list[Stretch]:
    """Cut a stretch of order dates where months begin, between the first and the last order that there is."""
    if first is None or last is None:
        return [stretch]
    start, until = stretch[0] or first, min(stretch[1] or last, last)
    ends: list[datetime] = []
    month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (month := (month + timedelta(days=32)).replace(day=1)) < until:
        ends.append(month)
    return list(pairwise((stretch[0], *ends, stretch[1])))


def replayed(asked: WhatIf, todo: Sequence[Piece], workers: int | None = None) -> Iterator[Replayed]:
    """Go through the pieces and yield what would change, piece by piece, in their order; writes nothing."""
    count = min(workers or os.cpu_count() or 1, len(todo))
    if count <= 1:
        worker = _Worker(asked)
        for one in todo:
            yield worker(one)
        worker.close()
        return
    # Spawned, not forked: a fork would share connections and locks of threads that do not exist in the child.
    # This executor ends where a child cannot start; `multiprocessing.Pool` would start another one for ever.
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (asked,)) as pool:
        yield from pool.map(_go, todo)


class _Worker:
    """One process's own view of the ledger."""

    def __init__(self, asked: WhatIf) -> None:
        self._asked = asked
        self._ledger = SqlLedger(open_engine(asked.database))
        self._compiled = Compiled(asked.rulebook, asked.context)
        self._question = Question(asked.rulebook, asked.context, asked.rules)

    def __call__(self, one: Piece) -> Replayed:
        """Go through one piece."""
        asked = self._asked
        pages = list(
            replay(
                self._ledger,
                self._compiled,
                self._question,
                asked.now,
                role=asked.role,
                stretch=one.stretch,
                after=one.after,
                until=one.until,
            )
        )
        changes = tuple(change for page in pages for change in page.changes)
        return Replayed(looked_at=sum(page.looked_at for page in pages), changes=changes)

    def close(self) -> None:
        """Give the connections back."""
        self._ledger.close()


_worker: _Worker | None = None


def _begin(asked: WhatIf) -> None:
    global _worker  # one for the life of a pool's process
    _worker = _Worker(asked)


def _go(one: Piece) -> Replayed:
    assert _worker is not None  # noqa: S101 -- made by `_begin`
    return _worker(one)
