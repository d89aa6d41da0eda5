"""What people keep and ask for at the tracking pages: saved views, exports, deliveries to be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.exam import Study
from gecit.core.order import ExamKey
from gecit.core.search import ExamSearch
from gecit.core.values import Value, to_json
from gecit.ports import Delivery

from . import rows
from .base import Transactions
from .schema import export, link, outbox, saved_view, study
from .sql import of_exams, pages, upsert

FINISHED = ("done", "failed")


class SavedView(Value):
    """A filter that somebody keeps under a name; never holds a TCKN."""

    name: str
    fields: dict[str, str]


class Export(Value):
    """An export that somebody asked for. Life: waiting -> running -> done | failed."""

    id: str
    node: str
    owner: str
    kind: str  # csv | xlsx
    language: str
    search: ExamSearch
    asked_at: datetime
    touched_at: datetime
    state: str = "waiting"
    done: int = 0
    total: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINISHED


class TrackingDesk(Transactions):
    """Reads and writes it; nothing of this is folded from events."""

    def saved_views(self, owner: str) -> list[SavedView]:
        """Return somebody's views by name."""
        query = sa.select(saved_view).where(saved_view.c.owner == owner).order_by(saved_view.c.name)
        with self._reading() as connection:
            found = connection.execute(query).all()
        return [SavedView(name=one.name, fields=msgspec.json.decode(one.search, type=dict[str, str])) for one in found]

    def save_view(self, owner: str, view: SavedView, at: datetime) -> None:
        """Keep a view, or replace the one of that name."""
        row = {"owner": owner, "name": view.name, "search": to_json(view.fields).decode(), "changed_at": at}
        with self._begin() as connection:
            upsert(connection, saved_view, [row])

    def delete_view(self, owner: str, name: str) -> None:
        """Forget a view."""
        with self._begin() as connection:
            connection.execute(sa.delete(saved_view).where(saved_view.c.owner == owner, saved_view.c.name == name))

    # Exports

    def add_export(self, one: Export) -> None:
        """Record that an export was asked for."""
        with self._begin() as connection:
            upsert(connection, export, [{**msgspec.structs.asdict(one), "search": to_json(one.search).decode()}])

    def export(self, number: str) -> Export | None:
        """Return an export."""
        with self._reading() as connection:
            row = connection.execute(sa.select(export).where(export.c.id == number)).first()
        return _export(row) if row else None

    def exports_of(self, owner: str, since: datetime) -> list[Export]:
        """Return somebody's exports since an instant, the newest first."""
        query = sa.select(export).where(export.c.owner == owner, export.c.asked_at >= since)
        with self._reading() as connection:
            return [_export(row) for row in connection.execute(query.order_by(export.c.asked_at.desc()))]

    def move_export(self, number: str, at: datetime, **values: str | int) -> None:
        """Record how far an export is."""
        with self._begin() as connection:
            connection.execute(sa.update(export).where(export.c.id == number).values(touched_at=at, **values))

    def forget_exports(self, node: str, before: datetime) -> list[str]:
        """Forget a node's exports that were asked for before an instant; returns their ids."""
        old = sa.and_(export.c.node == node, export.c.asked_at < before)
        with self._begin() as connection:
            found = list(connection.scalars(sa.select(export.c.id).where(old)))
            connection.execute(sa.delete(export).where(old))
        return found

    # Deliveries

    def deliveries_of(self, key: ExamKey) -> list[Delivery]:
        """Return an exam's deliveries, oldest first."""
        mine = sa.and_(outbox.c.institution == key.institution, outbox.c.accession == key.accession)
        with self._reading() as connection:
            found = connection.execute(sa.select(outbox).where(mine).order_by(outbox.c.id))
            return [rows.read_delivery(row) for row in found]

    def parked_of(self, keys: Sequence[ExamKey]) -> set[ExamKey]:
        """Return which of the exams have a delivery that a person must look at."""
        query = sa.select(outbox.c.institution, outbox.c.accession).where(of_exams(outbox), outbox.c.state == "parked")
        with self._reading() as connection:
            return {
                ExamKey(institution=row.institution, accession=row.accession)
                for page in pages(keys)
                for row in connection.execute(query, page)
            }

    def retry_of(self, keys: Sequence[ExamKey], now: datetime) -> int:
        """Put all parked deliveries of the exams back into the queue; returns how many."""
        change = sa.update(outbox).where(of_exams(outbox), outbox.c.state == "parked")
        with self._begin() as connection:
            again = change.values(state=outbox.c.resume, next_at=now)
            return sum(connection.execute(again, page).rowcount for page in pages(keys))

    # Studies without an order

    def unlinked_since(self, since: datetime, institution: str, limit: int) -> list[Study]:
        """Return studies that changed since an instant and that no exam has, newest first; empty = of any sender."""
        linked = sa.exists().where(link.c.node == study.c.node, link.c.orthanc_id == study.c.orthanc_id)
        query = sa.select(study.c.data).where(study.c.changed_at >= since, sa.not_(study.c.deleted), sa.not_(linked))
        found: list[Study] = []
        with self._reading() as connection:
            for data in connection.scalars(query.order_by(study.c.changed_at.desc())):
                one = rows.read_study(data)
                if institution in ("", one.facts.institution):
                    found.append(one)
                if len(found) == limit:
                    break
        return found


def _export(row: sa.Row[tuple[object, ...]]) -> Export:
    values = {**row._mapping, "search": msgspec.json.decode(row.search, type=ExamSearch)}
    return Export(**values)
