"""What the pages of consultations are made of, and who may see one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from gecit.core.access import Action, Whose, may
from gecit.core.consultation import Consultation
from gecit.core.exam import Exam
from gecit.core.order import ExamKey
from gecit.core.values import ISTANBUL
from gecit.ports import Transaction
from gecit.ports.groups import Groups
from gecit.steps.consult import Tell
from gecit.steps.point_images import Pointer

from ..access import may_touch, person
from ..reading import ReadingRoom


class Consulting(NamedTuple):
    """The parts. `tell` queues a word to those concerned; `usual`: from asking until the deadline that is offered."""

    room: ReadingRoom
    groups: Groups
    pointer: Pointer
    tell: Tell
    usual: timedelta = timedelta(hours=24)

    def full_name(self, account: str) -> str:
        """Return what somebody is called."""
        found = self.room.accounts.account(account) if account else None
        return found.full_name or found.name if found else account

    def employers(self) -> Mapping[str, str]:
        """Return the names of the institutions, by SKRS code."""
        return {one.skrs: one.name for one in self.room.ledger.read(lambda tx: tx.institutions())}


class Seen(NamedTuple):
    """A consultation as somebody may see it. `whole`: with the exam's facts, images and report."""

    key: ExamKey
    consultation: Consultation
    exam: Exam
    asker: bool  # he asked it
    colleague: bool  # or could have: it is about an exam that he may report
    whole: bool


def seen(tx: Transaction, number: str, now: datetime) -> Seen | None:
    """Return a consultation for the person; None where he has nothing to do with it, or there is none.

    Who is asked sees the exam only while a disclosure of this consultation stands; afterwards what was asked of him and
    what he answered is left to him.
    """
    found = tx.consultation(number)
    exam = tx.exam(found[0]) if found else None
    if found is None or exam is None:
        return None
    key, one = found
    me = person()
    colleague = may_touch(Action.ASK_CONSULTATION, key.institution)
    asked = one.asked_as(me.name)
    mine = asked is not None and asked.employer == me.institution
    if not colleague and not mine:
        return None
    opened = mine and may(me, Action.ANSWER_CONSULTATION, Whose.DISCLOSED) and _stands(tx, one, me.name, now)
    asker = colleague and one.asker == me.name
    return Seen(key, one, exam, asker=asker, colleague=colleague, whole=colleague or opened)


def _stands(tx: Transaction, one: Consultation, account: str, now: datetime) -> bool:
    return any(each.account == account and each.stands(now) for each in tx.disclosures_for([one.id]))


def deadline(text: str) -> datetime | None:
    """Read what a browser's field of day and time gives, as time in Istanbul; None where it is none."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=ISTANBUL, second=0, microsecond=0)
    except ValueError:
        return None


def offered(at: datetime) -> str:
    """Return an instant as that field takes it."""
    return at.astimezone(ISTANBUL).strftime("%Y-%m-%dT%H:%M")
