"""What a transaction keeps of openings without the patient's consent."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.events import Event, OpeningRecorded
from gecit.core.openings import CareOpening
from gecit.core.values import to_json

from .schema import opening as table
from .sql import upsert


class OpeningTx:
    """Implements `ports.openings.OpeningsKept` on one connection."""

    _connection: sa.Connection

    def append(self, event: Event) -> None:
        """Record an event; the transaction does."""
        raise NotImplementedError

    def openings(self, *, institution: str = "", patient: str = "", waiting: bool = False) -> list[CareOpening]:
        """Return openings, the newest first."""
        query = sa.select(table.c.data)
        for column, value in ((table.c.institution, institution), (table.c.patient, patient)):
            query = query.where(column == value) if value else query
        query = query.where(table.c.waits) if waiting else query
        found = [msgspec.json.decode(data, type=CareOpening) for data in self._connection.scalars(query)]
        return sorted(found, key=lambda one: (one.since, one.id), reverse=True)

    def opening(self, number: str) -> CareOpening | None:
        """Return one opening; locked until commit."""
        data = self._connection.scalar(sa.select(table.c.data).where(table.c.id == number).with_for_update())
        return msgspec.json.decode(data, type=CareOpening) if data else None

    def record_opening(self, one: CareOpening, at: datetime, by: str) -> None:
        """Add an opening, or record how it stands now."""
        row = {"id": one.id, "institution": one.institution, "patient": one.patient, "waits": one.waits}
        upsert(self._connection, table, [{**row, "data": to_json(one).decode()}])
        self.append(OpeningRecorded(at=at, opening=one, by=by))
