"""HL7 v2 from bytes: the hot path's reader. It splits lazily and tolerates and remarks what the field sends.

It never raises on content: what is no HL7 gives a message without segments and the remark `not-hl7`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gecit.core.codes_of_remarks import remark
from gecit.core.remarks import Remark, Where

MOST_SEGMENTS = 2_000
"""Of one message: fifty times what a long report has. Beyond, each one more is looked for in all the others."""

LONGEST_SEGMENT = 64 * 1024
"""Characters of any segment but OBX, which holds reports."""

MOST_ALIKE = 20
"""Remarks of one code: whoever mends twenty places has found the others."""

UTF8, WINDOWS1254, ASCII = "utf-8", "cp1254", "ascii"
CODECS = {
    # MSH-18 as sent, upper case, without blanks, `-` and `_`. HL7 v2.3.1 table 0211, and what the Ministry names.
    "UTF8": UTF8,
    "UNICODEUTF8": UTF8,
    "UNICODE": UTF8,
    "WINDOWS1254": WINDOWS1254,
    "CP1254": WINDOWS1254,
    # 8859/9 and 1254 agree in all letters; senders that say the first use the quotation marks of the second.
    "8859/9": WINDOWS1254,
    "88599": WINDOWS1254,
    "ISO88599": WINDOWS1254,
    "ISOIR148": WINDOWS1254,
    "LATIN5": WINDOWS1254,
    "ASCII": ASCII,
    "ISOIR6": ASCII,
}
LABELS = {UTF8: "UTF8", WINDOWS1254: "Windows1254", ASCII: "ASCII"}
"""How the Ministry writes each character set in MSH-18."""


class Separators(NamedTuple):
    """MSH-1 and MSH-2 as sent; a missing one stands at its HL7 default."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    sub: str = "&"


class Segment:
    """One segment; fields are split when first asked for. `sequence` counts from 1 among segments of its name."""

    __slots__ = ("_fields", "_message", "id", "raw", "sequence")

    def __init__(self, message: Message, raw: str, sequence: int) -> None:
        self._message = message
        self._fields: list[str] | None = None
        self.raw = raw
        self.id = raw[:3]
        self.sequence = sequence

    @property
    def component_mark(self) -> str:
        """The component separator of the message."""
        return self._message.separators.component

    def field(self, number: int) -> str:
        """Return a field as sent, separators and escapes inside; empty where it is missing."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self._split()
        return fields[number] if number < len(fields) else ""

    def _split(self) -> list[str]:
        separators = self._message.separators
        fields = self.raw.split(separators.field)
        # HL7 v2.3.1 2.24.1.1: MSH-1 is the separator itself, so MSH-2 follows the first one.
        return ["MSH", separators.field, *fields[1:]] if self.id == "MSH" else fields

    def repetitions(self, number: int) -> Sequence[str]:
        """Return a field's repetitions as sent; none where it is empty."""
        fields = self._fields
        if fields is None:
            fields = self._fields = self._split()
        if number >= len(fields) or not (value := fields[number]):
            return ()
        mark = self._message.separators.repetition
        return value.split(mark) if mark in value else (value,)

    def components(self, repetition: str) -> list[str]:
        """Return a repetition's components, unescaped (subcomponents undivided)."""
        unescape = self._message.unescape
        return [unescape(one) for one in repetition.split(self._message.separators.component)]

    def get(self, number: int, component: int = 1, sub: int = 1, repetition: int = 0) -> str:
        """Return one value, unescaped and trimmed; empty where missing. Repetitions count from 0, all else from 1."""
        value = self.field(number)
        if not value:
            return ""
        if self.id == "MSH" and number <= 2:
            return value
        found = self.repetitions(number)
        return self.part(found[repetition], component, sub) if repetition < len(found) else ""

    def part(self, repetition: str, component: int = 1, sub: int = 1) -> str:
        """Return one value of a repetition, unescaped and trimmed."""
        _, mark, _, escape, divider = self._message.separators
        value = repetition
        if mark in value or component > 1:  # asked some sixty times a message: a call less each time is felt
            value = _nth(value, mark, component)
        if divider in value or sub > 1:
            value = _nth(value, divider, sub)
        if escape in value:
            value = self._message.unescape(value)
        return value.strip()

    def subcomponents(self, number: int, component: int) -> list[str]:
        """Return the subcomponents of a field's first repetition, unescaped and trimmed; none where it is empty."""
        separators = self._message.separators
        written = next(iter(self.repetitions(number)), "")
        value = _nth(written, separators.component, component)
        return [self._message.unescape(one).strip() for one in value.split(separators.sub)] if value else []


