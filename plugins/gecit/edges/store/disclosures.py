"""What a transaction keeps of disclosures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.accounts import Account
from gecit.core.disclosures import Disclosure
from gecit.core.events import DisclosureRecorded, Event
from gecit.core.values import to_json

from .schema import disclosure as table
from .sql import upsert


class Disclosing:
    """Implements `ports.disclosures.DisclosuresKept` on one connection."""

    _connection: sa.Connection

    def append(self, event: Event) -> None:
        """Record an event; the transaction does."""
        raise NotImplementedError

    def disclosure(self, disclosure_id: str) -> Disclosure | None:
        """Return a disclosure as it stands, an ended one too."""
        return next(iter(self._disclosures(table.c.id == disclosure_id)), None)

    def disclosures_to(self, account: Account, now: datetime) -> list[Disclosure]:
        """Return all that stands for an account: what names the account, its TCKN, its institution."""
        named = (
            (table.c.account, account.name),
            (table.c.tckn, account.tckn),
            (table.c.institution, account.institution),
        )
        # One search for each way of being named, so that each takes its own index.
        ways = [
            sa.select(table.c.data, table.c.ends_at, table.c.id).where(
                column == value, column != "", table.c.ends_at > now, table.c.since <= now
            )
            for column, value in named
            if value
        ]
        if not ways:
            return []
        found = sa.union_all(*ways).subquery()
        query = sa.select(found.c.data).order_by(found.c.ends_at.desc(), found.c.id)
        return [msgspec.json.decode(data, type=Disclosure) for data in self._connection.scalars(query)]

    def disclosures_of(self, patient: str) -> list[Disclosure]:
        """Return all disclosures of a patient (TCKN), ended ones too, the newest first."""
        if not patient:
            return []
        found = self._disclosures(table.c.patient == patient)
        return sorted(found, key=lambda one: (one.since, one.id), reverse=True)

    def disclosures_for(self, references: Iterable[str]) -> list[Disclosure]:
        """Return all disclosures that belong to consultations, consents ... (their ids), by id."""
        return self._disclosures(table.c.reference.in_(list(references)))

    def record_disclosure(self, disclosure: Disclosure, at: datetime, by: str = "") -> None:
        """Add a disclosure, or record how it stands now."""
        row = {name: getattr(disclosure, name) for name in COPIED}
        upsert(
            self._connection,
            table,
            [{**row, "ends_at": disclosure.ends, "data": to_json(disclosure).decode()}],
        )
        self.append(DisclosureRecorded(at=at, disclosure=disclosure, by=by))

    def _disclosures(self, which: sa.ColumnElement[bool]) -> list[Disclosure]:
        found = self._connection.scalars(sa.select(table.c.data).where(which).order_by(table.c.id))
        return [msgspec.json.decode(data, type=Disclosure) for data in found]


COPIED = ("id", "reference", "account", "tckn", "institution", "patient", "since")
"""Fields that stand in columns too, to search by."""
