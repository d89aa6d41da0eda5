"""What a transaction keeps beside events: messages, deliveries, how far an index is taken in."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gecit.core.order import ExamKey
from gecit.ports import NewMessage, StoredMessage

from . import rows
from .schema import cursor, message, outbox
from .sql import upsert

_without_raw = [column for column in message.c if column.name != "raw"]

# Made once: making it anew costs more than the row does, and a new exemption queues ten thousand.
_queue = {
    postgres: dialect.insert(outbox)
    .on_conflict_do_nothing(index_elements=["destination", "key"])
    .returning(outbox.c.id)
    for postgres, dialect in ((True, postgresql), (False, sqlite))
}


class Kept:
    """The part of `ports.Transaction` that writes its rows at once and folds nothing."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"

    # Messages

    def message_with(self, sender: tuple[str, str], control_id: str) -> list[StoredMessage]:
        """Return the messages of that sender and MSH-10, oldest first."""
        query = sa.select(*_without_raw).where(
            message.c.control_id == control_id,
            message.c.sending_application == sender[0],
            message.c.sending_facility == sender[1],
        )
        return [rows.read_message(row) for row in self._connection.execute(query.order_by(message.c.id))]

    def message(self, number: int) -> StoredMessage | None:
        """Return one message, raw bytes included."""
        row = self._connection.execute(sa.select(message).where(message.c.id == number)).first()
        return rows.read_message(row) if row else None

    def add_message(self, new: NewMessage) -> int:
        """Keep a frame and return its number."""
        values = msgspec.structs.asdict(new)
        values["sending_application"], values["sending_facility"] = values.pop("sender")
        added = sa.insert(message).values(values).returning(message.c.id)
        return int(self._connection.execute(added).scalar_one())

    def answer_message(self, number: int, answer: bytes, code: str, *, transient: bool) -> None:
        """Keep what a message was answered."""
        change = sa.update(message).where(message.c.id == number)
        self._connection.execute(change.values(answer=answer, answer_code=code, transient=transient))

    # Outbox

    def queue(self, destination: str, kind: str, key: str, exam: ExamKey, payload: bytes, at: datetime) -> bool:
        """Put a delivery into the outbox; False where its key stands there already."""
        values = {
            "destination": destination,
            "kind": kind,
            "key": key,
            "institution": exam.institution,
            "accession": exam.accession,
            "payload": payload,
            "state": "queued",
            "resume": "queued",
            "attempts": 0,
            "next_at": at,
            "created_at": at,
            "leased_by": "",
            "last_error": "",
        }
        return self._connection.execute(_queue[self._postgres], values).first() is not None

    # Cursors

    def cursor(self, node: str) -> int | None:
        """Return the last change that was taken in."""
        return self._connection.scalar(sa.select(cursor.c.change).where(cursor.c.node == node))

    def move_cursor(self, node: str, to: int) -> None:
        """Record that all changes up to `to` are taken in."""
        upsert(self._connection, cursor, [{"node": node, "change": to}])