def _nth(value: str, separator: str, number: int) -> str:
    """Return the part of that number, from 1; what is not divided is its own first part."""
    if separator in value:
        parts = value.split(separator, number)
        return parts[number - 1] if number <= len(parts) else ""
    return value if number == 1 else ""


class Message:
    """A message as read: `segments` in order, the character set it turned out to be in, and what deviated."""

    __slots__ = ("_by_id", "_unescape", "agreed", "codec", "declared", "remarks", "segments", "separators")

    def __init__(self, separators: Separators, codec: str, declared: str, agreed: str) -> None:
        self.separators = separators
        self.codec = codec  # Python's name: what the bytes were
        self.declared = declared  # MSH-18 as sent
        self.agreed = agreed
        self.segments: list[Segment] = []
        self.remarks: list[Remark] = []
        self._by_id: dict[str, list[Segment]] = {}
        self._unescape = _unescaper(separators.escape)

    def add(self, raw: str) -> None:
        """Take in one segment."""
        same = self._by_id.setdefault(raw[:3], [])
        segment = Segment(self, raw, len(same) + 1)
        same.append(segment)
        self.segments.append(segment)

    def all(self, name: str) -> Sequence[Segment]:
        """Return the segments of a name, in order."""
        return self._by_id.get(name, ())

    def first(self, name: str) -> Segment | None:
        """Return the first segment of a name."""
        found = self._by_id.get(name)
        return found[0] if found else None

    def get(self, name: str, number: int, component: int = 1, sub: int = 1) -> str:
        """Return one value of the first segment of a name; empty where either is missing."""
        found = self._by_id.get(name)
        return found[0].get(number, component, sub) if found else ""

    def unescape(self, value: str) -> str:
        r"""Resolve `\F\ \S\ \T\ \R\ \E\ \Xhh\ \.br\ ` (HL7 v2.3.1 2.9); an unknown escape stays as it is."""
        if self.separators.escape not in value:
            return value
        return self._unescape.sub(self._resolve, value)

    def _resolve(self, match: re.Match[str]) -> str:
        code = match[1]
        separators = self.separators
        simple = {
            "F": separators.field,
            "S": separators.component,
            "T": separators.sub,
            "R": separators.repetition,
            "E": separators.escape,
            ".br": "\n",
            ".sp": "\n",
            "H": "",
            "N": "",
        }
        if code in simple:
            return simple[code]
        if code[:1] == "X":
            try:
                return bytes.fromhex(code[1:]).decode(self.codec, "replace")
            except ValueError:
                return match[0]
        return match[0]


