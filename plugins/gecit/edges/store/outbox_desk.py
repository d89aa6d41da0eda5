"""What a person does at the outbox: look at one delivery, park it, put parked ones back."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from gecit.ports import Delivery

from . import rows
from .ledger import SqlLedger
from .schema import outbox


def delivery(ledger: SqlLedger, number: int) -> Delivery | None:
    """Return one delivery."""
    with ledger.engine.connect() as connection:
        row = connection.execute(sa.select(outbox).where(outbox.c.id == number)).first()
    return rows.read_delivery(row) if row else None


def park(ledger: SqlLedger, number: int, error: str) -> bool:
    """Park a delivery that waits; False where it is on its way, parked or done. One in doubt is asked for later."""
    waiting = outbox.c.state.in_(("queued", "unknown"))
    change = sa.update(outbox).where(outbox.c.id == number, waiting)
    with ledger.engine.begin() as connection:
        return connection.execute(change.values(state="parked", resume=outbox.c.state, last_error=error)).rowcount == 1


def parked_with(ledger: SqlLedger, code: str) -> Sequence[int]:
    """Return the numbers of parked deliveries whose error begins with a code."""
    named = sa.or_(outbox.c.last_error == code, outbox.c.last_error.startswith(f"{code} ", autoescape=True))
    query = sa.select(outbox.c.id).where(sa.text("state = 'parked'"), named).order_by(outbox.c.id)
    with ledger.engine.connect() as connection:
        return list(connection.scalars(query))
