"""Which of several processes follows an index: two Orthancs may share one, and one follower is enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Following(Protocol):
    """The lease of an index's follower. Time is the ledger's own, so that no two computers' clocks are compared."""

    def may_follow(self, index: str, who: str, lease: timedelta) -> bool:
        """Take or keep the lease; False where another has it and kept it within `lease`. Raises `Unavailable`.

        `who` stays the same when a process of the same installation is started again: it goes on at once.
        """
        ...
