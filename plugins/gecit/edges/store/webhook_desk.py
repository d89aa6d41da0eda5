"""What a person does at a subscription to verdicts beside adding and ending it: pause, a new secret, its deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from gecit.core.events import WebhookChanged
from gecit.core.values import to_json
from gecit.core.webhooks import Subscription
from gecit.ports import Delivery, Transaction
from gecit.steps.announce import DESTINATION, PAUSED

from . import rows
from .ledger import SqlLedger
from .schema import outbox, webhook
from .transaction import SqlTransaction

What = Literal["paused", "resumed", "secret rotated"]


def change(ledger: SqlLedger, changed: Subscription, what: What, at: datetime, by: str) -> bool:
    """Keep a subscription as it is now; False where it has ended. Resumed, what was parked by the pause goes on."""

    def work(tx: Transaction) -> bool:
        assert isinstance(tx, SqlTransaction)  # noqa: S101
        standing = sa.and_(webhook.c.id == changed.id, webhook.c.ended_at.is_(None))
        kept = tx.execute(sa.update(webhook).where(standing).values(data=to_json(changed).decode()))
        if kept.rowcount != 1:
            return False
        if what == "resumed":
            paused = sa.and_(_of(changed.id), sa.text("state = 'parked'"), outbox.c.last_error.startswith(PAUSED))
            tx.execute(sa.update(outbox).where(paused).values(state=outbox.c.resume, next_at=at))
        tx.append(WebhookChanged(at=at, id=changed.id, institution=changed.institution, what=what, by=by))
        return True

    return ledger.write(work)


def deliveries(ledger: SqlLedger, number: str, limit: int) -> list[Delivery]:
    """Return a subscription's last deliveries, the newest first."""
    query = sa.select(outbox).where(_of(number)).order_by(outbox.c.id.desc()).limit(limit)
    with ledger.engine.connect() as connection:
        return [rows.read_delivery(row) for row in connection.execute(query)]


def retry(ledger: SqlLedger, number: str, delivery: int, now: datetime) -> bool:
    """Put a parked delivery of a subscription back into the queue; False where it is none of it, or not parked."""
    mine = sa.and_(outbox.c.id == delivery, _of(number), outbox.c.state == "parked")
    with ledger.engine.begin() as connection:
        again = sa.update(outbox).where(mine).values(state=outbox.c.resume, next_at=now)
        return connection.execute(again).rowcount == 1


def paused(one: Subscription, at: datetime | None) -> Subscription:
    """Return a subscription that is paused since an instant; None = it goes on."""
    return msgspec.structs.replace(one, paused_at=at)


def _of(number: str) -> sa.ColumnElement[bool]:
    # Said as the partial index says it, else it is not taken.
    return sa.and_(sa.text(f"destination = '{DESTINATION}'"), outbox.c.key.startswith(f"{number}:", autoescape=True))
