"""A ledger that was put back from a backup: what it no longer knows is in doubt, and who was signed in is not."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gecit.core.events import LedgerRestored

from . import rows
from .base import Transactions
from .schema import (
    account,
    audit_chain,
    beat,
    disclosure,
    download,
    export,
    node,
    outbox,
    session,
    share_link,
    token,
    visit,
)
from .transaction import NEWEST_RESTORE, SqlTransaction

FORGOTTEN = (session, visit, beat, node, export, download)
"""Who was signed in may have signed out since; processes and nodes are others; files of exports are not in a backup."""
COME_BACK = (account, token, share_link, disclosure)
"""What may have been ended after the backup and stands again: somebody must look."""


class Restored(Transactions):
    """Implements `ports.restored.Restorable`."""

    def restored_at(self) -> datetime | None:
        """Return when this ledger was last put back from a backup."""
        with self._reading() as connection:
            found = connection.execute(NEWEST_RESTORE).first()
        return rows.read_event(found.data).at if found else None

    def name_heads_anew(self) -> None:
        """Have the next anchor name where every chain stands: those of before are of a key that was lost."""
        with self._begin() as connection:
            connection.execute(sa.update(audit_chain).values(anchored=0))

    def mark_restored(self, happened: LedgerRestored) -> dict[str, int]:
        """Record it, and put all that is not done in doubt; return how many rows of what may be outdated stand again.

        A delivery that waited in the backup may have been carried out since: it is asked for before it is sent.
        """
        with self._begin(folding=True) as connection:
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
