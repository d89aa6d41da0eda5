"""A ledger that does not answer is told of by the node itself: incidents stand in that ledger, and so do their letters.

is it asked in vain, and since when -> the trouble as it was noted -> as it is now, and what is to be told (`follow`)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from ..core.values import Text, Value, local
from ..ports import AnswerUnknown, Clock, Refused, Unavailable
from .deliver import Handler
from .watch_health import Alert, direct

OPENED, CLOSED = "incident.opened", "incident.closed"


class Trouble(Value):
    """A ledger that does not answer since `since`; `back` = since when it answers again.

    `opened` and `closed` are the channels by which both were told.
    """

    since: datetime
    back: datetime | None = None
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()


class Found(NamedTuple):
    """What is to be noted (None: all is well), and of which of the two the channels are to be told."""

    trouble: Trouble | None
    told: str = ""


def follow(before: Trouble | None, asked_in_vain: datetime | None, now: datetime, patience: timedelta) -> Found:
    """Say what there is now. `asked_in_vain`: since when no question was answered, None = the last one was.

    Trouble shorter than `patience` is told to nobody; what was told is over once it answered for as long, so that a
    ledger that comes and goes makes no flood.
    """
    if asked_in_vain:
        trouble = msgspec.structs.replace(before or Trouble(since=asked_in_vain), back=None)
        return Found(trouble, OPENED if now - trouble.since >= patience else "")
    if before is None or not before.opened:
        return Found(None)
    trouble = msgspec.structs.replace(before, back=before.back or now)
    return Found(trouble, CLOSED if now - (trouble.back or now) >= patience else "")


def alert_of(node: str, trouble: Trouble, what: str, now: datetime) -> Alert:
    """Return what is told; it has no number, since it stands in no ledger."""
    since = f"{local(trouble.since):%d.%m.%Y %H:%M}"
    text = Text(
        tr=f"{node} düğümü kayıt defterine (veritabanına) {since} tarihinden beri ulaşamıyor. HL7 iletilerine AE "
        "verilir, gönderenler yineler; görüntüler alınır, sayfalar açılmaz, bildirim gitmez. Veritabanı yöneticisi "
        "PostgreSQL'e ve ağa (SQLite'ta diske) bakmalı; düğümü yeniden başlatmayın.",
        en=f"Node {node} cannot reach the ledger (the database) since {since}. HL7 is answered AE and senders repeat "
        "it; images are taken in, pages do not open, nothing is notified. The database's administrator should look at "
        "PostgreSQL and the network (at the disk with SQLite); do not restart the node.",
    )
    over = trouble.back or now if what == CLOSED else now
    return Alert(type=what, timestamp=over, incident=0, key=f"ledger:{node}", text=text, opened_at=trouble.since)


class Teller:
    """Tells by every channel once; one that is away is tried again at the next step, one that refused is not."""

    def __init__(
        self,
        node: str,
        channels: Mapping[str, Handler],
        clock: Clock,
        patience: timedelta,
        log: Callable[[str], object],
    ) -> None:
        self._node, self._channels, self._clock = node, channels, clock
        self._patience, self._log = patience, log

    def step(self, before: Trouble | None, asked_in_vain: datetime | None) -> Trouble | None:
        """Return the trouble as it is to be noted, None where there is none any more."""
        now = self._clock.now()
        trouble, what = follow(before, asked_in_vain, now, self._patience)
        if trouble is None or not what:
            return trouble
        if what == OPENED:
            told = trouble.opened | self._tell(trouble, OPENED, now, trouble.opened)
            return msgspec.structs.replace(trouble, opened=told, closed=frozenset())
        wanted = trouble.opened & self._channels.keys()
        told = trouble.closed | self._tell(trouble, CLOSED, now, (self._channels.keys() - wanted) | trouble.closed)
        return None if told >= wanted else msgspec.structs.replace(trouble, closed=told)

    def _tell(self, trouble: Trouble, what: str, now: datetime, done: Set[str]) -> frozenset[str]:
        alert = alert_of(self._node, trouble, what, now)
        return frozenset(name for name in self._channels.keys() - done if self._sent(name, alert, trouble))

    def _sent(self, name: str, alert: Alert, trouble: Trouble) -> bool:
        key = f"{alert.key}:{trouble.since.isoformat()}:{alert.type}:{name}"
        try:
            self._channels[name](direct(alert, key))
        except (Refused, AnswerUnknown) as fault:  # it would be refused again; it may have arrived
            self._log(f"{name}: {fault}")
        except Unavailable as fault:
            self._log(f"{name}: {fault}")
            return False
        return True
