"""Sharing (paylaşma): what a patient opens of the own exams, to a physician, to an institution's physicians, by a link.

What is opened is a disclosure (`core/disclosures.py`). A link's disclosure is to an account that nobody can have: its
name holds a colon (`accounts.NAME`), and whoever shows link and code stands at the doors as that account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from .disclosures import Disclosure
from .exam import Exam
from .identifiers import is_tckn
from .order import ExamKey
from .report import FINAL
from .values import ISTANBUL, Text, Value

MOST_STANDING = 50
"""Consents of one patient that stand at once, links left out; more would only crowd out what others opened."""


class Fault(StrEnum):
    """Why something cannot be shared as it was asked."""

    RECEIVER = "receiver"
    OWN_NUMBER = "own number"
    INSTITUTION = "institution"
    EXAMS = "exams"
    DAYS = "days"
    PAST = "past"
    ADDRESS = "address"
    NO_CHANNEL = "no channel"
    TOO_MANY = "too many"
    MANY_STANDING = "many standing"


WORDS: Mapping[Fault, Text] = {
    Fault.RECEIVER: Text(
        tr="Hekimin T.C. kimlik numarasını (11 hane) yazın ya da bir kurum seçin; ikisini birden değil.",
        en="Write the physician's TCKN (eleven digits) or choose an institution, not both.",
    ),
    Fault.OWN_NUMBER: Text(tr="Bu sizin numaranız.", en="That is your own number."),
    Fault.INSTITUTION: Text(tr="Böyle bir kurum kayıtlı değil.", en="There is no such institution on record."),
    Fault.EXAMS: Text(tr="En az bir tetkik seçin.", en="Choose at least one exam."),
    Fault.DAYS: Text(
        tr="Başlangıç ve bitiş günlerini yazın; bitiş başlangıçtan önce olamaz.",
        en="Write first and last day; the last one cannot lie before the first.",
    ),
    Fault.PAST: Text(tr="Bitiş günü geçmiş.", en="The last day is over."),
    Fault.ADDRESS: Text(
        tr="Kodun gideceği e-posta adresini ya da telefonu (+90...) denetleyin.",
        en="Check the e-mail address or telephone number (+90...) that the code goes to.",
    ),
    Fault.NO_CHANNEL: Text(
        tr="Bu kurulum kod gönderemiyor; yönetici Sharing ayarlarını yapmalı.",
        en="This installation sends no codes; the administrator must set Sharing up.",
    ),
    Fault.TOO_MANY: Text(
        tr="Bugün çok fazla bağlantı yaptınız; yarın yeniden deneyin.",
        en="You made too many links today; try again tomorrow.",
    ),
    Fault.MANY_STANDING: Text(
        tr=f"Aynı anda en çok {MOST_STANDING} paylaşım açık kalabilir; yenisi için birini kaldırın.",
        en=f"{MOST_STANDING} consents can stand at once; end one for another.",
    ),
}


def stretch(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the beginning of the first day and the end (exclusive) of the last one, in Europe/Istanbul."""
    return (
        datetime.combine(first, time(), ISTANBUL),
        datetime.combine(last + timedelta(days=1), time(), ISTANBUL),
    )


def faults_of(asked: Disclosure, own: frozenset[ExamKey], institutions: frozenset[str], now: datetime) -> list[Fault]:
    """Say what keeps a patient from opening this; `own`: the patient's exams, `institutions`: SKRS codes on record.

    Whether anybody has a TCKN here is not looked at: the answer would tell.
    """
    found = []
    named = [one for one in (asked.tckn, asked.institution, asked.account) if one]
    if len(named) != 1 or (asked.tckn and not is_tckn(asked.tckn)):
        found.append(Fault.RECEIVER)
    if asked.tckn and asked.tckn == asked.patient:
        found.append(Fault.OWN_NUMBER)
    if asked.institution and asked.institution not in institutions:
        found.append(Fault.INSTITUTION)
    if any(one not in own for one in asked.exams):
        found.append(Fault.EXAMS)
    if asked.until <= now:
        found.append(Fault.PAST)
    elif asked.until <= asked.since:
        found.append(Fault.DAYS)
    return found


def shown_versions(exam: Exam) -> tuple[int, ...]:
    """Return the versions of the report that others are shown, from 1: the final one in force with its addenda."""
    standing = exam.standing
    if not standing.report or exam.reports[standing.report - 1].report.status not in FINAL:
        return ()
    return standing.numbers


class State(StrEnum):
    """How something shared stands."""

    STANDS = "stands"
    LATER = "later"
    OVER = "over"
    ENDED = "ended"


def state_of(one: Disclosure, now: datetime) -> State:
    """Return how a disclosure stands at an instant."""
    if one.ended_at is not None and one.ended_at <= now:
        return State.ENDED
    if one.stands(now):
        return State.STANDS
    return State.LATER if now < one.since else State.OVER


class Use(Value):
    """When what was shared was last opened, and by whom."""

    at: datetime
    who: str
