"""Stretches in which a service could not answer -> the record of outages, from which an exemption can be drafted."""

from __future__ import annotations

import logging
from datetime import datetime

from ..core.events import OutageBegan, OutageEnded
from ..ports import Ledger, Transaction
from ..ports.nodes import SILENT

log = logging.getLogger("gecit.outages")


def mark(tx: Transaction, service: str, *, up: bool, now: datetime, reason: str) -> None:
    """Record that a service went away or came back, where that is news."""
    known_down = any(one.service == service and one.ended_at is None for one in tx.outages(now, now))
    if up and known_down:
        tx.append(OutageEnded(at=now, service=service))
    elif not up and not known_down:
        tx.append(OutageBegan(at=now, service=service, reason=reason))


def record_outage(tx: Transaction, service: str, began_at: datetime, ended_at: datetime, reason: str) -> None:
    """Record a stretch in which a service could not answer, once it is over."""
    tx.append(OutageBegan(at=began_at, service=service, reason=reason))
    tx.append(OutageEnded(at=ended_at, service=service))


def record_silence(ledger: Ledger, service: str, last_beat: datetime | None, now: datetime) -> bool:
    """Record the stretch since the last sign of life of the process that answers queries; False where it is short.

    A node that never ran has no outage: nobody could have meant to ask it.
    """
    if last_beat is None or now - last_beat <= SILENT:
        return False
    ledger.write(lambda tx: record_outage(tx, service, last_beat, now, "not running"))
    log.warning("%s could not answer since %s", service, last_beat.isoformat(timespec="seconds"))
    return True
