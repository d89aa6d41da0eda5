"""Version signed here -> ORU^R01 to the hospital's HBYS, through the outbox; its acknowledgment -> event.

At least once, and each version always under the same MSH-10 and in the same bytes, so that a receiver can tell a
repetition. Versions of an exam are told in their order.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from ..core.events import Event, HospitalAnswered
from ..core.exam import Exam, ReceivedReport
from ..core.order import ExamKey
from ..core.values import Value, to_json
from ..ports import AnswerUnknown, Clock, Delivery, Institution, Ledger, Refused, Transaction, Unavailable
from ..ports.hospital import Hospital, HospitalSaid
from .breaker import Breaker, Circuit
from .deliver import RefusedWith

DESTINATION = "hbys"
KIND = "report"

Compose = Callable[[Exam, ReceivedReport, Institution, str], bytes]
"""Writes the ORU^R01 of a version for an institution under an MSH-10; equal arguments give equal bytes."""


class Telling(Value):
    """What is to be told; it names no patient. `version` counts accepted versions from 1."""

    version: int


def control_id(key: ExamKey, version: int) -> str:
    """Return the MSH-10 of a version: 20 characters (HL7 v2.3.1 2.24.1.10), the same whoever sends it and whenever."""
    digest = hashlib.sha256("\n".join(("gecit", key.institution, key.accession, str(version))).encode()).digest()
    return "G" + base64.b32encode(digest).decode()[:19]


def plan_telling(tx: Transaction, key: ExamKey, now: datetime) -> int:
    """Queue the newest version of an exam, which was signed in this transaction; return its number."""
    exam = tx.exam(key)
    version = len(exam.reports) if exam else 0
    tx.queue(DESTINATION, KIND, control_id(key, version), key, to_json(Telling(version=version)), now)
    return version


class Teller:
    """Carries out one outbox row. Each institution has its own circuit breaker: one that is down delays no other."""

    def __init__(
        self,
        ledger: Ledger,
        hospital: Hospital,
        compose: Compose,
        clock: Clock,
        breaker: Callable[[], Breaker] = Breaker,
    ) -> None:
        self._ledger = ledger
        self._hospital = hospital
        self._compose = compose
        self._clock = clock
        self._new_breaker = breaker
        self._breakers: dict[str, Breaker] = {}

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        """Tell and return the event; raises `Refused` (a person must look), `Unavailable` or `AnswerUnknown`."""
        number = msgspec.json.decode(delivery.payload, type=Telling).version
        exam, institution = self._ledger.read(lambda tx: _asked(tx, delivery.exam))
        if exam is None or not 0 < number <= len(exam.reports) or exam.reports[number - 1].signature is None:
            raise Refused("report-gone", f"{delivery.exam} has no version {number} that was signed here")
        if any(one.version == number and one.accepted for one in exam.hospital):
            return ()
        self._ask_whether_next(exam, number)
        if institution is None or institution.receiver is None:
            raise Refused(
                "no-receiver",
                "kurumun HL7 alıcısı kayıtlı değil: gecit institutions add --receiver / "
                "no HL7 receiver of the institution is on record: gecit institutions add --receiver",
            )
        return self._told(delivery, exam, number, institution)

    def _ask_whether_next(self, exam: Exam, number: int) -> None:
        answered = {one.version for one in exam.hospital}
        before = (one for one in range(1, number) if exam.reports[one - 1].signature and one not in answered)
        if first := next(before, 0):
            raise Unavailable(f"version {first} is to be told first")

    def _told(self, delivery: Delivery, exam: Exam, number: int, institution: Institution) -> Sequence[Event]:
        key = control_id(exam.key, number)
        message = self._compose(exam, exam.reports[number - 1], institution, key)
        said = self._through_breaker(institution, lambda: self._hospital.tell(institution, message, key))
        event = HospitalAnswered(
            at=self._clock.now(),
            exam=exam.key,
            version=number,
            accepted=said.accepted,
            code=said.code,
            message=said.text[:500],
        )
        if said.accepted:
            return (event,)
        raise RefusedWith(said.code, said.text, (event,))

    def _through_breaker(self, institution: Institution, tell: Callable[[], HospitalSaid]) -> HospitalSaid:
        breaker = self._breakers.setdefault(institution.skrs, self._new_breaker())
        if breaker.state(self._clock.now()) is Circuit.OPEN:
            raise Unavailable(f"the HBYS of {institution.skrs} is left alone for a while")
        try:
            said = tell()
        except (AnswerUnknown, Unavailable):
            breaker.failed(self._clock.now())
            raise
        breaker.succeeded()
        return said


def never_opens() -> Breaker:
    """Return the breaker of the destination as a whole: each institution has its own."""
    return Breaker(failures=1 << 30, rest=timedelta(0))


def _asked(tx: Transaction, key: ExamKey) -> tuple[Exam | None, Institution | None]:
    return tx.exam(key), next((one for one in tx.institutions() if one.skrs == key.institution), None)
