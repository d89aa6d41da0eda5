"""A ledger that was put back from a backup: what it no longer knows is in doubt, and who was signed in is not."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gecit.core.events import LedgerRestored

from . import rows
from .base import Transactions
from .schema import account, beat, disclosure, download, event, export, node, outbox, session, share_link, token, visit
from .transaction import SqlTransaction

_NEWEST = sa.select(event.c.data).where(sa.text("kind = 'LedgerRestored'")).order_by(event.c.id.desc()).limit(1)
FORGOTTEN = (session, visit, beat, node, export, download)
"""Who was signed in may have signed out since; processes and nodes are others; files of exports are not in a backup."""
COME_BACK = (account, token, share_link, disclosure)
"""What may have been ended after the backup and stands again: somebody must look."""


class Restored(Transactions):
    """Implements `ports.restored.Restorable`."""

    def restored_at(self) -> datetime | None:
        """Return when this ledger was last put back from a backup."""
        with self._reading() as connection:
            data = connection.scalar(_NEWEST)
        return rows.read_event(data).at if data else None

    def mark_restored(self, happened: LedgerRestored) -> dict[str, int]:
        """Record it, and put all that is not done in doubt; return how many rows of what may be outdated stand again.

        A delivery that waited in the backup may have been carried out since: it is asked for before it is sent.
        """
        with self._begin() as connection:
            transaction = SqlTransaction(connection, writing=True)
            transaction.append(happened)
            transaction.flush()
            waiting = sa.update(outbox).where(outbox.c.state.in_(("queued", "leased")))
            connection.execute(waiting.values(state="unknown", leased_by="", next_at=happened.at))
            connection.execute(sa.update(outbox).where(sa.text("state <> 'done'")).values(resume="unknown"))
            for table in FORGOTTEN:
                connection.execute(sa.delete(table))
            counts = {one.name: connection.scalar(sa.select(sa.func.count()).select_from(one)) for one in COME_BACK}
        return {name: count or 0 for name, count in counts.items()}
