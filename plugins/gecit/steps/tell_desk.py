"""A citizen's request for a missing exam -> outbox -> the institution's patient-rights desk, by mail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from ..core.events import Event
from ..core.order import ExamKey
from ..core.patient_requests import OPEN, PatientRequest
from ..core.values import Value, local, to_json
from ..core.webhooks import message_id
from ..ports import Delivery, Mailer, Transaction
from ..ports.citizens import Citizens
from .deliver import Handler

DESTINATION = "alert"
"""Delivered by the same courier as alerts."""

MAIL = "patient-request-e-mail"
PAGE = "/gecit/patient-desk"
Tell = Callable[[Transaction, PatientRequest, datetime], None]


class Asked(Value):
    """What is delivered; it names no patient."""

    request: str  # its id


def teller(institutions: Collection[str]) -> Tell:
    """Return what queues the mail of a new request; `institutions` (SKRS codes) have an address on record."""

    def tell(tx: Transaction, one: PatientRequest, now: datetime) -> None:
        if one.institution in institutions:
            nobody = ExamKey(institution=one.institution, accession="")
            tx.queue(DESTINATION, MAIL, f"patient-request:{one.id}", nobody, to_json(Asked(request=one.id)), now)

    return tell


def handlers(
    requests: Citizens,
    mailer: Callable[[tuple[str, ...]], Mailer] | None,
    addresses: Mapping[str, tuple[str, ...]],
    url: str,
) -> Mapping[str, Handler]:
    """Return what the courier calls. `addresses`: by SKRS code; `url`: where browsers reach this installation."""

    def mail(delivery: Delivery) -> Sequence[Event]:
        one = requests.request(msgspec.json.decode(delivery.payload, type=Asked).request)
        to = addresses.get(one.institution, ()) if one else ()
        if mailer is None or one is None or one.state not in OPEN or not to:
            return ()  # taken back or answered meanwhile, or nobody to write to any more
        subject, text = wording(one, url)
        mailer(to).send(subject, text, message_id(delivery.key))
        return ()

    return {MAIL: mail} if mailer else {}


def wording(one: PatientRequest, url: str) -> tuple[str, str]:
    """Return subject and text of the mail, Turkish first; nothing of a patient, and nothing that he wrote."""
    place, day = f"{url.rstrip('/')}{PAGE}/{one.id}", f"{local(one.due_at):%d.%m.%Y}"
    return (
        "[Geçit] eksik tetkik isteği / request for a missing exam",
        f"Kurumunuzdan eksik bir tetkik istendi. Son yanıt günü: {day}. İsteği okuyup yanıtlayın: {place}\n\n"
        f"Your institution was asked for a missing exam. To be answered by {day}. Read and answer it: {place}\n",
    )
