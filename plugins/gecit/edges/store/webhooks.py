"""Subscriptions to verdicts, on the connection of a transaction."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from gecit.core.events import WebhookChanged
from gecit.core.values import to_json
from gecit.core.webhooks import Subscription

from .schema import outbox, webhook

_IN_FORCE = sa.select(webhook.c.data).where(webhook.c.ended_at.is_(None)).order_by(webhook.c.created_at, webhook.c.id)
REMOVED = "subscription-removed"


def in_force(connection: sa.Connection) -> list[Subscription]:
    """Return the subscriptions in force."""
    return [msgspec.json.decode(data, type=Subscription) for data in connection.scalars(_IN_FORCE)]


def add(connection: sa.Connection, new: Subscription) -> WebhookChanged:
    """Write a subscription and return its event."""
    values = {"id": new.id, "institution": new.institution, "created_at": new.created_at, "ended_at": None}
    connection.execute(sa.insert(webhook).values(**values, data=to_json(new).decode()))
    return WebhookChanged(at=new.created_at, id=new.id, institution=new.institution, what="added", by=new.by)


def remove(connection: sa.Connection, number: str, at: datetime, by: str) -> WebhookChanged | None:
    """End a subscription, forget its secret, and end what waits for it; None where there is none."""
    mine = sa.and_(webhook.c.id == number, webhook.c.ended_at.is_(None))
    data = connection.scalar(sa.select(webhook.c.data).where(mine))
    if data is None:
        return None
    ended = msgspec.structs.replace(msgspec.json.decode(data, type=Subscription), secret="")
    connection.execute(sa.update(webhook).where(mine).values(ended_at=at, data=to_json(ended).decode()))
    waiting = sa.and_(
        outbox.c.destination == "webhook",
        outbox.c.state.in_(("queued", "unknown", "parked")),
        outbox.c.key.startswith(f"{number}:", autoescape=True),
    )
    connection.execute(sa.update(outbox).where(waiting).values(state="done", last_error=REMOVED))
    return WebhookChanged(at=at, id=number, institution=ended.institution, what="removed", by=by)
