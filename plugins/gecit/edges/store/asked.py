"""Duplicate queries and outages: folded in one transaction, written when it is flushed, found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.background import DuplicateQuery, Outage
from gecit.core.events import DuplicateOpened, DuplicateQueried, Event, OutageBegan, OutageEnded

from . import rows
from .foreseen import Foreseen
from .schema import duplicate_query, outage
from .sql import upsert


class Asked:
    """What one transaction knows of queries and outages; `lock` holds a name until the transaction ends."""

    def __init__(self, connection: sa.Connection, lock: Callable[[Iterable[str]], None], foreseen: Foreseen) -> None:
        self._connection = connection
        self._lock = lock
        self._foreseen = foreseen
        self._queries: dict[str, DuplicateQuery | None] = {}
        self._changed: set[str] = set()

    def fold(self, event: Event) -> None:
        """Fold an event of the installation; most are none of ours."""
        match event:
            case DuplicateQueried(query=query):
                self._keep(query)
            case DuplicateOpened():
                self._opened(event)
            case OutageBegan():
                self._began(event)
            case OutageEnded():
                self._ended(event)

    def flush(self) -> None:
        """Write the queries that changed."""
        changed = [one for number in sorted(self._changed) if (one := self._queries[number])]
        self._changed.clear()
        upsert(self._connection, duplicate_query, [rows.query_row(one) for one in changed])

    def forget(self) -> None:
        """Drop what was read."""
        self._queries.clear()

    # Queries

    def query(self, number: str) -> DuplicateQuery | None:
        """Return one query with what was opened since."""
        if number not in self._queries:
            data = self._connection.scalar(sa.select(duplicate_query.c.data).where(duplicate_query.c.id == number))
            self._queries[number] = rows.read_query(data) if data else None
        return self._queries[number]

    def of_patient(self, tckn: str, since: datetime, until: datetime) -> list[DuplicateQuery]:
        """Return a patient's queries in a stretch of time, ends included, oldest first; nobody's without a TCKN."""
        if not tckn:
            return []
        foreseen = self._foreseen.queries(tckn)
        if foreseen is not None:
            return [one for one in foreseen if since <= one.at <= until]
        self.flush()
        found = sa.select(duplicate_query.c.data).where(
            duplicate_query.c.tckn == tckn, duplicate_query.c.at >= since, duplicate_query.c.at <= until
        )
        ordered = found.order_by(duplicate_query.c.at, duplicate_query.c.id)
        return [rows.read_query(data) for data in self._connection.scalars(ordered)]

    def _keep(self, query: DuplicateQuery) -> None:
        self._foreseen.query_changed()
        self._queries[query.id] = query
        self._changed.add(query.id)

    def _opened(self, event: DuplicateOpened) -> None:
        if event.query not in self._changed:  # another process may be recording an opening of it at this moment
            self._lock([f"query {event.query}"])
            self._queries.pop(event.query, None)
        known = self.query(event.query)
        if known:
            self._keep(msgspec.structs.replace(known, openings=(*known.openings, event.opening)))

    # Outages: rare, so they are written at once

    def outages(self, since: datetime, until: datetime) -> list[Outage]:
        """Return the outages that overlap a stretch of time, oldest first."""
        goes_on = sa.or_(outage.c.ended_at.is_(None), outage.c.ended_at >= since)
        query = sa.select(outage).where(outage.c.began_at <= until, goes_on)
        found = self._connection.execute(query.order_by(outage.c.began_at, outage.c.service))
        return [
            Outage(service=row.service, began_at=row.began_at, ended_at=row.ended_at, reason=row.reason)
            for row in found
        ]

    def _began(self, event: OutageBegan) -> None:
        if self._open_since(event.service) is None:
            row = {"service": event.service, "began_at": event.at, "ended_at": None, "reason": event.reason}
            upsert(self._connection, outage, [row])

    def _ended(self, event: OutageEnded) -> None:
        began = self._open_since(event.service)
        if began is not None:  # a clock that was set back must not end it before it began
            mine = sa.and_(outage.c.service == event.service, outage.c.began_at == began)
            self._connection.execute(sa.update(outage).where(mine).values(ended_at=max(began, event.at)))

    def _open_since(self, service: str) -> datetime | None:
        self._lock([f"outage {service}"])
        mine = sa.and_(outage.c.service == service, outage.c.ended_at.is_(None))
        return self._connection.scalar(sa.select(outage.c.began_at).where(mine))
