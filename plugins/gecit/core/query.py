"""Matching of C-FIND keys (PS3.4 C.2.2.2): universal, single value, list, wildcard and range, with values as text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

Keys = Mapping[str, str]
"""Keyword -> value, several joined by a backslash; of an item of a sequence `Sequence.Keyword`."""

DATES = ("Date",)
TIMES = ("Time",)
LETTER_BLIND = re.compile(r"Name$|^RequestingPhysician$|Description$")  # PN must not, the others need not, heed case
FIRST, LAST = "00000000", "99999999"
DATE_AND_TIME = (  # asked for together as ranges they mean one stretch from the first to the last (PS3.4 table K.6-1)
    ("ScheduledProcedureStepSequence.ScheduledProcedureStepStartDate",
     "ScheduledProcedureStepSequence.ScheduledProcedureStepStartTime"),
    ("StudyDate", "StudyTime"),
)  # fmt: skip


MOST_PATTERNS = 16
"""Values with wildcards in one key: each costs a look at each entity, and PS3.4 C.2.2.2 knows lists of UIDs only."""


def too_many_patterns(keys: Keys) -> bool:
    """Whether a key lists more patterns than anyone asks for in good faith."""
    listed = (key.split("\\") for key in keys.values() if "\\" in key)
    return any(sum(1 for one in values if set(one) & set("*?")) > MOST_PATTERNS for values in listed)


def matches(keys: Keys, values: Mapping[str, str]) -> bool:
    """Whether an entity matches every key that it has; a key that it has not is not supported and matches all."""
    rest = dict(keys)
    for date, time in DATE_AND_TIME:
        both = "-" in rest.get(date, "") and "-" in rest.get(time, "") and date in values
        if both and not _in_stretch(rest.pop(date), rest.pop(time), values[date], values.get(time, "")):
            return False
    return all(match_one(name, key, values[name]) for name, key in rest.items() if name in values)


def match_one(name: str, key: str, value: str) -> bool:
    """Whether one attribute (by keyword) matches; each of its values may."""
    key = key.strip()
    if not key or set(key) == {"*"}:
        return True  # universal
    last = name.rpartition(".")[2]
    if last.endswith(DATES):
        return in_range(key, value, lambda text, _: text.replace(".", "").replace(":", ""))
    if last.endswith(TIMES):
        return in_range(key, value, whole_time)
    blind = bool(LETTER_BLIND.search(last))
    return _single(key, value, blind)


def _single(key: str, value: str, blind: bool) -> bool:
    exact, patterns = _wanted(key, blind)
    values = [plain(one) if blind else one.strip() for one in value.split("\\")]
    return any(one in exact or any(_fits(pattern, one) for pattern in patterns) for one in values)


@lru_cache(maxsize=512)
def _wanted(key: str, blind: bool) -> tuple[frozenset[str], tuple[tuple[str, ...], ...]]:
    """Return what a key's values name exactly, and their patterns, each as the parts between its asterisks."""
    values = {plain(one) if blind else one.strip() for one in key.split("\\")}
    wild = {one for one in values if set(one) & set("*?")}
    return frozenset(values - wild), tuple(tuple(one.split("*")) for one in sorted(wild))


def _fits(parts: Sequence[str], value: str) -> bool:
    """Whether a value fits a pattern. Each part is looked for once, the first place is the best: no backtracking.

    A regular expression would try every way to share a value among the asterisks, which grows fourfold with each,
    and hold the interpreter the while.
    """
    if len(parts) == 1:
        return len(parts[0]) == len(value) and _stands(parts[0], value, 0)
    first, *middle, last = parts
    at, end = len(first), len(value) - len(last)
    if at > end or not _stands(first, value, 0) or not _stands(last, value, end):
        return False
    for part in filter(None, middle):
        place = _find(part, value, at, end)
        if place < 0:
            return False
        at = place + len(part)
    return True


def _find(part: str, value: str, start: int, end: int) -> int:
    if "?" not in part:
        return value.find(part, start, end)
    return next((at for at in range(start, end - len(part) + 1) if _stands(part, value, at)), -1)


def _stands(part: str, value: str, at: int) -> bool:
    if "?" not in part:
        return value.startswith(part, at)
    return all(wanted in ("?", there) for wanted, there in zip(part, value[at : at + len(part)], strict=True))


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Fold case and accents, the four Turkish letters i among them, and drop empty components at a name's end."""
    folded = unicodedata.normalize("NFKD", text.translate(_I).casefold())
    bare = "".join(one for one in folded if not unicodedata.combining(one))
    return re.sub(r"\s+", " ", bare).strip().rstrip("^ ")


_I = str.maketrans({"İ": "i", "I": "i", "ı": "i"})


def in_range(key: str, value: str, whole: Callable[[str, bool], str]) -> bool:
    """Whether a date or time lies in a range, both ends included; a single value is a range of one."""
    low, dash, high = key.partition("-")
    high = high if dash else low
    if not value:
        return False
    start, end = whole(low.strip(), False), whole(high.strip(), True)
    at = whole(value.strip(), False)
    return (not start or start <= at) and (not end or at <= end)


def whole_time(text: str, end: bool = False) -> str:
    """Write a TM (PS3.5 6.2) with all its digits: hhmm means its first moment, at a range's end its last."""
    digits = text.replace(":", "").replace(".", "")
    return digits.ljust(12, "9" if end else "0") if digits else ""


def _in_stretch(date: str, time: str, on: str, at: str) -> bool:
    if not on:
        return False
    (first, _, last), (start, _, end) = date.partition("-"), time.partition("-")
    moment = on + whole_time(at or "0")
    low = (first.strip() or FIRST) + whole_time(start.strip() or "0")
    high = (last.strip() or LAST) + whole_time(end.strip() or "9", end=True)
    return low <= moment <= high


def single(keys: Keys, name: str) -> str:
    """Return a key's value where it is one value without wildcards, else nothing: what an index can look for."""
    value = keys.get(name, "").strip()
    return "" if set(value) & set("*?\\") else value


def exact(keys: Keys, name: str, most: int) -> tuple[str, ...]:
    """Return a key's values where none has a wildcard and they are `most` at most, else nothing: for an index."""
    values = tuple(sorted({one.strip() for one in keys.get(name, "").split("\\")} - {""}))
    return () if len(values) > most or any(set(one) & set("*?") for one in values) else values


def day_range(keys: Keys, name: str) -> tuple[str, str]:
    """Return first and last day (YYYYMMDD) of a date key; empty = open, or nothing that an index can look for."""
    low, dash, high = keys.get(name, "").replace(".", "").replace(":", "").partition("-")
    return _day(low), _day(high if dash else low)


def _day(text: str) -> str:
    return text.strip() if re.fullmatch(r"\s*[0-9]{8}\s*", text) else ""
