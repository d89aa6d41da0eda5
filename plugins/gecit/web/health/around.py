"""What health looks at beside the signs of life: listening ports, disk, outbox, services outside, the last sweep."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from gecit.core.background import Outage
from gecit.core.values import Text, Value
from gecit.edges.store import SqlLedger
from gecit.edges.store.counts import QueueState
from gecit.ports import Beat
from gecit.steps.watch_health import set_aside

from ..words import SERVICES

PATIENCE_SECONDS = 0.5
OUTAGE_DAYS = 7
LOW = 0.1
"""A disk with a smaller share free is running out of room."""

UPSTREAM = "upstream:"


class Door(Value):
    """A port that should listen."""

    name: str
    host: str
    port: int


class Surroundings(Value):
    """Where to look: the doors of this node, and the folder and file whose disk may fill up."""

    node: str
    doors: tuple[Door, ...]
    data: Path
    database: Path | None = None  # of SQLite


class Listener(Value):
    """A door, and whether somebody answers there."""

    name: str
    port: int
    answers: bool


class Disk(Value):
    """The disk of the data folder; `ledger` is the size of SQLite's file, None = it is no file. In bytes."""

    free: int
    total: int
    ledger: int | None

    @property
    def low(self) -> bool:
        """Whether somebody must make room."""
        return self.free < LOW * self.total


class ShownOutage(Value):
    """An outage of a service; `ended_at` None = it goes on."""

    service: Text
    began_at: datetime
    ended_at: datetime | None


class Around(Value):
    """All of it; doors and disk are those of `node`, where the page comes from."""

    node: str
    listeners: tuple[Listener, ...]
    disk: Disk | None
    queues: tuple[QueueState, ...]
    outages: tuple[ShownOutage, ...]
    sweeps: tuple[tuple[str, str], ...]  # node, instant of the last full sweep
    aside: tuple[Text, ...] = ()  # studies that are set aside: what, where, how to mend it


def look_around(ledger: SqlLedger | None, where: Surroundings | None, beats: Iterable[Beat], now: datetime) -> Around:
    """Look at everything once."""
    seen = tuple(beats)
    return Around(
        node=where.node if where else "",
        listeners=tuple(_listener(one) for one in where.doors) if where else (),
        disk=_disk(where) if where else None,
        queues=tuple(ledger.queues()) if ledger else (),
        outages=tuple(_outages(ledger, now)) if ledger else (),
        sweeps=tuple((one.node, str(one.detail["last sweep"])) for one in seen if one.detail.get("last sweep")),
        aside=tuple(text for one in seen for _, text in set_aside(one)),
    )


def _listener(door: Door) -> Listener:
    host = "127.0.0.1" if door.host in ("", "0.0.0.0", "::") else door.host  # noqa: S104 -- compared, not listened on
    try:
        socket.create_connection((host, door.port), PATIENCE_SECONDS).close()
    except OSError:
        return Listener(name=door.name, port=door.port, answers=False)
    return Listener(name=door.name, port=door.port, answers=True)


def _disk(where: Surroundings) -> Disk:
    used = shutil.disk_usage(where.data)
    files = [where.database, where.database.with_name(f"{where.database.name}-wal")] if where.database else []
    size = sum(one.stat().st_size for one in files if one.is_file())
    return Disk(free=used.free, total=used.total, ledger=size if where.database else None)


def _outages(ledger: SqlLedger, now: datetime) -> Sequence[ShownOutage]:
    since = now - timedelta(days=OUTAGE_DAYS)
    found: list[Outage] = ledger.read(lambda tx: tx.outages(since, now))
    ordered = sorted(found, key=lambda one: (one.ended_at is not None, -one.began_at.timestamp()))
    return [
        ShownOutage(service=service_name(one.service), began_at=one.began_at, ended_at=one.ended_at) for one in ordered
    ]


def service_name(service: str) -> Text:
    """Return what a service is called; one above by its own name."""
    if service.startswith(UPSTREAM):
        name = service.removeprefix(UPSTREAM)
        return Text(tr=f"Üst servis: {name}", en=f"Service above: {name}")
    return SERVICES.get(service) or Text(tr=service, en=service)
