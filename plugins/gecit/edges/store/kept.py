"""What a transaction keeps beside events: messages, deliveries, how far an index is taken in."""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from gecit.core.order import ExamKey
from gecit.ports import Institution, NewMessage, StoredMessage

from . import rows
from .foreseen import WITHOUT_RAW, Foreseen
from .schema import cursor, message, outbox
from .sql import upsert

# Made once: making it anew costs more than the row does, and a new exemption queues ten thousand.
_queue = {
    postgres: dialect.insert(outbox)
    .on_conflict_do_nothing(index_elements=["destination", "key"])
    .returning(outbox.c.id)
    for postgres, dialect in ((True, postgresql), (False, sqlite))
}


_ADD_MESSAGE = sa.insert(message)
_LAST_NUMBER = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'message'")
_NEXT_NUMBERS = sa.text(
    "SELECT nextval(pg_get_serial_sequence('message', 'id')) FROM generate_series(1, CAST(:count AS integer))"
)


def _message_row(number: int, new: NewMessage) -> dict[str, object]:
    values = msgspec.structs.asdict(new)
    values["sending_application"], values["sending_facility"] = values.pop("sender")
    return {"id": number, **values}


class Kept:
    """The part of `ports.Transaction` that writes its rows at once and folds nothing."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"
        self._foreseen = Foreseen(connection, self._institution_name)
        self._numbers: list[int] = []  # of messages to come
        self._added: dict[int, NewMessage] = {}  # messages that are not written yet

    def institutions(self) -> list[Institution]:
        """Return all institutions, by SKRS code."""
        raise NotImplementedError

    def _institution_name(self, skrs: str) -> str:
        return next((one.name for one in self.institutions() if one.skrs == skrs), "")

    # Messages

    def message_with(self, sender: tuple[str, str], control_id: str) -> list[StoredMessage]:
        """Return the messages of that sender and MSH-10, oldest first."""
        foreseen = self._foreseen.messages((sender, control_id))
        if foreseen is not None:
            return list(foreseen)
        self.flush_messages()
        query = sa.select(*WITHOUT_RAW).where(
            message.c.control_id == control_id,
            message.c.sending_application == sender[0],
            message.c.sending_facility == sender[1],
        )
        return [rows.read_message(row) for row in self._connection.execute(query.order_by(message.c.id))]

    def message(self, number: int) -> StoredMessage | None:
        """Return one message, raw bytes included."""
        self.flush_messages()
        row = self._connection.execute(sa.select(message).where(message.c.id == number)).first()
        return rows.read_message(row) if row else None

    def last_message(self) -> int:
        """Return the number of the newest message; 0 before the first."""
        self.flush_messages()
        return self._connection.scalar(sa.select(sa.func.max(message.c.id))) or 0

    def add_message(self, new: NewMessage) -> int:
        """Keep a frame and return its number."""
        if not self._numbers:
            self.reserve_messages(1)
        number = self._numbers.pop(0)
        self._keep_message(number, new)
        return number

    def answer_message(self, number: int, answer: bytes, code: str, *, transient: bool) -> None:
        """Keep what a message was answered."""
        if number in self._added:
            changed = msgspec.structs.replace(self._added[number], answer=answer, answer_code=code, transient=transient)
            self._keep_message(number, changed)
            return
        change = sa.update(message).where(message.c.id == number)
        self._connection.execute(change.values(answer=answer, answer_code=code, transient=transient))
        self._foreseen.message_changed(number)

    def reserve_messages(self, count: int) -> None:
        """Take the next numbers of messages at once; nobody else gets them."""
        if self._postgres:
            self._numbers += self._connection.scalars(_NEXT_NUMBERS, {"count": count})
        else:  # there is one writer, and the table counts on from the largest number that was ever written
            last = self._connection.scalar(_LAST_NUMBER) or 0
            first = max(last, *self._added, *self._numbers) + 1 if self._added or self._numbers else last + 1
            self._numbers += range(first, first + count)

    def flush_messages(self) -> None:
        """Write the messages that were added."""
        if self._added:
            added = [_message_row(number, one) for number, one in self._added.items()]
            self._added.clear()
            self._connection.execute(_ADD_MESSAGE, added)

    def _keep_message(self, number: int, new: NewMessage) -> None:
        self._added[number] = new
        self._foreseen.message_added(number, new)

    # Outbox

    def queue(
        self, destination: str, kind: str, key: str, exam: ExamKey, payload: bytes, at: datetime, node: str = ""
    ) -> bool:
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
            "node": node,
        }
        return self._connection.execute(_queue[self._postgres], values).first() is not None

    # Cursors

    def cursor(self, node: str) -> int | None:
        """Return the last change that was taken in."""
        return self._connection.scalar(sa.select(cursor.c.change).where(cursor.c.node == node))

    def move_cursor(self, node: str, to: int) -> None:
        """Record that all changes up to `to` are taken in."""
        upsert(self._connection, cursor, [{"node": node, "change": to}])
