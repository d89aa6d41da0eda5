"""The lease of an index's follower: a row beside the signs of life, since it is one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gecit.core.values import to_json

from .base import Transactions
from .schema import beat

PROCESS = "follower"
"""Stands in place of a process's name; in place of a node's stands the index."""


class Followed(Transactions):
    """Implements `ports.following.Following`."""

    def may_follow(self, index: str, who: str, lease: timedelta) -> bool:
        """Take or keep the lease; False where another has it."""
        with self._begin() as connection:
            on_postgresql = connection.dialect.name == "postgresql"
            now: Any = connection.scalar(sa.select(sa.func.now())) if on_postgresql else datetime.now(UTC)
            mine = {"pid": os.getpid(), "at": now, "detail": to_json({"who": who}).decode()}
            insert = postgresql.insert if on_postgresql else sqlite.insert
            over = sa.or_(beat.c.at < now - lease, beat.c.at > now + lease)  # of a clock that was set back since
            kept = sa.or_(beat.c.detail == mine["detail"], over)
            statement = insert(beat).values(node=index, home="", process=PROCESS, **mine)
            keys = [beat.c.node, beat.c.home, beat.c.process]
            taken = statement.on_conflict_do_update(index_elements=keys, set_=mine, where=kept)
            return connection.execute(taken.returning(beat.c.pid)).first() is not None