@lru_cache(maxsize=32)
def _unescaper(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(f"{mark}([^{mark}]*){mark}")


@lru_cache(maxsize=32)
def _segment_break(field: str) -> Callable[[str], list[str]]:
    """Line ends that begin a new segment; any other stays inside its field (base64 in OBX-5)."""
    # A run of line ends is looked at once, from its beginning: it may be as long as a message.
    return re.compile(rf"(?<![\r\n])[\r\n]++(?=[A-Z][A-Z0-9]{{2}}(?:{re.escape(field)}|[\r\n]|$))").split


def _segments(text: str, field: str) -> list[str]:
    """Cut a message into segments: what every sender should write is cut fast, whatever else is looked at closely."""
    lines = text.split("\r")
    if "\n" not in text and all(one[3:4] == field and _is_name(one[:3]) for one in lines):
        return lines
    return _segment_break(field)(text)


@lru_cache(maxsize=256)
def _is_name(start: str) -> bool:
    return re.fullmatch("[A-Z][A-Z0-9]{2}", start) is not None


class Decoded(NamedTuple):
    """Text, the codec that it turned out to be in, and whether that contradicts what was declared."""

    text: str
    codec: str
    mislabelled: bool


def codec_of(label: str) -> str | None:
    """Return Python's codec for an MSH-18 label (or an agreed one); None for an unknown or empty label."""
    return CODECS.get(label.upper().replace("-", "").replace("_", "").replace(" ", ""))


def decode(data: bytes, codec: str | None) -> Decoded:
    """Decode text of a declared `codec` (None = undeclared), believing the bytes where they contradict it."""
    if data.isascii():
        return Decoded(data.decode(ASCII), codec or UTF8, False)
    try:
        text = data.decode(UTF8)
    except UnicodeDecodeError:
        return Decoded(data.decode(WINDOWS1254, "replace"), WINDOWS1254, codec in (UTF8, ASCII))
    if codec == WINDOWS1254 and not _looks_like_utf8(text):
        return Decoded(data.decode(WINDOWS1254, "replace"), WINDOWS1254, False)
    return Decoded(text, UTF8, codec in (WINDOWS1254, ASCII))


def _looks_like_utf8(text: str) -> bool:
    # `İ’` in Windows-1254 is valid UTF-8 too, but of a letter no Turkish sender writes: U+0752. So what was decoded
    # counts only where it gives some character that Windows-1254 also has.
    return any(letter in _TURKISH_SET for letter in set(text))


_TURKISH_SET = frozenset(bytes(range(0x80, 0x100)).decode(WINDOWS1254, "ignore"))


def parse(data: bytes, *, agreed: str = "") -> Message:
    """Read one message; `agreed` is the character set agreed with the sender, used where MSH-18 is silent."""
    data = data.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x0b\x1c")
    separators = _separators(data)
    if separators is None:
        return _not_hl7(agreed)
    declared = _declared(data, separators)
    told = codec_of(declared) or codec_of(agreed)
    text, codec, mislabelled = decode(data, told)
    message = Message(separators, codec, declared, agreed)
    raws = _segments(text, separators.field)
    for raw in raws[:MOST_SEGMENTS]:
        message.add(raw if raw.startswith("OBX") else raw[:LONGEST_SEGMENT])
        if len(message.segments[-1].raw) < len(raw):
            place = Where(segment=raw[:3], sequence=message.segments[-1].sequence)
            message.remarks.append(remark("segment-too-long", place, limit=LONGEST_SEGMENT))
    if len(raws) > MOST_SEGMENTS:
        message.remarks.append(remark("too-many-segments", limit=MOST_SEGMENTS))
    _remark(message, text, told, mislabelled)
    return message


def _not_hl7(agreed: str) -> Message:
    message = Message(Separators(), codec_of(agreed) or UTF8, "", agreed)
    message.remarks.append(remark("not-hl7"))
    return message


def _separators(data: bytes) -> Separators | None:
    """Read MSH-1 and MSH-2; None where they cannot serve."""
    if not data.startswith(b"MSH") or len(data) < 5:
        return None
    field = data[3:4]
    encoding = data[4:9].split(field)[0][:4].split(b"\r")[0]
    marks = (field + encoding).decode("latin-1")
    unusable = len(set(marks)) < len(marks) or any(mark.isalnum() or mark < " " or mark > "~" for mark in marks)
    return None if unusable else Separators(*marks)


def _declared(data: bytes, separators: Separators) -> str:
    """Return MSH-18 as sent; its first repetition is the character set of the message."""
    header = re.split(rb"[\r\n]", data, maxsplit=1)[0].split(separators.field.encode(), 18)
    value = header[17] if len(header) > 17 else b""
    return value.split(separators.repetition.encode())[0].decode(ASCII, "replace").strip()


def _remark(message: Message, text: str, told: str | None, mislabelled: bool) -> None:
    where, used = Where(field=18), LABELS[message.codec]
    if mislabelled:
        declared = message.declared if codec_of(message.declared) else message.agreed
        message.remarks.append(remark("charset-mislabelled", where, declared=declared, used=used))
    if message.declared and not codec_of(message.declared):
        message.remarks.append(remark("charset-unknown", where, found=message.declared[:20], used=used))
    elif told is None and not text.isascii():
        message.remarks.append(remark("charset-undeclared", where, used=used))
    if "\0" in text:
        message.remarks.append(remark("binary", next(_holding(message, "\0"))))
    broken = islice(_holding(message, "\r", "\n"), MOST_ALIKE)
    message.remarks += [remark("line-break-inside", place) for place in broken]


def _holding(message: Message, *what: str) -> Iterator[Where]:
    for segment in message.segments:
        if any(one in segment.raw for one in what):
            yield Where(segment=segment.id, sequence=segment.sequence)
