"""What HBYS asks of the duplicate query, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from .background import DuplicateQuery
from .identifiers import is_sut, normal_sut
from .values import Value

MOST_CODES = 20
LONGEST_ORDER_ID = 64


class Wrong(StrEnum):
    """What is wrong with a question or a link: told to who asks, never with what they sent."""

    INSTITUTION = "unknown-institution"
    PATIENT = "patient-number"
    PHYSICIAN = "physician-number"
    NO_SUT = "no-sut-code"
    SUT = "sut-code"
    TOO_MANY = "too-many-codes"
    ORDER = "unknown-order-id"
    EXPIRED = "link-expired"
    NOTHING = "nothing-to-open"


class QuestionRefused(Exception):
    """The question cannot be asked like this; nothing was kept."""

    def __init__(self, wrong: Wrong) -> None:
        super().__init__(wrong.value)
        self.wrong = wrong


class Question(Value):
    """A question as it came."""

    medula_code: str
    tckn: str
    suts: tuple[str, ...]
    physician: str = ""


def read_suts(codes: Sequence[str]) -> tuple[str, ...]:
    """Return SUT codes as messages write them, each once: lists print 801.590, messages 801590."""
    suts = tuple(dict.fromkeys(normal_sut(one) for one in codes if one.strip()))
    if not suts:
        raise QuestionRefused(Wrong.NO_SUT)
    if len(suts) > MOST_CODES:
        raise QuestionRefused(Wrong.TOO_MANY)
    if not all(is_sut(one) for one in suts):
        raise QuestionRefused(Wrong.SUT)
    return suts


def order_id(query: DuplicateQuery, place: int) -> str:
    """Return what names one exam of an answer: opaque to who asked, good for a while, and nobody's number."""
    return f"{query.id}.{place}"


def parse_order_id(text: str) -> tuple[str, int]:
    """Return query and place; raises `QuestionRefused`."""
    number, _, place = text.partition(".")
    if not (
        number.isalnum() and number.isascii() and place.isascii() and place.isdigit() and len(text) <= LONGEST_ORDER_ID
    ):
        raise QuestionRefused(Wrong.ORDER)
    return number, int(place)
