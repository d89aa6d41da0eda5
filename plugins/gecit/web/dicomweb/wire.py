"""Searches as they come in a URL, and answers as DICOM JSON (PS3.18 8.3.4 and annex F)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag, tag_for_keyword

from gecit.core.qido import LONGEST_PAGE, RETURNED, Level, Search, SearchRefused

TAG = re.compile(r"[0-9A-Fa-f]{8}")
LISTED = ("UI", "CS")  # value representations in which a comma separates values; in others it may be one of theirs
OPTIONS = ("includefield", "limit", "offset", "fuzzymatching", "emptyvaluematching", "lang")
WADO = "/dicom-web"
ONLINE = "ONLINE"
UTF8 = "ISO_IR 192"


def keyword_of(name: str) -> str:
    """Return the keyword of an attribute given by keyword or tag; "" for what DICOM does not know."""
    tag = int(name, 16) if TAG.fullmatch(name) else tag_for_keyword(name)
    return keyword_for_tag(tag) if tag is not None and dictionary_has_tag(tag) else ""


def read_search(level: Level, given: Mapping[str, Iterable[str]], path: Mapping[str, str]) -> Search:
    """Read a search; `path`: UIDs that the address names, which win over the query's. Raises `SearchRefused`."""
    keys: dict[str, str] = {}
    ignored = []
    for name, values in given.items():
        if name in OPTIONS:
            continue
        keyword = keyword_of(name)
        if keyword and dictionary_VR(keyword) != "SQ":
            keys[keyword] = _value(keyword, [*values][-1])
        else:
            ignored.append(name if name.isascii() and name.isprintable() else "?")
    fields = {part.strip() for one in given.get("includefield", ()) for part in one.split(",")} - {""}
    page = _number(given, "limit", LONGEST_PAGE)
    return Search(
        level=level,
        keys={**{name: value for name, value in keys.items() if value}, **path},
        fields=tuple(sorted({one for name in fields if (one := keyword_of(name))})),
        every_field="all" in fields,
        offset=_number(given, "offset", 0),
        limit=min(page, LONGEST_PAGE),
        fuzzy=_last(given, "fuzzymatching").lower() == "true",
        ignored=tuple(sorted(ignored)),
    )


def _value(keyword: str, text: str) -> str:
    return text.replace(",", "\\") if dictionary_VR(keyword) in LISTED else text


def _last(given: Mapping[str, Iterable[str]], name: str) -> str:
    return next(reversed([*given.get(name, ())]), "")


def _number(given: Mapping[str, Iterable[str]], name: str, default: int) -> int:
    text = _last(given, name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SearchRefused(name)
    return int(text)


def answer_of(entity: Mapping[str, str], search: Search) -> dict[str, Any]:
    """Write an entity in DICOM JSON: what is always returned, what was asked by, and what was asked for."""
    wanted = {*RETURNED[search.level], *search.keys, *search.fields}
    whole = {**entity, "RetrieveURL": retrieve_url(entity, search.level), "InstanceAvailability": ONLINE}
    names = set(whole) if search.every_field else wanted
    made = {"00080005": {"vr": "CS", "Value": [UTF8]}}
    for name in names:
        tag = tag_for_keyword(name)
        if tag is not None and name != "SpecificCharacterSet":
            made[f"{tag:08X}"] = _element(dictionary_VR(tag), whole.get(name, ""))
    return dict(sorted(made.items()))


def retrieve_url(entity: Mapping[str, str], level: Level) -> str:
    """Return where it is retrieved, as a reference without host (PS3.5 6.2, UR): right behind any proxy."""
    parts = [("studies", "StudyInstanceUID"), ("series", "SeriesInstanceUID"), ("instances", "SOPInstanceUID")]
    depth = list(Level).index(level) + 1
    return WADO + "".join(f"/{name}/{quote(entity.get(keyword, ''))}" for name, keyword in parts[:depth])


def _element(vr: str, text: str) -> dict[str, Any]:
    vr = vr.partition(" or ")[0]
    values = [_READ.get(vr, str)(one.strip()) for one in text.split("\\") if one.strip()] if vr not in WHOLE else [text]
    known = [one for one in values if one not in (None, "")]
    return {"vr": vr, "Value": known} if known else {"vr": vr}


WHOLE = ("LT", "ST", "UT", "UR")  # one value, in which a backslash is a letter like others


def _name(text: str) -> Any:
    parts = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
    return {group: value for group, value in parts if value} or None


def _read_by(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind(text)
        except (ValueError, OverflowError):
            return None

    return read


def _finite(text: str) -> float | None:
    number = float(text)
    return number if abs(number) < float("inf") else None


_WHOLE_NUMBER, _NUMBER = _read_by(int), _read_by(_finite)
_READ: dict[str, Callable[[str], Any]] = {
    "PN": _name,
    **dict.fromkeys(("IS", "US", "SS", "UL", "SL", "UV", "SV"), _WHOLE_NUMBER),
    **dict.fromkeys(("DS", "FL", "FD"), _NUMBER),
}
