"""What a transaction keeps of openings without the patient's consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.accounts import Account
from gecit.core.encounters import Encounter
from gecit.core.events import EncounterRecorded, Event, OpeningRecorded
from gecit.core.openings import CareOpening, Way
from gecit.core.values import to_json

from .account_rows import ACCOUNTS, read_account
from .schema import account as accounts
from .schema import disclosure
from .schema import encounter as encounters
from .schema import opening as table
from .sql import upsert

PAGE = 500
"""Ids in one search: engines allow some thousands."""

_STATED = f'"way":"{Way.STATED}"'  # as it stands in the JSON; what people write has its quotation marks escaped


class OpeningTx:
    """Implements `ports.openings.OpeningsKept` on one connection."""

    _connection: sa.Connection

    def append(self, event: Event) -> None:
        """Record an event; the transaction does."""
        raise NotImplementedError

    def _lock(self, names: Iterable[str]) -> None:
        raise NotImplementedError

    def openings(
        self,
        *,
        institution: str = "",
        patient: str = "",
        waiting: bool = False,
        stated: bool | None = None,
        limit: int | None = None,
    ) -> list[CareOpening]:
        """Return openings, the newest first."""
        mine = table.outerjoin(disclosure, disclosure.c.id == table.c.id)  # of each opening one, since the same instant
        query = sa.select(table.c.data).select_from(mine).order_by(disclosure.c.since.desc(), table.c.id.desc())
        for column, value in ((table.c.institution, institution), (table.c.patient, patient)):
            query = query.where(column == value) if value else query
        query = query.where(table.c.waits) if waiting else query
        if stated is not None:
            by_reason = table.c.data.contains(_STATED, autoescape=True)
            query = query.where(by_reason if stated else sa.not_(by_reason))
        found = self._connection.scalars(query.limit(limit))
        return [msgspec.json.decode(data, type=CareOpening) for data in found]

    def opening(self, number: str) -> CareOpening | None:
        """Return one opening; locked until commit."""
        data = self._connection.scalar(sa.select(table.c.data).where(table.c.id == number).with_for_update())
        return msgspec.json.decode(data, type=CareOpening) if data else None

    def openings_by(self, numbers: Iterable[str]) -> dict[str, CareOpening]:
        """Return openings by their ids; one that is not there is left out."""
        wanted, found = sorted(set(numbers)), list[CareOpening]()
        for start in range(0, len(wanted), PAGE):
            query = sa.select(table.c.data).where(table.c.id.in_(wanted[start : start + PAGE]))
            found += [msgspec.json.decode(data, type=CareOpening) for data in self._connection.scalars(query)]
        return {one.id: one for one in found}

    def record_opening(self, one: CareOpening, at: datetime, by: str) -> None:
        """Add an opening, or record how it stands now."""
        row = {"id": one.id, "institution": one.institution, "patient": one.patient, "waits": one.waits}
        upsert(self._connection, table, [{**row, "data": to_json(one).decode()}])
        self.append(OpeningRecorded(at=at, opening=one, by=by))

    def physician(self, tckn: str) -> Account | None:
        """Return the account with a TCKN."""
        which = ACCOUNTS.where(accounts.c.tckn == tckn)
        row = self._connection.execute(which).first() if tckn else None
        return read_account(row) if row else None

    def encounter(self, institution: str, number: str) -> Encounter | None:
        """Return an encounter as it stands; nobody else changes it until commit."""
        self._lock([f"encounter {institution} {number}"])
        which = encounters.c.institution == institution, encounters.c.number == number
        data = self._connection.scalar(sa.select(encounters.c.data).where(*which))
        return msgspec.json.decode(data, type=Encounter) if data else None

    def record_encounter(self, one: Encounter, at: datetime) -> None:
        """Add an encounter, or record how it stands now."""
        row = {"institution": one.institution, "number": one.number, "data": to_json(one).decode()}
        upsert(self._connection, encounters, [row])
        self.append(EncounterRecorded(at=at, encounter=one))
