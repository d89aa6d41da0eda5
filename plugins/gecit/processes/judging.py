"""The judge at work: exams in groups, each alone where a group fails, so that none stands in another's way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from ..core.faults import described
from ..core.order import ExamKey
from ..ports import Clock, Ledger, Transaction, Unavailable
from ..steps.judge_exam import judge_due
from ..steps.receive_message import Judging

log = logging.getLogger("gecit.judging")

GROUP = 50
"""Exams of one transaction: whoever else writes waits no longer than for these."""

ASIDE = timedelta(minutes=5)
"""How long an exam that could not be judged is left alone; it stays due in the ledger."""


class Judge:
    """Judges what is due; `judging` gives the rulebook in force."""

    def __init__(self, ledger: Ledger, clock: Clock, judging: Callable[[], Judging], role: str) -> None:
        self._ledger, self._clock, self._judging, self._role = ledger, clock, judging, role
        self._aside: dict[ExamKey, datetime] = {}

    @property
    def aside(self) -> int:
        """How many exams wait because judging them failed."""
        return len(self._aside)

    def step(self) -> bool:
        """Judge a group; False where nothing was due."""
        now = self._clock.now()
        self._aside = {key: until for key, until in self._aside.items() if until > now}
        if not self._due(now, 1):
            return False
        judging = self._judging()
        try:
            return self._judge(judging, now, None) > 0
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 -- one exam of many failed: find out which
            log.warning("judging a group failed, each exam is judged alone: %s", described(fault))
            judged = [self._alone(key, judging, now) for key in self._due(now, GROUP)]
            return any(judged)

    def _due(self, now: datetime, limit: int) -> list[ExamKey]:
        found = self._ledger.read(lambda tx: tx.due(now, limit + len(self._aside)))
        return [key for key, _ in found if key not in self._aside][:limit]

    def _judge(self, judging: Judging, now: datetime, only: ExamKey | None) -> int:
        aside = self._aside.keys()

        def work(tx: Transaction) -> int:
            # Whoever waited for the ledger may come after all exams were judged anew: nobody would look again.
            if tx.revision_in_force() not in ("", judging.rulebook.revision):
                return 0
            return judge_due(tx, judging, now, self._role, GROUP, only=only, but=aside)

        return self._ledger.write(work)

    def _alone(self, key: ExamKey, judging: Judging, now: datetime) -> bool:
        try:
            return self._judge(judging, now, key) > 0
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001 -- the outermost boundary of one exam: said, and tried again later
            log.error("exam %s cannot be judged: %s", key, described(fault))
            self._aside[key] = now + ASIDE
            return False
