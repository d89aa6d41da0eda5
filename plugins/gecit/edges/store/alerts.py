"""Incidents, on the connection of a transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from gecit.core.values import Text, to_json
from gecit.ports import Incident

from .schema import incident


def read_incident(row: Any) -> Incident:
    """Turn a row into an incident."""
    text = msgspec.json.decode(row.data, type=Text)
    return Incident(id=row.id, key=row.key, opened_at=row.opened_at, closed_at=row.closed_at, text=text)


def still_open(connection: sa.Connection) -> list[Incident]:
    """Return open incidents, oldest first."""
    query = sa.select(incident).where(sa.text("closed_at IS NULL")).order_by(incident.c.id)
    return [read_incident(row) for row in connection.execute(query)]


def begin(connection: sa.Connection, key: str, text: Text, at: datetime) -> Incident:
    """Open an incident."""
    values = {"key": key, "opened_at": at, "closed_at": None, "data": to_json(text).decode()}
    return read_incident(connection.execute(sa.insert(incident).values(**values).returning(*incident.c)).one())


def end(connection: sa.Connection, number: int, at: datetime) -> None:
    """Close an incident."""
    mine = sa.and_(incident.c.id == number, incident.c.closed_at.is_(None))
    connection.execute(sa.update(incident).where(mine).values(closed_at=at))
