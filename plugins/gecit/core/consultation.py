"""Teleconsultation (telekonsültasyon): one exam, one question, who is asked, and what they answer. One table.

asked -> accepted -> answered -> closed                 the common way
answered -> asked again -> answered                     a follow-up
asked | accepted -> declined | withdrawn | expired      without an answer
expired -> asked | closed                               its asker gives it more time, or lets it be

Whoever is asked sees the exam by a disclosure (`core/disclosures.py`) that stands for as long as `open_to` names him.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from .values import Value

LONGEST_TEXT = 4_000
"""Characters of a question, a follow-up or an answer."""

LONGEST = timedelta(days=30)
"""From asking until the deadline."""

SHORTEST = timedelta(minutes=5)
MOST_ASKED = 50  # physicians of a group
MOST_IMAGES = 12
MOST_MEASUREMENTS = 20
MOST_OF_EXAM = 20  # consultations that are not over


class State(StrEnum):
    """How far a consultation is."""

    ASKED = "asked"
    ACCEPTED = "accepted"  # one of those asked has it
    ANSWERED = "answered"
    ASKED_AGAIN = "asked again"
    CLOSED = "closed"
    DECLINED = "declined"  # by everybody who was asked
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # its time is over, and its asker has not said what now


class Act(StrEnum):
    """What moves a consultation from one state to the next."""

    ACCEPT = "accept"
    STEP_BACK = "step back"  # of a group: the others are still asked
    DECLINE = "decline"
    ANSWER = "answer"
    ASK_AGAIN = "ask again"
    EXTEND = "extend"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


class Side(StrEnum):
    """Who may do it."""

    ASKER = "asker"
    ASKED = "asked"  # anybody who is asked and did not decline
    ANSWERER = "answerer"  # who accepted
    TIME = "time"  # nobody: the clock, or that a right ended


class Step(NamedTuple):
    """Who carries an act out, and what it leads to."""

    side: Side
    state: State


TABLE: dict[tuple[State, Act], Step] = {
    (State.ASKED, Act.ACCEPT): Step(Side.ASKED, State.ACCEPTED),
    (State.ASKED, Act.STEP_BACK): Step(Side.ASKED, State.ASKED),
    (State.ASKED, Act.DECLINE): Step(Side.ASKED, State.DECLINED),
    (State.ASKED, Act.WITHDRAW): Step(Side.ASKER, State.WITHDRAWN),
    (State.ASKED, Act.EXPIRE): Step(Side.TIME, State.EXPIRED),
    (State.ACCEPTED, Act.ANSWER): Step(Side.ANSWERER, State.ANSWERED),
    (State.ACCEPTED, Act.STEP_BACK): Step(Side.ANSWERER, State.ASKED),
    (State.ACCEPTED, Act.DECLINE): Step(Side.ANSWERER, State.DECLINED),
    (State.ACCEPTED, Act.WITHDRAW): Step(Side.ASKER, State.WITHDRAWN),
    (State.ACCEPTED, Act.EXPIRE): Step(Side.TIME, State.EXPIRED),
    (State.ANSWERED, Act.ANSWER): Step(Side.ANSWERER, State.ANSWERED),  # he adds to it
    (State.ANSWERED, Act.ASK_AGAIN): Step(Side.ASKER, State.ASKED_AGAIN),
    (State.ANSWERED, Act.CLOSE): Step(Side.ASKER, State.CLOSED),
    (State.ASKED_AGAIN, Act.ANSWER): Step(Side.ANSWERER, State.ANSWERED),
    (State.ASKED_AGAIN, Act.DECLINE): Step(Side.ANSWERER, State.ANSWERED),  # he has nothing to add
    (State.ASKED_AGAIN, Act.CLOSE): Step(Side.ASKER, State.CLOSED),
    (State.ASKED_AGAIN, Act.EXPIRE): Step(Side.TIME, State.EXPIRED),
    (State.EXPIRED, Act.EXTEND): Step(Side.ASKER, State.ASKED),
    (State.EXPIRED, Act.CLOSE): Step(Side.ASKER, State.CLOSED),
}
"""(state, act) -> who does it, and the state after it. What is not written here cannot be done."""

WAITS = frozenset({State.ASKED, State.ACCEPTED, State.ASKED_AGAIN})
"""Somebody is to answer."""

OPEN = WAITS | {State.ANSWERED}
"""Whoever is asked has the exam open, until the deadline."""

OVER = frozenset({State.CLOSED, State.DECLINED, State.WITHDRAWN})


class Whom(StrEnum):
    """What the asker chose."""

    PERSON = "person"
    GROUP = "group"  # of radiologists
    SUBSPECIALTY = "subspecialty"  # everybody who reads it


class Addressee(Value):
    """Whom the question went to, in the asker's words."""

    whom: Whom
    name: str  # full name, name of the group, value of the subspecialty


class Asked(Value):
    """One physician who is asked, and for whom he worked then: who leaves his employer is not asked any more."""

    account: str
    employer: str = ""  # SKRS code


