"""Every activation of a rulebook, and what judging anew made of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gecit.core.events import Rejudged, RulebookActivated
from gecit.core.values import Value

from . import rows
from .base import Transactions
from .schema import event

SHOWN = 200


class Activation(Value):
    """One of them; `rejudged` None = not done, or overtaken by a later revision."""

    activated: RulebookActivated
    rejudged: Rejudged | None = None


def history(ledger: Transactions, limit: int = SHOWN) -> list[Activation]:
    """Return the last activations, the newest first."""
    found: list[Activation] = []
    later: list[Rejudged] = []
    with ledger.engine.connect() as connection:
        numbered = [
            (row[0], rows.read_event(row[1]))
            for kind in (RulebookActivated, Rejudged)
            for row in connection.execute(_newest(kind.__name__, limit))
        ]
    for _, one in sorted(numbered, key=lambda pair: -pair[0]):
        if isinstance(one, Rejudged):
            later.append(one)
        elif isinstance(one, RulebookActivated):
            done = next((other for other in reversed(later) if other.revision == one.revision), None)
            found.append(Activation(activated=one, rejudged=done))
            later.clear()
    return found


def _newest(kind: str, limit: int) -> sa.Select[Any]:
    # As literal text, so that SQLite takes the partial index; the kind is the name of one of our own classes.
    return (
        sa.select(event.c.id, event.c.data).where(sa.text(f"kind = '{kind}'")).order_by(event.c.id.desc()).limit(limit)
    )
