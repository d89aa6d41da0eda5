"""What a transaction keeps of retention: legal holds, lists, and how far they are."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.events import Event, LegalHoldRecorded, RetentionListRecorded
from gecit.core.exam import Study
from gecit.core.facts import StudyKey
from gecit.core.retention import Hold, Item, ItemState, RetentionList
from gecit.core.values import to_json

from . import rows
from .schema import legal_hold, retention_item, retention_list, sent_study, study
from .sql import upsert


class RetentionTx:
    """Implements `ports.retention.RetentionKept` on one connection."""

    _connection: sa.Connection

    def append(self, event: Event) -> None:
        """Record an event; the transaction does."""
        raise NotImplementedError

    def flush(self) -> None:
        """Write what was appended."""
        raise NotImplementedError

    def legal_holds(self, *, standing: bool = False) -> list[Hold]:
        """Return all holds, the newest first."""
        found = self._connection.scalars(sa.select(legal_hold.c.data))
        holds = [msgspec.json.decode(data, type=Hold) for data in found]
        chosen = [one for one in holds if one.released_at is None or not standing]
        return sorted(chosen, key=lambda one: (one.at, one.id), reverse=True)

    def record_legal_hold(self, hold: Hold, at: datetime, by: str) -> None:
        """Add a hold, or record that it was released."""
        upsert(self._connection, legal_hold, [{"id": hold.id, "data": to_json(hold).decode()}])
        self.append(LegalHoldRecorded(at=at, hold=hold, by=by))

    def retention_lists(self) -> list[RetentionList]:
        """Return all lists, the newest first."""
        found = [msgspec.json.decode(data, type=RetentionList) for data in self._connection.scalars(_LISTS)]
        return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)

    def retention_list(self, number: str) -> RetentionList | None:
        """Return one list; locked until commit."""
        data = self._connection.scalar(_LISTS.where(retention_list.c.id == number).with_for_update())
        return msgspec.json.decode(data, type=RetentionList) if data else None

    def record_retention_list(self, one: RetentionList, at: datetime, by: str) -> None:
        """Add a list, or record how it stands now."""
        upsert(self._connection, retention_list, [{"id": one.id, "data": to_json(one).decode()}])
        self.append(RetentionListRecorded(at=at, retention=one, by=by))

    def retention_items(self, number: str) -> dict[StudyKey, Item]:
        """Return how far the studies of a list are."""
        found = self._connection.execute(sa.select(retention_item).where(retention_item.c.list == number))
        return {
            StudyKey(node=row.node, orthanc_id=row.orthanc_id): Item(state=ItemState(row.state), at=row.at)
            for row in found
        }

    def record_retention_item(self, number: str, key: StudyKey, item: Item) -> None:
        """Record how far a study of a list is."""
        row = {"list": number, "node": key.node, "orthanc_id": key.orthanc_id, "state": item.state.value, "at": item.at}
        upsert(self._connection, retention_item, [row])

    def studies_until(self, node: str, day: str, after: tuple[str, str], limit: int) -> list[Study]:
        """Return studies of a node whose StudyDate is a day or before, the oldest first."""
        self.flush()
        sent = sent_study.c
        same = sa.and_(sent.node == study.c.node, sent.orthanc_id == study.c.orthanc_id)
        place = sa.tuple_(sent.study_date, sent.orthanc_id)
        query = (
            sa.select(study.c.data)
            .join(sent_study, same)
            .where(sent.node == node, sent.study_date != "", sent.study_date <= day, sa.not_(study.c.deleted))
            .where(place > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])))
            .order_by(sent.study_date, sent.orthanc_id)
            .limit(limit)
        )
        return [rows.read_study(data) for data in self._connection.scalars(query)]


_LISTS = sa.select(retention_list.c.data)
