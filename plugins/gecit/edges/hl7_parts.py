"""The report in OBX: numbered base64 parts decoded to text."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from gecit.core.profile import Profile
from gecit.core.remarks import Where
from gecit.core.report import ReportPart, ReportStatus
from gecit.core.report_parts import part_faults

from .hl7_reader import LABELS, Message, Segment, codec_of, decode
from .html_text import pieces

_NUMBERS = {part.value: part for part in ReportPart}
# What adds takes nothing away, so of mixed results an addendum comes before what would supersede.
_LEAST_FINAL_FIRST = (
    ReportStatus.PRELIMINARY,
    ReportStatus.ADDENDUM,
    ReportStatus.CORRECTED,
    ReportStatus.FINAL,
)
_LINE_BREAK = re.compile(r"[\r\n]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


class Note(Protocol):
    """How a remark is made: see `FactReader.note`."""

    def __call__(self, code: str, where: Where | None = None, **values: object) -> None:
        """Remark `code` at a place."""


class Results(NamedTuple):
    """What the OBX segments say; `status` is None where it cannot be told."""

    status: ReportStatus | None
    format: str
    parts: dict[ReportPart, str]


def read_results(message: Message, profile: Profile, note: Note) -> Results:
    """Decode the report parts; everything that is missing or cannot be decoded is remarked."""
    results = [one for one in message.all("OBX") if one.get(3, 1).upper() in profile.formats]
    if message.all("OBX") and not results:
        other = message.all("OBX")[0]
        note("report-format-unknown", _where(other, 3), found=other.get(3, 1)[:20])
        return Results(_status(list(message.all("OBX")), profile, note), profile.formats[0], {})
    parts: dict[ReportPart, str] = {}
    for segment in results:
        for part, encoded in _numbered(segment, note):
            text = _text(message, segment, part, encoded, note)
            if parts.setdefault(part, text) != text:
                note("report-part-repeated", _where(segment, 5), part=part.value)
    form = results[0].get(3, 1).upper() if results else profile.formats[0]
    where = _where(results[0], 5) if results else Where(segment="OBX", field=5)
    status = _status(results, profile, note)
    for fault in part_faults(parts, status, profile, lambda text: plain(text, form)):
        note(fault.code, where, **fault.values)
    return Results(status, form, {part: text for part, text in parts.items() if text})


def _where(segment: Segment, field: int) -> Where:
    return Where(segment=segment.id, sequence=segment.sequence, field=field)


def _numbered(segment: Segment, note: Note) -> Iterator[tuple[ReportPart, str]]:
    """Yield part and base64 of each repetition: `base64^3`, also `^3^base64`, `3^base64`, or the number in OBX-4."""
    for repetition in segment.repetitions(5):
        values = [one.strip() for one in segment.components(repetition)]
        filled = [one for one in values if one]
        if not filled:
            continue
        number = next((one for one in filled if one in _NUMBERS), segment.get(4) if len(filled) == 1 else "")
        payload = next((one for one in filled if one not in _NUMBERS), "")
        if number in _NUMBERS:
            yield _NUMBERS[number], payload
        else:
            note("report-part-unknown", _where(segment, 5))


def _text(message: Message, segment: Segment, part: ReportPart, encoded: str, note: Note) -> str:
    data = from_base64(encoded)
    where = _where(segment, 5)
    if data is None:
        note("report-not-base64", where, part=part.value)
        return ""
    told = codec_of(message.declared) or codec_of(message.agreed)
    text, used, mislabelled = decode(data, told or (None if message.declared else message.codec))
    if mislabelled and told:
        note("charset-mislabelled", where, declared=LABELS[told], used=LABELS[used])
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text) or text.startswith(("%PDF", "{\\rtf")):
        note("report-not-text", where, part=part.value)
        return ""
    return text.strip()


def from_base64(encoded: str) -> bytes | None:
    """Decode base64, line breaks inside and missing padding tolerated; None where it is none (blanks included)."""
    first, *lines = _LINE_BREAK.split(encoded)
    joined = "".join((first.rstrip(" \t"), *(one.strip(" \t") for one in lines))) if lines else first
    try:
        return binascii.a2b_base64(joined + "=" * (-len(joined) % 4), strict_mode=True)
    except ValueError:
        return None


def plain(text: str, form: str) -> str:
    """Return text without mark-up and with single blanks: what a length is measured on."""
    if form == "HTML":
        text = " ".join(seen for _, seen in pieces(text))
    return " ".join(text.split())


def _status(results: list[Segment], profile: Profile, note: Note) -> ReportStatus | None:
    """Return the least final status of all results: a report is as final as its least final part."""
    found = set()
    for segment in results:
        written = segment.get(11)
        status = profile.statuses.get(written)
        if status is None:
            note("report-status-unknown", _where(segment, 11), found=written[:20], expected=", ".join(profile.statuses))
            return None
        found.add(status)
    return next((one for one in _LEAST_FINAL_FIRST if one in found), None)
