"""Who asks and who is asked across institutions, for tests of consultations. Made up, every one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from gecit.core.access import Person, Role
from gecit.core.accounts import Account, person_of
from gecit.core.consultation import Addressee, Consultation, Entry, EntryKind, Measurement, Whom
from gecit.core.order import ExamKey
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.steps import consult
from gecit.steps.consult import Asking

from .flow import HOSPITAL, key
from .reading import NOW

AWAY = Institution(skrs="910009", name="Komşu Hastane", ownership="university", province="İzmir")
DAY = timedelta(days=1)
ASKER = Account(name="ayse", full_name="Ayşe Örnekçi", roles=(Role.RADIOLOGIST,), institution=HOSPITAL.skrs)
UZMAN = Account(name="uzman", full_name="Ulaş Kurgusal", roles=(Role.CONSULTANT,), institution=AWAY.skrs)
NORO = Account(name="noro", full_name="Nil Denemeci", roles=(Role.RADIOLOGIST,), institution=AWAY.skrs)
CERRAH = Account(name="cerrah", full_name="Cem Sınamacı", roles=(Role.CLINICIAN,), institution=HOSPITAL.skrs)
EVERYBODY = (ASKER, UZMAN, NORO, CERRAH)


def person(account: Account, **differs: Any) -> Person:
    return replace(person_of(account), **differs)


def admit(ledger: SqlLedger, *accounts: Account, at: datetime = NOW) -> None:
    """Record both institutions and the accounts."""
    for one in (HOSPITAL, AWAY):
        ledger.write(lambda tx, one=one: tx.record_institution(one, at))  # type: ignore[misc]
    for account in accounts or EVERYBODY:
        ledger.save_account(account, at)


def ask(
    ledger: SqlLedger, *accounts: Account, number: str = "c1", exam: ExamKey | None = None, **differs: Any
) -> Consultation:
    """Ask somebody for a day."""
    at: datetime = differs.pop("at", NOW)
    by: Person = differs.pop("by", person(ASKER))
    asked = accounts or (UZMAN,)
    to = Addressee(whom=Whom.PERSON if len(asked) == 1 else Whom.GROUP, name=asked[0].full_name)
    asking = Asking(
        number=number,
        key=exam or key(),
        to=to,
        accounts=asked,
        question="Lezyon hemanjiom mu?",
        until=at + DAY,
        name=by.name,
    )
    return ledger.write(lambda tx: consult.ask(tx, replace(asking, **differs), by, at))


def answer(ledger: SqlLedger, account: Account = UZMAN, text: str = "Hemanjiom.", **differs: Any) -> Consultation:
    """Answer with one measurement."""
    at: datetime = differs.pop("at", NOW)
    number: str = differs.pop("number", "c1")
    found = ledger.read(lambda tx: tx.consultation(number))
    entry = Entry(
        kind=EntryKind.ANSWER,
        by=account.name,
        at=at,
        text=text,
        name=account.full_name,
        employer=account.institution,
        measurements=(Measurement(name="Çap", value=21.5, unit="mm"),),
        signed="password",
    )
    seen = differs.pop("seen", len(found[1].thread) if found else 0)
    return ledger.write(lambda tx: consult.answer(tx, number, entry, person(account), seen, at))
