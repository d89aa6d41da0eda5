"""Reading what a program asks: query strings and JSON bodies, and saying which part of one cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from flask import request

from gecit.core.search import Place
from gecit.core.values import Text, Value

from ..problem import PROBLEMS, Problem

T = TypeVar("T", bound=Value)
LARGEST_NUMBER = 2**53  # what every JSON reader keeps exact
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NO_NUL = "^[^\\x00]*$"  # PostgreSQL keeps no text with one
PLACE = "^(-?[0-9]{1,16}~[^~\\x00]{0,64}~[^\\x00]{0,200})?$"

Limit = Annotated[int, msgspec.Meta(ge=1, le=1000, description="How many, at the most.")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(max_length=64, pattern=NO_NUL)]
After = Annotated[str, msgspec.Meta(pattern=PLACE, description="`next` of the page before.")]


class Faulty(Exception):
    """The request cannot be carried out as it stands; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type)
        self.problem = problem


def faulty(kind: str, tr: str, en: str) -> Faulty:
    """Return one of the known problems with what it is about."""
    known = PROBLEMS[kind]
    detail = Text(tr=f"{tr} {known.detail.tr}", en=f"{en} {known.detail.en}")
    return Faulty(msgspec.structs.replace(known, detail=detail))


def read_query(kind: type[T]) -> T:
    """Read the query string; `Faulty` (400) names the parameter that is wrong, never its value."""
    given = {name: request.args.getlist(name) for name in request.args}
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for name, values in given.items():
        if name not in known:
            raise faulty("bad-request", f"Bilinmeyen parametre; bilinenler: {', '.join(known) or '-'}.",
                         f"Unknown parameter; known are: {', '.join(known) or '-'}.")  # fmt: skip
        if len(values) > 1:
            raise faulty("bad-request", f"{name} bir kez verilir.", f"{name} is given once.")
    texts = {name: values[0] for name, values in given.items()}
    try:
        found = msgspec.convert(texts, kind, strict=False)
    except msgspec.ValidationError as fault:
        raise _unreadable(_place(fault)) from None
    for name, text in texts.items():
        # msgspec takes a number for an instant too, seconds since 1970; nobody who writes one means that
        if isinstance(getattr(found, name), datetime) and "T" not in text.upper():
            raise _unreadable(name)
    return _within_reason(found)


def _unreadable(name: str) -> Faulty:
    return faulty("bad-request", f"{name} okunamadı.", f"{name} cannot be read.")


def read_body(kind: type[T]) -> T:
    """Read a JSON body; `Faulty` 415 = no JSON is announced, 400 = it is none, 422 = it is not as described."""
    if request.mimetype != "application/json":
        raise Faulty(PROBLEMS["media-type"])
    try:
        return _within_reason(msgspec.convert(_with_whole_numbers(msgspec.json.decode(request.get_data())), kind))
    except msgspec.ValidationError as fault:
        place = _place(fault)
        raise faulty("unprocessable", f"{place}: belgedeki gibi değil.", f"{place} is not as described.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise faulty("bad-request", "Gövde JSON değil.", "The body is no JSON.") from None


def _with_whole_numbers(body: Any) -> Any:
    """Write 5.0 as 5: to JSON Schema it is a whole number, to msgspec it is none."""
    if not isinstance(body, dict):
        return body
    return {name: int(one) if isinstance(one, float) and one.is_integer() else one for name, one in body.items()}


def _within_reason(found: T) -> T:
    """Take an instant before all exams or after them for the end of what can be reckoned with."""
    changed = {}
    for field in msgspec.structs.fields(found):
        value = getattr(found, field.name)
        if isinstance(value, datetime) and not EARLIEST.year <= value.year < LATEST.year:
            changed[field.name] = EARLIEST if value.year < EARLIEST.year else LATEST
    return msgspec.structs.replace(found, **changed) if changed else found


_PLACE = re.compile(r"at `\$\.?([^`]+)`|missing required field `([^`]+)`")


def _place(fault: msgspec.ValidationError) -> str:
    """Return which of our own fields is wrong; the rest of the text may quote what was sent."""
    found = _PLACE.search(str(fault))
    return (found[1] or found[2])[:60] if found else "istek / the request"


def next_of(place: Place | None) -> str:
    """Write where the next page begins: microseconds since 1970, institution, accession; empty = there is none."""
    if place is None:
        return ""
    return f"{(place.listed_at - EPOCH) // timedelta(microseconds=1)}~{place.institution}~{place.accession}"


def place_of(text: str) -> Place | None:
    """Read what `next_of` wrote, which the pattern of `After` has let in."""
    if not text:
        return None
    number, institution, accession = text.split("~", 2)
    at = EPOCH + timedelta(microseconds=int(number))
    return Place(listed_at=at, institution=institution, accession=accession)