class ImageReference(Value):
    """A picture of the exam, by the UIDs of DICOM; the numbers are what people call it by."""

    study: str  # StudyInstanceUID
    series: str  # SeriesInstanceUID
    instance: str  # SOPInstanceUID
    series_number: str = ""  # SeriesNumber
    number: str = ""  # InstanceNumber

    @property
    def name(self) -> str:
        """Series / image: `2/14`."""
        return f"{self.series_number or '?'}/{self.number or '?'}"


class Measurement(Value):
    """One thing that was measured."""

    name: str
    value: float
    unit: str  # UCUM
    image: ImageReference | None = None


class EntryKind(StrEnum):
    """What an entry of the thread is."""

    QUESTION = "question"
    ANSWER = "answer"  # signed
    FOLLOW_UP = "follow-up"
    REASON = "reason"  # why it was declined, withdrawn ...


class Entry(Value):
    """Something that one of the two sides wrote."""

    kind: EntryKind
    by: str  # account
    at: datetime
    text: str
    name: str = ""  # full name then
    employer: str = ""  # SKRS code then
    measurements: tuple[Measurement, ...] = ()
    images: tuple[ImageReference, ...] = ()
    signed: str = ""  # how: password, or who vouched; "" = nothing that is signed


class Outcome(StrEnum):
    """What became of the answer."""

    REPORT = "report"  # its text was put into the report's draft
    RECORD = "record"  # it stays beside the report


class Consultation(Value):
    """A consultation as it stands."""

    id: str
    asker: str  # account
    employer: str  # SKRS code of the asker's
    to: Addressee
    asked: tuple[Asked, ...]
    asked_at: datetime
    until: datetime  # the deadline, exclusive: access ends with it
    state: State = State.ASKED
    since: datetime | None = None  # when it came into this state
    answerer: str = ""  # account
    declined: tuple[str, ...] = ()  # accounts
    thread: tuple[Entry, ...] = ()
    outcome: Outcome | None = None

    @property
    def still_asked(self) -> tuple[Asked, ...]:
        """Those who did not decline."""
        return tuple(one for one in self.asked if one.account not in self.declined)

    @property
    def answers(self) -> tuple[Entry, ...]:
        """What was answered and signed, oldest first."""
        return tuple(one for one in self.thread if one.kind is EntryKind.ANSWER)

    def asked_as(self, account: str) -> Asked | None:
        """Return how an account is asked, declined or not."""
        return next((one for one in self.asked if one.account == account), None)


def after(state: State, act: Act) -> State | None:
    """Return the state after an act; None where it cannot be done."""
    step = TABLE.get((state, act))
    return step.state if step else None


def sides(one: Consultation, account: str) -> frozenset[Side]:
    """Say how an account stands to a consultation."""
    found = set()
    if account == one.asker:
        found.add(Side.ASKER)
    if any(each.account == account for each in one.still_asked):
        found.add(Side.ASKED)
    if account and account == one.answerer:
        found.add(Side.ANSWERER)
    return frozenset(found)


def can(one: Consultation, act: Act, account: str) -> bool:
    """Whether an account is the one to do it in this state."""
    step = TABLE.get((one.state, act))
    return step is not None and step.side in sides(one, account)


def open_to(one: Consultation) -> tuple[Asked, ...]:
    """Return whom the exam is open to in this state: all who are asked until one accepts, then that one alone."""
    if one.state not in OPEN:
        return ()
    if one.state is State.ASKED:
        return one.still_asked
    return tuple(each for each in one.still_asked if each.account == one.answerer)


def waits_for(one: Consultation, account: str) -> bool:
    """Whether it is an account's turn to answer."""
    return one.state in WAITS and any(each.account == account for each in open_to(one))


def overdue(one: Consultation, now: datetime) -> bool:
    """Whether nobody answered in time, and its asker has not said what now."""
    return one.state is State.EXPIRED or (one.state in WAITS and one.until <= now)


def moved(
    one: Consultation,
    act: Act,
    at: datetime,
    by: str = "",
    entry: Entry | None = None,
    until: datetime | None = None,
    outcome: Outcome | None = None,
) -> Consultation:
    """Return the consultation after an act; as it was after one that the table has not.

    An event is never refused when it is folded: it stands in the record.
    """
    state = after(one.state, act)
    if state is None:
        return one
    leaves = act in (Act.STEP_BACK, Act.DECLINE) and state is not State.ANSWERED
    return replace(
        one,
        state=state,
        since=at if state is not one.state else one.since,
        until=until or one.until,
        answerer=by if act is Act.ACCEPT else "" if state is State.ASKED else one.answerer,
        declined=tuple(sorted({*one.declined, by})) if leaves and by else one.declined,
        thread=(*one.thread, entry) if entry else one.thread,
        outcome=outcome or one.outcome,
    )


def changed(found: Iterable[Consultation], new: Consultation) -> tuple[Consultation, ...]:
    """Return an exam's consultations with one of them as it stands now."""
    return tuple(new if one.id == new.id else one for one in found)
