"""A critical finding (kritik bulgu): marked by who reads the exam, told at once, read by somebody at the hospital.

unread -> read                                         the common way
unread | read -> unread                                marked anew, with another text
unread | read -> taken back -> taken back and read     a mark that was wrong is told too
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from .order import ExamKey
from .values import Value

LONGEST = 500
"""Characters of what was found."""


class State(StrEnum):
    """Whether the hospital knows."""

    UNREAD = "unread"
    READ = "read"
    TAKEN_BACK = "taken back"  # and nobody has read that yet
    CLOSED = "closed"  # taken back, and that was read


class Act(StrEnum):
    """What moves it."""

    MARK = "mark"
    TAKE_BACK = "take back"
    CONFIRM = "confirm"


TABLE: dict[tuple[State | None, Act], State] = {
    (None, Act.MARK): State.UNREAD,
    (State.UNREAD, Act.MARK): State.UNREAD,
    (State.UNREAD, Act.TAKE_BACK): State.TAKEN_BACK,
    (State.UNREAD, Act.CONFIRM): State.READ,
    (State.READ, Act.MARK): State.UNREAD,
    (State.READ, Act.TAKE_BACK): State.TAKEN_BACK,
    (State.READ, Act.CONFIRM): State.READ,  # a second reader; each one's receipt is kept
    (State.TAKEN_BACK, Act.MARK): State.UNREAD,
    (State.TAKEN_BACK, Act.CONFIRM): State.CLOSED,
    (State.CLOSED, Act.MARK): State.UNREAD,
    (State.CLOSED, Act.CONFIRM): State.CLOSED,
}
"""(state, act) -> the state after it; what is not written here cannot be done."""

WAITS = frozenset({State.UNREAD, State.TAKEN_BACK})
"""Somebody at the hospital has to read it."""
STANDS = frozenset({State.UNREAD, State.READ})
"""The exam has a critical finding."""


class Way(StrEnum):
    """How the hospital came to know."""

    PAGE = "page"  # somebody read it here
    TELEPHONE = "telephone"  # the author spoke to somebody there, and says to whom


class Receipt(Value):
    """Who read it, or was told, and when."""

    by: str  # account; with `TELEPHONE` the author's
    at: datetime
    way: Way = Way.PAGE
    whom: str = ""  # with `TELEPHONE`: who was told
    employer: str = ""  # SKRS code


class Critical(Value):
    """The critical finding of an exam as it stands."""

    text: str
    by: str  # account of who marked it last, or took it back
    at: datetime  # since when it waits to be read
    state: State = State.UNREAD
    number: int = 1  # counts marking and taking back: a receipt is of one of them
    receipts: tuple[Receipt, ...] = ()  # of this number

    @property
    def stands(self) -> bool:
        """Whether the exam has a critical finding."""
        return self.state in STANDS

    @property
    def waits(self) -> bool:
        """Whether somebody at the hospital has to read it."""
        return self.state in WAITS


class Line(Value):
    """A row of the list of critical findings."""

    key: ExamKey
    state: State
    author: str
    marked_at: datetime


def after(critical: Critical | None, act: Act) -> State | None:
    """Return the state after an act; None where it cannot be done."""
    return TABLE.get((critical.state if critical else None, act))


def marked(critical: Critical | None, text: str, by: str, at: datetime) -> Critical:
    """Return it as it stands once it is marked, or marked anew."""
    return Critical(text=text, by=by, at=at, number=critical.number + 1 if critical else 1)


def taken_back(critical: Critical | None, by: str, at: datetime) -> Critical | None:
    """Return it as it stands once its mark is taken back; an event is never refused when it is folded."""
    state = after(critical, Act.TAKE_BACK)
    if critical is None or state is None:
        return critical
    number = critical.number + 1
    return msgspec.structs.replace(critical, state=state, by=by, at=at, number=number, receipts=())


def confirmed(critical: Critical | None, number: int, receipt: Receipt) -> Critical | None:
    """Return it once somebody has read it; a receipt of what was marked anew meanwhile changes nothing."""
    state = after(critical, Act.CONFIRM)
    if critical is None or state is None or critical.number != number:
        return critical
    return msgspec.structs.replace(critical, state=state, receipts=(*critical.receipts, receipt))
