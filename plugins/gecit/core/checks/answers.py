"""What a check is given and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from ..exam import Exam
from ..identifiers import IdentifierPolicy
from ..rulebook import Param
from ..values import Text, Value
from ..verdict import Status

Params = Mapping[str, Param]


class Context(Value):
    """What judging needs beside the exam and the rulebook: the site's choices and the code lists."""

    policy: IdentifierPolicy = IdentifierPolicy()
    loinc_codes: frozenset[str] | None = None  # the codes of the imported list; None = no list
    codes: str = ""  # revision of the code lists, kept in the verdict
    recheck: timedelta = timedelta(hours=24)  # when a pending exam is looked at again


class Answer(Value):
    """What a check says; `expected`, `found` and `where` are shown to the sender."""

    status: Status  # PASSED | FAILED | CANNOT_TELL
    reason: Text | None = None
    expected: str = ""
    found: str = ""
    where: str = ""  # overrides the rule's
    recheck_at: datetime | None = None


class Check(Value):
    """A check as the table has it: `params` are its defaults, whose types a rule file must keep; `cites` is why."""

    run: Callable[[Exam, Context, Params], Answer]
    cites: str
    params: dict[str, Param] = msgspec.field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)  # what a text parameter may be
    most: dict[str, int] = msgspec.field(default_factory=dict)  # of a number, which is never below 0


def passed(found: str = "", reason: Text | None = None) -> Answer:
    """The exam has what is asked."""
    return Answer(status=Status.PASSED, found=found, reason=reason)


def failed(tr: str, en: str, *, expected: str = "", found: str = "", where: str = "") -> Answer:
    """The exam lacks it, or has it wrong."""
    return Answer(status=Status.FAILED, reason=Text(tr=tr, en=en), expected=expected, found=found, where=where)


def unknown(tr: str, en: str, *, found: str = "", recheck_at: datetime | None = None) -> Answer:
    """It cannot be told yet."""
    return Answer(status=Status.CANNOT_TELL, reason=Text(tr=tr, en=en), found=found, recheck_at=recheck_at)


def no_order() -> Answer:
    """It cannot be told before the order has come."""
    return unknown("İstem mesajı henüz alınmadı.", "No order message has been received yet.")


def whole(params: Params, name: str) -> int:
    """A parameter that is a whole number."""
    value = params[name]
    assert isinstance(value, int)  # noqa: S101 - the rule file was checked against the default's type
    return value
