"""The lease of the index's follower, kept while this process follows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from ..ports.following import Following

log = logging.getLogger("gecit.follow")

LEASE = timedelta(seconds=15)
KEPT_EVERY = 3.0
"""Seconds. A follower that could not keep its lease for so long as it lasts begins anew; two that follow for a moment
write nothing twice that counts twice: what was read again and says nothing new changes nothing."""


class FollowerLease:
    """Asks for the lease of the index, and keeps it. `who`: the same again after a start of the same installation."""

    def __init__(
        self,
        ledger: Following,
        index: Callable[[], str],
        who: str,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger, self._index, self._who, self._seconds = ledger, index, who, seconds
        self._asked_at = -KEPT_EVERY
        self.mine = False

    def held(self) -> bool:
        """Whether this process follows the index now; raises `Unavailable` where nobody can say."""
        now = self._seconds()
        if now - self._asked_at < KEPT_EVERY:
            return self.mine
        before, self.mine = self.mine, False  # until it is known: who cannot ask does not follow
        mine = self._ledger.may_follow(self._index(), self._who, LEASE)
        if mine != before:
            log.info("this process follows the index" if mine else "another process follows the index")
        self.mine, self._asked_at = mine, now
        return mine

    def keep(self) -> None:
        """Keep it, where it is this process's, while a step lasts longer than it does; for the process's regular beat.

        Raises `Unavailable`.
        """
        if self.mine:
            self.mine = self._ledger.may_follow(self._index(), self._who, LEASE)
