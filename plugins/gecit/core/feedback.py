"""Feedback (geri bildirim): a review or a bad rating, told to the institution and the radiologist, and talked about.

told -> [messages] -> closed with an outcome, which is the end of it. Whoever sent it out of a blind round is not named.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from .order import ExamKey
from .values import Text, Value

LONGEST = 2_000
"""Characters of a message."""


class About(StrEnum):
    """What it is about."""

    REVIEW = "review"  # of the report
    IMAGE = "image"  # a rating of the images
    REQUEST = "request"  # a rating of the request's reason


class Closing(StrEnum):
    """What came of it."""

    AGREED = "agreed"
    DISPUTED = "disputed"
    EDUCATION = "education"
    TICKET = "ticket"  # a fault of equipment was reported to who mends it
    NONE = "none"


class Part(StrEnum):
    """As what somebody speaks in the discussion."""

    SENDER = "sender"
    RADIOLOGIST = "radiologist"
    MANAGER = "manager"
    UNIT = "unit"  # an administrator


class Message(Value):
    """Something that was said; never edited."""

    by: str  # account
    part: Part
    at: datetime
    text: str


class Feedback(Value):
    """A feedback as it stands."""

    id: str
    exam: ExamKey
    about: About
    sender: str  # account
    radiologist: str = ""  # account of who signed the report; empty = none is known here
    score: int = 0  # of the review or the rating
    review: str = ""  # id
    round: str = ""
    number: int = 0
    blind: bool = False  # the sender is not named, and learns no name
    messages: tuple[Message, ...] = ()
    outcome: Closing | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_with: str = ""  # the last word

    @property
    def open(self) -> bool:
        """Whether it is still talked about."""
        return self.outcome is None


class Fault(StrEnum):
    """Why something cannot be done with a feedback."""

    CLOSED = "closed"
    EMPTY = "empty"
    TOO_LONG = "too long"
    TWICE = "twice"  # it was sent already
    NUMBER = "number"  # the text holds the number of a person


WORDS: dict[Fault, Text] = {
    Fault.CLOSED: Text(
        tr="Bu geri bildirim kapatıldı; yeni ileti eklenmez.", en="This feedback is closed; nothing is added."
    ),
    Fault.EMPTY: Text(tr="Bir metin yazın.", en="Write a text."),
    Fault.TOO_LONG: Text(
        tr=f"Metin en çok {LONGEST} karakter olabilir; kısaltın.",
        en=f"The text can have {LONGEST} characters at the most; shorten it.",
    ),
    Fault.TWICE: Text(
        tr="Bu daha önce gönderildi; var olan konuşmayı sürdürün.", en="It was sent already; go on there."
    ),
    Fault.NUMBER: Text(
        tr="Metinde bir kişinin kimlik numarası var; çıkarıp yeniden deneyin.",
        en="The text holds the number of a person; take it out and try again.",
    ),
}


def said(feedback: Feedback, message: Message) -> Feedback:
    """Return it with one more message."""
    return msgspec.structs.replace(feedback, messages=(*feedback.messages, message))


def closed(feedback: Feedback, outcome: Closing, by: str, text: str, at: datetime) -> Feedback:
    """Return it as it stands once it is closed."""
    return msgspec.structs.replace(feedback, outcome=outcome, closed_at=at, closed_by=by, closed_with=text)


def hides(feedback: Feedback, viewer: str, part: Part | None, message_by: str, message_part: Part) -> bool:
    """Whether a name is hidden: of the sender from all but the unit, of all others from the sender; one's own never."""
    if not feedback.blind or viewer == message_by or part is Part.UNIT:
        return False
    return message_part is Part.SENDER or part is Part.SENDER
