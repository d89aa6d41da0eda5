"""Fill in, when a row of the outbox is delivered, what was not known or not yet mended when it was queued."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from ..core.billing import Notification, read_notification
from ..core.exam import Exam
from ..core.medula_codes import NO_FACILITY
from ..core.order import RegisteredRow
from ..core.values import to_json
from ..ports import Clock, Delivery, Ledger, Refused

CODES_FOR = timedelta(seconds=2)
"""For how long the institutions' codes are remembered; one that is missing is looked up anew each time."""


class Completer:
    """Gives a payload the institution's MEDULA code as it is now, and the rows that MEDULA already holds."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._codes: dict[str, str] = {}
        self._read_at: datetime | None = None

    def complete(self, delivery: Delivery, exam: Exam | None) -> bytes:
        """Return what is to be sent; raises `Refused` where the institution has no MEDULA code."""
        try:
            content = read_notification(delivery.payload)
        except msgspec.MsgspecError:
            return delivery.payload  # whoever receives it says what is wrong with it
        code = self._code(content)
        if not code:
            raise Refused(NO_FACILITY, f"institution {content.institution_skrs} has no MEDULA code")
        rows = content.registered
        if exam is not None and exam.generation == content.generation:
            rows = exam.registered
        if (code, rows) == (content.institution_medula, content.registered):
            return delivery.payload
        return to_json(msgspec.structs.replace(content, institution_medula=code, registered=rows))

    def _code(self, content: Notification) -> str:
        """The code in force for what is told; what is withdrawn keeps the one it was told under."""
        if content.kind == "withdraw" and content.institution_medula:
            return content.institution_medula
        now = self._clock.now()
        known = self._codes.get(content.institution_skrs) or content.institution_medula
        if known and self._read_at is not None and now - self._read_at < CODES_FOR:
            return known
        found = self._ledger.read(lambda tx: tx.institutions())
        self._codes = {one.skrs: one.medula_code for one in found}
        self._read_at = now
        return self._codes.get(content.institution_skrs) or content.institution_medula


def with_rows(payload: bytes, rows: tuple[RegisteredRow, ...]) -> bytes:
    """Return a payload that names what MEDULA already holds."""
    return to_json(msgspec.structs.replace(read_notification(payload), registered=rows))
