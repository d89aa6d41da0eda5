"""The reading of an exam: who has it, and how far its report is. One table, folded from events.

unread -> taken -> signed                            the common way
unread -> assigned -> taken                          work that was pushed
taken -> preliminary -> finishing -> signed          a preliminary report first
taken -> first signed -> second reading -> signed    two signatures
signed -> adding | correcting -> signed              later versions; what was signed never changes
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from .report import Report, ReportStatus
from .values import Text, Value


class State(StrEnum):
    """How far the reading of an exam is."""

    UNREAD = "unread"
    ASSIGNED = "assigned"  # pushed to a reader who has not opened it
    TAKEN = "taken"
    HELD = "held"  # its reader waits for something: earlier images, a call back
    PRELIMINARY = "preliminary"
    FINISHING = "finishing"  # a preliminary report is being made final
    FIRST_SIGNED = "first signed"  # waits for a second signature; nobody outside has heard of it
    SECOND_READING = "second reading"
    OVERTAKEN = "overtaken"  # the hospital sent a final report while somebody here was reading
    SIGNED = "signed"
    ADDING = "adding"  # an addendum is being written
    CORRECTING = "correcting"


class Act(StrEnum):
    """What moves a reading from one state to the next."""

    ASSIGN = "assign"
    TAKE = "take"
    HOLD = "hold"
    RESUME = "resume"
    GIVE_BACK = "give back"
    TIME_OUT = "time out"
    SIGN_PRELIMINARY = "sign preliminary"
    SIGN_FIRST = "sign first"
    SIGN = "sign"
    ADD = "add"
    CORRECT = "correct"
    REPORTED = "reported"  # a final or corrected report came by HL7


TABLE: dict[tuple[State, Act], State] = {
    (State.UNREAD, Act.ASSIGN): State.ASSIGNED,
    (State.UNREAD, Act.TAKE): State.TAKEN,
    (State.UNREAD, Act.REPORTED): State.SIGNED,
    (State.ASSIGNED, Act.ASSIGN): State.ASSIGNED,
    (State.ASSIGNED, Act.TAKE): State.TAKEN,
    (State.ASSIGNED, Act.GIVE_BACK): State.UNREAD,
    (State.ASSIGNED, Act.TIME_OUT): State.UNREAD,
    (State.ASSIGNED, Act.REPORTED): State.SIGNED,
    (State.TAKEN, Act.HOLD): State.HELD,
    (State.TAKEN, Act.GIVE_BACK): State.UNREAD,
    (State.TAKEN, Act.TIME_OUT): State.UNREAD,
    (State.TAKEN, Act.SIGN_PRELIMINARY): State.PRELIMINARY,
    (State.TAKEN, Act.SIGN_FIRST): State.FIRST_SIGNED,
    (State.TAKEN, Act.SIGN): State.SIGNED,
    (State.TAKEN, Act.REPORTED): State.OVERTAKEN,
    (State.HELD, Act.RESUME): State.TAKEN,
    (State.HELD, Act.GIVE_BACK): State.UNREAD,
    (State.HELD, Act.TIME_OUT): State.UNREAD,
    (State.HELD, Act.REPORTED): State.OVERTAKEN,
    (State.PRELIMINARY, Act.TAKE): State.FINISHING,
    (State.PRELIMINARY, Act.REPORTED): State.SIGNED,
    (State.FINISHING, Act.GIVE_BACK): State.PRELIMINARY,
    (State.FINISHING, Act.TIME_OUT): State.PRELIMINARY,
    (State.FINISHING, Act.SIGN_PRELIMINARY): State.PRELIMINARY,
    (State.FINISHING, Act.SIGN_FIRST): State.FIRST_SIGNED,
    (State.FINISHING, Act.SIGN): State.SIGNED,
    (State.FINISHING, Act.REPORTED): State.OVERTAKEN,
    (State.FIRST_SIGNED, Act.TAKE): State.SECOND_READING,
    (State.FIRST_SIGNED, Act.REPORTED): State.SIGNED,
    (State.SECOND_READING, Act.GIVE_BACK): State.FIRST_SIGNED,
    (State.SECOND_READING, Act.TIME_OUT): State.FIRST_SIGNED,
    (State.SECOND_READING, Act.SIGN): State.SIGNED,
    (State.SECOND_READING, Act.REPORTED): State.OVERTAKEN,
    (State.OVERTAKEN, Act.GIVE_BACK): State.SIGNED,
    (State.OVERTAKEN, Act.TIME_OUT): State.SIGNED,
    (State.OVERTAKEN, Act.CORRECT): State.CORRECTING,
    (State.OVERTAKEN, Act.ADD): State.ADDING,
    (State.OVERTAKEN, Act.REPORTED): State.OVERTAKEN,
    (State.SIGNED, Act.ADD): State.ADDING,
    (State.SIGNED, Act.CORRECT): State.CORRECTING,
    (State.SIGNED, Act.REPORTED): State.SIGNED,
    (State.ADDING, Act.GIVE_BACK): State.SIGNED,
    (State.ADDING, Act.TIME_OUT): State.SIGNED,
    (State.ADDING, Act.SIGN): State.SIGNED,
    (State.ADDING, Act.REPORTED): State.ADDING,
    (State.CORRECTING, Act.GIVE_BACK): State.SIGNED,
    (State.CORRECTING, Act.TIME_OUT): State.SIGNED,
    (State.CORRECTING, Act.SIGN): State.SIGNED,
    (State.CORRECTING, Act.REPORTED): State.CORRECTING,
}
"""(state, act) -> the state after it. What is not written here cannot be done."""

OPEN = frozenset({State.UNREAD, State.ASSIGNED, State.PRELIMINARY, State.FIRST_SIGNED})
"""Somebody may take it."""

AT_WORK = frozenset(
    {
        State.TAKEN,
        State.HELD,
        State.FINISHING,
        State.SECOND_READING,
        State.OVERTAKEN,
        State.ADDING,
        State.CORRECTING,
    }
)
"""One reader has it, and nobody else may touch it."""

STATUSES: dict[tuple[State, Act], ReportStatus] = {
    (State.TAKEN, Act.SIGN_PRELIMINARY): ReportStatus.PRELIMINARY,
    (State.FINISHING, Act.SIGN_PRELIMINARY): ReportStatus.PRELIMINARY,
    (State.TAKEN, Act.SIGN_FIRST): ReportStatus.FINAL,
    (State.FINISHING, Act.SIGN_FIRST): ReportStatus.FINAL,
    (State.TAKEN, Act.SIGN): ReportStatus.FINAL,
    (State.FINISHING, Act.SIGN): ReportStatus.FINAL,
    (State.SECOND_READING, Act.SIGN): ReportStatus.FINAL,
    (State.ADDING, Act.SIGN): ReportStatus.ADDENDUM,
    (State.CORRECTING, Act.SIGN): ReportStatus.CORRECTED,
}
"""What a signature makes of a draft."""


class Signature(Value):
    """Who signed in Geçit, and for whom he works."""

    by: str  # name of the account
    at: datetime
    employer: str = ""  # SKRS code
    second: str = ""  # account of who signed first, where this is the second signature


class Limits(Value):
    """How long a reading stays with whoever does nothing about it."""

    idle: timedelta = timedelta(minutes=30)  # since it was taken, or its draft was last saved
    held: timedelta = timedelta(hours=24)
    assigned: timedelta = timedelta(hours=1)


class Reading(Value):
    """How the reading of an exam stands."""

    state: State = State.UNREAD
    reader: str = ""  # account; who has it, or whom it is pushed to
    since: datetime | None = None  # when it came into this state
    reason: str = ""  # why it is held
    why: tuple[Text, ...] = ()  # why it was pushed to just this reader
    first: Signature | None = None  # of the first of two signatures
    first_report: Report | None = None  # what was signed first
    signed_by: str = ""  # account of the last signature


def after(state: State, act: Act) -> State | None:
    """Return the state after an act; None where it cannot be done."""
    return TABLE.get((state, act))


def moved(reading: Reading, act: Act, at: datetime, reader: str = "", reason: str = "") -> Reading:
    """Return the reading after an act that the table has; as it was after one that it has not.

    An event is never refused when it is folded: it stands in the record.
    """
    state = after(reading.state, act)
    if state is None:
        return reading
    keeps = state in AT_WORK or state is State.ASSIGNED
    first, report = (None, None) if state is State.SIGNED else (reading.first, reading.first_report)
    return Reading(
        state=state,
        reader=(reader or reading.reader) if keeps else "",
        since=at if state is not reading.state or act is Act.ASSIGN else reading.since,
        reason=reason if state is State.HELD else "",
        why=reading.why if keeps else (),
        first=first,
        first_report=report,
        signed_by=reading.signed_by,
    )


def ends_at(reading: Reading, limits: Limits, saved_at: datetime | None = None) -> datetime | None:
    """Return when it is taken from its reader unless he does something; `saved_at`: when his draft was last saved."""
    if reading.since is None:
        return None
    if reading.state is State.ASSIGNED:
        return reading.since + limits.assigned
    if reading.state is State.HELD:
        return reading.since + limits.held
    if reading.state in AT_WORK:
        return max(reading.since, saved_at or reading.since) + limits.idle
    return None


def timed_out(reading: Reading, limits: Limits, now: datetime, saved_at: datetime | None = None) -> bool:
    """Whether its reader's time is over."""
    end = ends_at(reading, limits, saved_at)
    return end is not None and end <= now
