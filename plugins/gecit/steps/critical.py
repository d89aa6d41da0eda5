"""A critical finding -> the hospital's physicians, at once; their reading of it -> a receipt.

Marking and telling are one transaction: a row of the outbox for the mail, the list of the pages by the event itself.
The mail names no patient and no exam: it holds a link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from ..core.access import Action, Person, may_with
from ..core.critical import LONGEST, Act, Critical, Way, after
from ..core.events import CriticalConfirmed, CriticalMarked, CriticalTakenBack, Event
from ..core.exam import Exam
from ..core.order import ExamKey
from ..core.values import Text, Value, to_json
from ..core.webhooks import message_id
from ..ports import Accounts, Delivery, Ledger, Mailer, Transaction
from .read_exam import exam_for, mine

DESTINATION = "critical"
KIND = "e-mail"
PAGE = "/gecit/critical"


class CriticalFault(StrEnum):
    """Why it cannot be done."""

    NO_TEXT = "no text"
    TOO_LONG = "too long"
    NOT_MARKED = "not marked"
    CHANGED = "changed"
    OWN_MARK = "own mark"
    NO_WHOM = "no whom"
    NOT_ALLOWED = "not allowed"


CRITICAL_FAULTS: Mapping[CriticalFault, Text] = {
    CriticalFault.NO_TEXT: Text(
        tr="Kritik bulgunun ne olduğunu yazın; hastaneye o metin gösterilir.",
        en="Write what the critical finding is; that text is what the hospital is shown.",
    ),
    CriticalFault.TOO_LONG: Text(
        tr=f"Kritik bulgu en çok {LONGEST} karakter olabilir; ayrıntı rapora yazılır.",
        en=f"A critical finding can have {LONGEST} characters at the most; details belong into the report.",
    ),
    CriticalFault.NOT_MARKED: Text(
        tr="Bu tetkikte işaretli bir kritik bulgu yok.", en="This exam has no critical finding that is marked."
    ),
    CriticalFault.CHANGED: Text(
        tr="Bildirim bu arada değişti. Yeni hâlini okuyup öyle onaylayın.",
        en="It was changed meanwhile. Read it as it stands now, then confirm.",
    ),
    CriticalFault.OWN_MARK: Text(
        tr="Kendi bildiriminizi onaylayamazsınız; hastaneden biri okumalı ya da telefonla kime bildirdiğinizi yazın.",
        en="You cannot confirm your own mark; somebody at the hospital has to, or write whom you told by telephone.",
    ),
    CriticalFault.NO_WHOM: Text(
        tr="Telefonla kime bildirdiğinizi yazın (ad, görev).", en="Write whom you told by telephone (name, duty)."
    ),
    CriticalFault.NOT_ALLOWED: Text(
        tr="Böyle bir tetkik yok ya da sizin kurumunuzun değil.",
        en="There is no such exam, or it is not of your institution.",
    ),
}


class CriticalRefused(Exception):
    """It cannot be done; `text` says why in both languages."""

    def __init__(self, fault: CriticalFault) -> None:
        super().__init__(fault.value)
        self.fault = fault

    @property
    def text(self) -> Text:
        """What the person is told."""
        return CRITICAL_FAULTS[self.fault]


class Told(Value):
    """What the mail is about; it names no patient."""

    number: int


def mark(tx: Transaction, key: ExamKey, person: Person, text: str, now: datetime) -> Critical:
    """Mark a critical finding of an exam that the person is reading; the same text again changes nothing."""
    exam = exam_for(tx, key, person)
    mine(exam, person)
    return _marked(tx, exam, person.name, _fit(text), now)


def mark_signed(tx: Transaction, exam: Exam, text: str, by: str, now: datetime) -> None:
    """Mark what a version says that is being signed in this transaction; nothing where it says nothing."""
    if text:
        _marked(tx, exam, by, _fit(text), now)


def take_back(tx: Transaction, key: ExamKey, person: Person, reason: str, now: datetime) -> None:
    """Take a mark back, and tell that; by who has the exam to read, add to or correct."""
    exam = exam_for(tx, key, person)
    mine(exam, person)
    if after(exam.critical, Act.TAKE_BACK) is None:
        raise CriticalRefused(CriticalFault.NOT_MARKED)
    tx.append(CriticalTakenBack(at=now, exam=key, by=person.name, reason=reason.strip()[:LONGEST]))
    _tell(tx, key, now)


def confirm(tx: Transaction, key: ExamKey, person: Person, number: int, now: datetime) -> Critical:
    """Record that the person has read it as it stood under `number`; raises `CriticalRefused`."""
    exam = tx.exam(key)
    if exam is None or not may_with(person, Action.CONFIRM_CRITICAL, (key.institution,)):
        raise CriticalRefused(CriticalFault.NOT_ALLOWED)
    critical = _standing(exam, number)
    if critical.by == person.name:
        raise CriticalRefused(CriticalFault.OWN_MARK)
    if any(one.by == person.name for one in critical.receipts):
        return critical
    return _receive(
        tx, key, CriticalConfirmed(at=now, exam=key, number=number, by=person.name, employer=person.institution)
    )


def telephoned(tx: Transaction, key: ExamKey, person: Person, number: int, whom: str, now: datetime) -> Critical:
    """Record whom at the hospital the author told by telephone; it is written as said by the author."""
    exam = exam_for(tx, key, person)
    critical = _standing(exam, number)
    if critical.by != person.name:
        raise CriticalRefused(CriticalFault.NOT_ALLOWED)
    if not whom.strip():
        raise CriticalRefused(CriticalFault.NO_WHOM)
    event = CriticalConfirmed(
        at=now, exam=key, number=number, by=person.name, way=Way.TELEPHONE, whom=whom.strip()[:200],
        employer=person.institution,
    )  # fmt: skip
    return _receive(tx, key, event)


def _fit(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise CriticalRefused(CriticalFault.NO_TEXT)
    if len(stripped) > LONGEST:
        raise CriticalRefused(CriticalFault.TOO_LONG)
    return stripped


def _marked(tx: Transaction, exam: Exam, by: str, text: str, now: datetime) -> Critical:
    if exam.critical and exam.critical.stands and exam.critical.text == text:
        return exam.critical
    tx.append(CriticalMarked(at=now, exam=exam.key, text=text, by=by))
    return _tell(tx, exam.key, now)


def _standing(exam: Exam, number: int) -> Critical:
    if after(exam.critical, Act.CONFIRM) is None or exam.critical is None:
        raise CriticalRefused(CriticalFault.NOT_MARKED)
    if exam.critical.number != number:
        raise CriticalRefused(CriticalFault.CHANGED)
    return exam.critical


def _receive(tx: Transaction, key: ExamKey, event: CriticalConfirmed) -> Critical:
    tx.append(event)
    return _now(tx, key)


def _tell(tx: Transaction, key: ExamKey, now: datetime) -> Critical:
    critical = _now(tx, key)
    row = f"{key.institution}/{key.accession}:{critical.number}"
    tx.queue(DESTINATION, KIND, row, key, to_json(Told(number=critical.number)), now)
    return critical


def _now(tx: Transaction, key: ExamKey) -> Critical:
    exam = tx.exam(key)
    found = exam.critical if exam else None
    assert found is not None  # noqa: S101 -- an event of this transaction made it
    return found


class CriticalTeller:
    """Carries out one outbox row: a mail to who is on record for the institution, and to the ordering physician.

    `addresses`: SKRS code -> the addresses that the site configured; `mailer` makes what sends to some addresses, None
    = no mail is sent, and the pages alone tell. `url` is where browsers reach this installation.
    """

    def __init__(
        self,
        ledger: Ledger,
        accounts: Accounts,
        addresses: Mapping[str, tuple[str, ...]],
        mailer: Callable[[tuple[str, ...]], Mailer] | None,
        url: str,
    ) -> None:
        self._ledger, self._accounts, self._addresses = ledger, accounts, addresses
        self._mailer, self._url = mailer, url

    def __call__(self, delivery: Delivery) -> Sequence[Event]:
        """Send; nothing where it was read meanwhile or nobody is to get it. Raises as `Mailer.send` does."""
        number = msgspec.json.decode(delivery.payload, type=Told).number
        exam = self._ledger.read(lambda tx: tx.exam(delivery.exam))
        critical = exam.critical if exam else None
        if self._mailer is None or exam is None or critical is None or critical.number != number or not critical.waits:
            return ()
        to = self._to(exam)
        if to:
            subject, text = wording(critical, self._url)
            self._mailer(to).send(subject, text, message_id(f"{DESTINATION}:{delivery.key}"))
        return ()

    def _to(self, exam: Exam) -> tuple[str, ...]:
        number = exam.order.physician.identifier if exam.order else ""
        account = self._accounts.account_of_tckn(number) if number else None
        own = (account.email,) if account and account.email and not account.disabled else ()
        return tuple(dict.fromkeys((*self._addresses.get(exam.key.institution, ()), *own)))


def wording(critical: Critical, url: str) -> tuple[str, str]:
    """Return subject and text of the mail, Turkish first; no patient, no exam, no finding."""
    place = f"{url.rstrip('/')}{PAGE}"
    if critical.stands:
        subject = "[Geçit] kritik bulgu / critical finding"
        tr, en = (
            "Kurumunuzun bir tetkikinde kritik bulgu bildirildi.",
            "A critical finding was marked in an exam of yours.",
        )
    else:
        subject = "[Geçit] kritik bulgu geri alındı / critical finding taken back"
        tr, en = "Bildirilmiş bir kritik bulgu geri alındı.", "A critical finding that you were told of was taken back."
    ask = "Okuyun ve okuduğunuzu bildirin", "Read it and confirm that you did"
    return subject, f"{tr} {ask[0]}: {place}\n\n{en} {ask[1]}: {place}\n"
