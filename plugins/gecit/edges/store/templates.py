"""Templates of institutions and persons, on the connection of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.templates import Owned
from gecit.core.values import to_json

from .schema import report_template
from .sql import upsert

_KEY = (report_template.c.owner, report_template.c.kind, report_template.c.macro)


def templates_of(connection: sa.Connection, owners: Sequence[str]) -> list[Owned]:
    """Return what some owners have, by owner, kind and macro."""
    query = sa.select(report_template.c.data).where(report_template.c.owner.in_(owners)).order_by(*_KEY)
    return [msgspec.json.decode(data, type=Owned) for data in connection.scalars(query)]


def keep_template(connection: sa.Connection, one: Owned, at: datetime) -> None:
    """Keep one in the place of the last one."""
    key = {"owner": one.owner, "kind": one.kind, "macro": one.macro}
    upsert(connection, report_template, [{**key, "changed_at": at, "data": to_json(one).decode()}])


def drop_template(connection: sa.Connection, owner: str, kind: str, macro: str) -> bool:
    """Forget one; False where there is none."""
    wanted = [column == value for column, value in zip(_KEY, (owner, kind, macro), strict=True)]
    return connection.execute(sa.delete(report_template).where(*wanted)).rowcount == 1
