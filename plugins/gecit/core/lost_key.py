"""The audit's key was lost: what stood under it is vouched for no more, what comes after must hold under the new one.

A restore that goes on with another key says so in its row of the audit, sealed with the new one: who has the database
alone cannot excuse a broken seal by it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from .audit_chain import keyed
from .values import Value, to_json

WHAT = "restore"
"""What a row of the audit is that may say it."""
_SAID, _SEAL = "key lost", "key lost, sealed"


class LostKey(Value):
    """Since when another key holds, and up to which numbers the record was there before."""

    before: datetime
    event: int
    message: int

    def excuses(self, kind: str, last: int) -> bool:
        """Whether a seal over a stretch up to that number may be of the lost key."""
        return last <= {"event": self.event, "message": self.message}.get(kind, -1)


def detail_of(lost: LostKey, key: bytes) -> dict[str, str]:
    """Return what the audit keeps of it; `key`: the new one."""
    said = to_json(lost).decode()
    return {_SAID: said, _SEAL: keyed(key, _SAID, said)}


def read_lost(details: Iterable[Mapping[str, str]], key: bytes | None) -> LostKey | None:
    """Return the last one that the key vouches for; None where there is none, or no key."""
    found = []
    for one in details:
        said = one.get(_SAID, "")
        if key and said and hmac.compare_digest(one.get(_SEAL, ""), keyed(key, _SAID, said)):
            found.append(msgspec.json.decode(said, type=LostKey))
    return max(found, key=lambda one: one.before, default=None)
