"""What the JSON interface, metrics and alerts ask of the ledger beside exams: deliveries, backlog, silence."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.ports import Backlog, Delivery, Incident, Institution, OutboxSearch

from . import rows
from .alerts import read_incident
from .base import Transactions
from .schema import incident, institution, message, outbox


class Integrated(Transactions):
    """The part of `ports.Integration` that is about the outbox and about health."""

    def search_outbox(self, search: OutboxSearch) -> list[Delivery]:
        """Return deliveries, newest first."""
        query = sa.select(outbox).order_by(outbox.c.id.desc()).limit(search.limit)
        wanted = {
            outbox.c.institution: search.institution,
            outbox.c.accession: search.accession,
            outbox.c.state: search.state,
            outbox.c.destination: search.destination,
        }
        query = query.where(*(column == value for column, value in wanted.items() if value))
        if search.state and search.state != "done":  # said as the partial index says it, else it is not taken
            query = query.where(sa.text("state <> 'done'"))
        if search.before:
            query = query.where(outbox.c.id < search.before)
        with self._reading() as connection:
            return [rows.read_delivery(row) for row in connection.execute(query)]

    def delivery(self, number: int) -> Delivery | None:
        """Return one delivery."""
        with self._reading() as connection:
            row = connection.execute(sa.select(outbox).where(outbox.c.id == number)).first()
        return rows.read_delivery(row) if row else None

    def backlog(self) -> list[Backlog]:
        """Return what is not done, by destination and state; reads a partial index alone."""
        of = (outbox.c.destination, outbox.c.state)
        counted = sa.select(*of, sa.func.count().label("count"), sa.func.min(outbox.c.created_at).label("oldest"))
        query = counted.where(sa.text("state <> 'done'")).group_by(*of).order_by(*of)
        with self._reading() as connection:
            found = connection.execute(query).all()
        return [Backlog(destination=row.destination, state=row.state, count=row[2], oldest=row.oldest) for row in found]

    def last_messages(self) -> dict[str, datetime]:
        """Return when each institution last sent an HL7 message: one look into the index for each.

        A trial institution is heard of on the days of a self-test alone: its silence is no news.
        """
        newest = (
            sa.select(message.c.received_at)
            .where(message.c.institution == institution.c.skrs)
            .order_by(message.c.received_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        with self._reading() as connection:
            found = connection.execute(sa.select(institution.c.data, newest.label("at"))).all()
        known = [(msgspec.json.decode(row.data, type=Institution), row.at) for row in found if row.at is not None]
        return {one.skrs: at for one, at in known if not one.trial}

    def incidents(self, limit: int) -> list[Incident]:
        """Return incidents, open ones first, then the newest."""
        order = (incident.c.closed_at.is_not(None), incident.c.id.desc())
        with self._reading() as connection:
            return [read_incident(row) for row in connection.execute(sa.select(incident).order_by(*order).limit(limit))]
