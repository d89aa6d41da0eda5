"""A citizen asks an institution's patient-rights desk for an exam that is missing here, and is answered.

The life of a request is one table: state and act -> state. Whoever may do an act is said beside it; what stands in no
row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from .order import ExamKey
from .values import Value


class State(StrEnum):
    """How a request stands."""

    ASKED = "asked"
    RECEIVED = "received"  # the desk has it
    LOOKING = "looking"  # it is being looked for at the institution
    FOUND = "found"  # it stands among the citizen's exams now
    ANSWERED = "answered"  # in words: it is elsewhere, was never taken, is handed over another way
    REFUSED = "refused"  # with a reason
    WITHDRAWN = "withdrawn"  # by the citizen


class Act(StrEnum):
    """What is done with it."""

    RECEIVE = "receive"
    LOOK = "look"
    FIND = "find"  # names the exam
    ANSWER = "answer"  # with a text
    REFUSE = "refuse"  # with a reason
    WITHDRAW = "withdraw"


class Side(StrEnum):
    """Who does an act."""

    CITIZEN = "citizen"
    DESK = "desk"


SIDES: Mapping[Act, Side] = {
    Act.RECEIVE: Side.DESK,
    Act.LOOK: Side.DESK,
    Act.FIND: Side.DESK,
    Act.ANSWER: Side.DESK,
    Act.REFUSE: Side.DESK,
    Act.WITHDRAW: Side.CITIZEN,
}
NEEDS_TEXT = frozenset({Act.ANSWER, Act.REFUSE})

OPEN = frozenset({State.ASKED, State.RECEIVED, State.LOOKING})
_ENDING = {Act.FIND: State.FOUND, Act.ANSWER: State.ANSWERED, Act.REFUSE: State.REFUSED, Act.WITHDRAW: State.WITHDRAWN}
LIFE: Mapping[tuple[State, Act], State] = {
    (State.ASKED, Act.RECEIVE): State.RECEIVED,
    (State.ASKED, Act.LOOK): State.LOOKING,
    (State.RECEIVED, Act.LOOK): State.LOOKING,
    **{
        (before, act): after
        for before in (State.ASKED, State.RECEIVED, State.LOOKING)
        for act, after in _ENDING.items()
    },
}
"""State and act -> the next state; nothing leaves an ended one: whoever is not content asks anew."""


class Contact(StrEnum):
    """How the citizen wants to hear of it, beside the page."""

    PAGE = "page"
    PHONE = "phone"
    EMAIL = "email"


LONGEST_TEXT = 1000
LONGEST_WHEN = 60
LONGEST_CONTACT = 120


class Step(Value):
    """One thing that was done; `by` is an account's name, and "" where it was the citizen."""

    at: datetime
    act: Act
    state: State  # after it
    by: str = ""
    text: str = ""


class PatientRequest(Value):
    """One request as it stands, with all that was done."""

    id: str
    institution: str  # SKRS code of whom is asked
    tckn: str  # of the citizen, as the identity provider gave it
    name: str  # of the citizen, as the account has it
    when: str  # about when the exam was taken, in the citizen's words
    what: str  # what was examined, in the citizen's words
    asked_at: datetime
    due_at: datetime
    contact: Contact = Contact.PAGE
    contact_at: str = ""  # number or address
    state: State = State.ASKED
    found: ExamKey | None = None
    answer: str = ""  # or the reason of a refusal
    steps: tuple[Step, ...] = ()

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN

    def late(self, now: datetime) -> bool:
        """Whether its answer is overdue."""
        return self.open and now > self.due_at


class Fault(StrEnum):
    """Why an act is not done."""

    NOT_SO = "not so"  # the state allows it not, any more or yet
    NOT_YOURS = "not yours"  # the other side's act
    NO_TEXT = "no text"
    NO_EXAM = "no exam"  # none of this patient at this institution


class ActRefused(Exception):
    """An act is not done; nothing is changed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def acts(request: PatientRequest, side: Side) -> tuple[Act, ...]:
    """Return what a side may do with a request now."""
    return tuple(act for act in Act if SIDES[act] is side and (request.state, act) in LIFE)


def moved(
    request: PatientRequest,
    act: Act,
    side: Side,
    at: datetime,
    *,
    by: str = "",
    text: str = "",
    found: ExamKey | None = None,
) -> PatientRequest:
    """Return the request after an act; raises `ActRefused`. `found`: an exam of this patient at this institution."""
    if SIDES[act] is not side:
        raise ActRefused(Fault.NOT_YOURS)
    state = LIFE.get((request.state, act))
    if state is None:
        raise ActRefused(Fault.NOT_SO)
    said = text.strip()[:LONGEST_TEXT]
    if act in NEEDS_TEXT and not said:
        raise ActRefused(Fault.NO_TEXT)
    if act is Act.FIND and (found is None or found.institution != request.institution):
        raise ActRefused(Fault.NO_EXAM)
    return msgspec.structs.replace(
        request,
        state=state,
        found=found if act is Act.FIND else request.found,
        answer=said or request.answer,
        steps=(*request.steps, Step(at=at, act=act, state=state, by=by, text=said)),
    )
