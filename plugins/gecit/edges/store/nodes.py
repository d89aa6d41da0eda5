"""The registry of nodes. Every instant is the database's own, so that no node's clock says who is alive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gecit.ports.nodes import SILENT, NewNode, Node

from .base import Transactions
from .schema import Instant, beat, node
from .sql import upsert
from .standing import standing

_NOW: dict[str, sa.Executable] = {
    "postgresql": sa.text("SELECT clock_timestamp() AS at").columns(at=Instant),
    "sqlite": sa.text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' AS at").columns(at=Instant),
}
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('nodes', 0))")


class Registered(Transactions):
    """Implements `ports.nodes.Nodes`, and tells the database's time."""

    def database_time(self) -> datetime:
        """Return the present instant by the database's clock; raises `Unavailable`."""
        with self._reading() as connection:
            return _now(connection)

    def claim_node(self, new: NewNode) -> Node | None:
        """Register a node that starts; the other one where that name is taken."""
        with self._begin() as connection:
            if connection.dialect.name == "postgresql":  # a row that is not there yet cannot be locked
                connection.execute(_LOCK)
            now = _now(connection)
            row = connection.execute(sa.select(node).where(node.c.name == new.name)).first()
            known = _read(row, now) if row else None
            if known and known.up and not _same(known, new):
                return known
            _take_over(connection, new, now)
            values = {name: getattr(new, name) for name in NewNode.__struct_fields__}
            schema = standing(connection) or ""
            upsert(connection, node, [{**values, "schema": schema, "started_at": now, "beat_at": now}])
            return None

    def node_lives(self, one: NewNode) -> bool:
        """Record a sign of life; False where the name is another node's by now."""
        with self._begin() as connection:
            same = sa.or_(
                sa.and_(node.c.home == one.home, node.c.home != ""), sa.and_(node.c.mark == one.mark, node.c.mark != "")
            )
            change = sa.update(node).where(node.c.name == one.name, same).values(beat_at=_now(connection))
            return connection.execute(change).rowcount == 1

    def nodes(self) -> list[Node]:
        """Return all nodes that ever registered, by name."""
        with self._reading() as connection:
            now = _now(connection)
            return [_read(row, now) for row in connection.execute(sa.select(node).order_by(node.c.name))]

    def forget_node(self, name: str) -> bool:
        """Take a node off the list that is silent and will not come back, with its signs of life."""
        with self._begin() as connection:
            gone = sa.and_(node.c.name == name, node.c.beat_at < _now(connection) - SILENT)
            if connection.execute(sa.delete(node).where(gone)).rowcount == 0:
                return False
            connection.execute(sa.delete(beat).where(beat.c.node == name))
            return True


def _same(known: NewNode, new: NewNode) -> bool:
    """Whether it is one node: it was restarted, its index was made anew, or two Orthancs share its index."""
    return known.home == new.home != "" or known.mark == new.mark != ""


def _take_over(connection: sa.Connection, new: NewNode, now: datetime) -> None:
    """Let the last signs of life of folders that are silent be this folder's: its processes write over them.

    Dropped, they would take along since when nobody answered queries (`steps/outages.py`).
    """
    silent = sa.or_(beat.c.home == "", beat.c.at < now - SILENT)  # '': written before folders had marks
    gone = sa.and_(beat.c.node == new.name, beat.c.home != new.home, silent)
    own = sa.and_(beat.c.node == new.name, beat.c.home == new.home)
    known = connection.execute(sa.select(beat).where(sa.or_(gone, own)).order_by(beat.c.at))
    last = {row.process: row._asdict() for row in known}
    connection.execute(sa.delete(beat).where(gone))
    upsert(connection, beat, [{**one, "home": new.home} for one in last.values() if one["home"] != new.home])


def _now(connection: sa.Connection) -> datetime:
    found: datetime = connection.execute(_NOW[connection.dialect.name]).scalar_one()
    return found


def _read(row: Any, now: datetime) -> Node:
    return Node(**row._asdict(), silent=now - row.beat_at)
