"""Fill in, when a row of the outbox is delivered, what was not known or not yet mended when it was queued."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from ..core.billing import Notification, read_notification
from ..core.events import NotificationAddressed
from ..core.exam import Billing, Exam
from ..core.medula_codes import NO_FACILITY
from ..core.order import RegisteredRow
from ..core.values import to_json
from ..ports import Clock, Delivery, Ledger, Refused, Transaction, Unavailable
from .deliver import doubtful

CODES_FOR = timedelta(seconds=2)
"""For how long the institutions' codes are remembered; one that is missing is looked up anew each time."""


class Completer:
    """Gives a payload the MEDULA code that it is told under, and the rows that MEDULA already holds.

    That is the institution's code as it is now, while nothing can have been sent. From the first try on it is the one
    on record of the exam: asked or told under another code, MEDULA would answer for another institution.
    """

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
        told = exam if exam is not None and exam.generation == content.generation else None
        code = self._code(delivery, content, told)
        if not code:
            raise Refused(NO_FACILITY, f"institution {content.institution_skrs} has no MEDULA code")
        if told is not None and content.kind == "notify" and code != told.institution_medula:
            self._record(told, code)
        rows = content.registered if told is None else told.registered
        if (code, rows) == (content.institution_medula, content.registered):
            return delivery.payload
        return to_json(msgspec.structs.replace(content, institution_medula=code, registered=rows))

    def _code(self, delivery: Delivery, content: Notification, told: Exam | None) -> str:
        """The code on record, where MEDULA may know of it; else the one in force."""
        recorded = (told.institution_medula if told is not None else "") or content.institution_medula
        if recorded and (content.kind == "withdraw" or _may_stand(delivery, told)):
            return recorded
        return self._in_force(content.institution_skrs, recorded)

    def _in_force(self, skrs: str, recorded: str) -> str:
        """The institution's code; what is remembered will do only where it is the one on record."""
        now = self._clock.now()
        fresh = self._read_at is not None and now - self._read_at < CODES_FOR
        if recorded and fresh and (self._codes.get(skrs) or recorded) == recorded:
            return recorded
        found = self._ledger.read(lambda tx: tx.institutions())
        self._codes = {one.skrs: one.medula_code for one in found}
        self._read_at = now
        return self._codes.get(skrs) or recorded

    def _record(self, told: Exam, code: str) -> None:
        """Write down, before anything is sent, which code it goes out under: a try may end without an answer."""
        addressed = NotificationAddressed(
            at=self._clock.now(), exam=told.key, generation=told.generation, institution_medula=code
        )

        def work(tx: Transaction) -> None:
            now = tx.exam(told.key)
            if now is None or _told(now) != _told(told):
                raise Unavailable("somebody else delivers it meanwhile")
            tx.append(addressed)

        self._ledger.write(work)


def _told(exam: Exam) -> tuple[int, Billing, str]:
    return exam.generation, exam.billing, exam.institution_medula


def _may_stand(delivery: Delivery, told: Exam | None) -> bool:
    """Whether MEDULA may hold something of it: an answer was lost, or a part was registered."""
    if doubtful(delivery) or told is None:
        return doubtful(delivery)
    return bool(told.registered) or told.billing not in (Billing.QUEUED, Billing.REFUSED)


def with_rows(payload: bytes, rows: tuple[RegisteredRow, ...]) -> bytes:
    """Return a payload that names what MEDULA already holds."""
    return to_json(msgspec.structs.replace(read_notification(payload), registered=rows))
