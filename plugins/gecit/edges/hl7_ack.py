"""The answer to a message: an HL7 2.3.1 ACK from a template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from gecit.core.remarks import Remark, Severity, worst
from gecit.core.values import local

from .hl7_reader import LABELS, UTF8, Message, codec_of

MSA3_MAX = 80  # HL7 v2.3.1 MSA-3
_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " ", "\t": " "}
    | {chr(code): "" for code in (*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F)}
)


def escape(text: str) -> str:
    """Write text so that it is one value in the standard separators; control characters are left out."""
    return text.translate(_ESCAPES)


def acknowledge(request: Message | None, remarks: Sequence[Remark], now: datetime, control_id: str) -> bytes:
    """Answer `request` (None = it could not be read) by its remarks; `control_id` is the MSH-10 of the ACK itself.

    MSA-1 is the worst severity. An AA has no ERR, its notes are named in MSA-3; an AE or AR has one ERR-1 repetition
    for every remark. The bytes are in the character set that the request turned out to be in, and MSH-18 says so.
    """
    code = worst(list(remarks))
    codec, label = _character_set(request)
    header = ("MSH", "^~\\&", *_parties(request), _time(now), "", _type(request), escape(control_id), "P", "2.3.1")
    lines = [
        "|".join((*header, "", "", "", "", "", label)),
        "|".join(("MSA", code.value, escape(request.get("MSH", 10)) if request else "", _summary(remarks, code))),
    ]
    if code is not Severity.NOTE:
        lines.append("ERR|" + "~".join(_error(one) for one in remarks))
    return ("\r".join(lines) + "\r").encode(codec, "replace")


def _parties(request: Message | None) -> tuple[str, str, str, str]:
    """Return MSH-3 to MSH-6: receiver and sender of the request, swapped."""
    sender, site, receiver, our_site = (_echo(request, number) for number in (3, 4, 5, 6))
    return receiver or "GECIT", our_site, sender, site


def _type(request: Message | None) -> str:
    """Return MSH-9: the general acknowledgment with the request's event and, as v2.3.1 has it, the structure."""
    event = request.get("MSH", 9, 2) if request else ""
    return f"ACK^{escape(event)[:3]}^ACK" if event.isalnum() else "ACK^^ACK"


def _echo(request: Message | None, number: int) -> str:
    """Write a field of the request's MSH again, in the standard separators."""
    header = request.first("MSH") if request else None
    found = header.repetitions(number) if header else []
    return "^".join(escape(one) for one in header.components(found[0])) if header and found else ""


def _character_set(request: Message | None) -> tuple[str, str]:
    if request is None:
        return UTF8, LABELS[UTF8]
    declared = codec_of(request.declared)
    return request.codec, request.declared if declared == request.codec else LABELS[request.codec]


def _time(now: datetime) -> str:
    return _written(now.replace(microsecond=0))


@lru_cache(maxsize=8)
def _written(second: datetime) -> str:
    return local(second).strftime("%Y%m%d%H%M%S%z")


def _summary(remarks: Sequence[Remark], code: Severity) -> str:
    """Return MSA-3: the first remark that decided, or the codes of an AA's notes; at most 80 characters as written."""
    if code is Severity.NOTE:
        text = ", ".join(dict.fromkeys(one.code for one in remarks))
    else:
        first = next(one for one in remarks if one.severity is code)
        text = f"{first.code}: {first.text.tr}"
    return _fit(text)


def _fit(text: str) -> str:
    written = escape(text)
    if len(written) <= MSA3_MAX:
        return written
    text = text[:MSA3_MAX]
    while len(written := escape(text) + "...") > MSA3_MAX:
        text = text[:-1]
    return written


def _error(one: Remark) -> str:
    """Return one repetition of ERR-1 (HL7 v2.3.1 2.24.4.1): segment, sequence, field, and the code as a CE."""
    where = one.where
    element = (one.code, one.text.tr, "GECIT", one.code, one.text.en, "GECIT")
    place = (where.segment, str(where.sequence), str(where.field) if where.field else "")
    return "^".join((*(escape(part) for part in place), "&".join(escape(part) for part in element)))
