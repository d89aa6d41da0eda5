"""Rows of groups, on the connection of a transaction."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from gecit.core.groups import Group
from gecit.core.values import to_json

from .schema import reader_group
from .sql import upsert

_ALL = sa.select(reader_group.c.data).order_by(reader_group.c.id)


def all_groups(connection: sa.Connection) -> list[Group]:
    """Return all groups, by name."""
    found = [msgspec.json.decode(data, type=Group) for data in connection.scalars(_ALL)]
    return sorted(found, key=lambda one: (one.name, one.id))


def keep_group(connection: sa.Connection, group: Group) -> None:
    """Write a group as it stands."""
    upsert(connection, reader_group, [{"id": group.id, "data": to_json(group).decode()}])
