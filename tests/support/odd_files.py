"""DICOM files that are not as PS3.5 has them: lengths that do not fit, delimiters where none belongs, a strange meta.

What of them a reader reads is its own affair; how deep one reads is what Orthanc's life hangs on.
"""

from __future__ import annotations

import re
import struct
import zlib

EXPLICIT, IMPLICIT, BIG, DEFLATED = (f"1.2.840.10008.1.2{end}" for end in (".1", "", ".2", ".1.99"))
SYNTAXES = (EXPLICIT, IMPLICIT, EXPLICIT, IMPLICIT, BIG, DEFLATED, "1.2.840.10008.1.2.4.50", "1.2.3.4")
ITEM, ITEM_END, SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
SEQUENCES = (
    (0x8, 0x1110),
    (0x8, 0x1115),
    (0x8, 0x1140),
    (0x9, 0x1001),
    (0x20, 0x9222),
    (0x40, 0x275),
    (0x40, 0xA043),
    (0x40, 0xA730),
)
"""In their order and each once: DCMTK reads what comes twice, and shows it once."""
OTHERS = ((0x40, 0xA160), (0x7FE0, 0x10), (0x8, 0x18), (0x9999, 0x9999), ITEM, ITEM_END, SEQUENCE_END, (0xFFFE, 0x1))
SHORT = ("LO", "PN", "??", "\0\0")  # VRs whose length has two bytes
LONG = ("SQ", "UN", "OB", "OW", "UT")
SHIFTS = (-12, -8, -4, -2, 2, 4, 8, 12, 16, 64, 1_000_000)
UNDEFINED = 0xFFFFFFFF
_SHOWN = re.compile(rb"^( *)\(fffe,e000\) na", re.MULTILINE)


def shown_depth(dump: bytes) -> int:
    """Return how deep items stand in what dcmdump printed: a sequence two spaces further in, its items two more."""
    return max((len(found[1]) + 2 for found in _SHOWN.finditer(dump)), default=0) // 4


def odd_file(choices: bytes) -> bytes:
    """Build a file; each byte is a choice, and where they end all is as it should be and comes to its end."""
    return _Builder(choices).file()


class _Builder:
    def __init__(self, choices: bytes) -> None:
        self._choices = iter(choices)
        self._syntax = SYNTAXES[self._of(len(SYNTAXES))]
        self._explicit = self._syntax != IMPLICIT
        self._order = ">" if self._syntax == BIG else "<"
        self._oddness = (0, 5, 13, 26, 77)[self._of(5)]  # of 256 choices
        self._deepest = (2, 3, 6)[self._of(3)]

    def _of(self, number: int) -> int:
        return next(self._choices, 0) % number

    def _odd(self, times: int = 1) -> bool:
        return next(self._choices, 0) >= 256 - self._oddness * times

    def _numbers(self, kinds: str, *numbers: int) -> bytes:
        return struct.pack(self._order + kinds, *numbers)

    def file(self) -> bytes:
        data = self._elements(0, 1 + self._of(4))
        if self._of(10) < 9:
            data = self._head((0x8, 0x16), "UI", 4) + b"1.2\0" + data
        if self._syntax == DEFLATED:
            packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            data = packer.compress(data) + packer.flush()
        return bytes(128) + b"DICM" + self._meta() + data

    def _meta(self) -> bytes:
        syntax = self._syntax.encode() + b"\0" * (len(self._syntax) % 2)
        named = b"UI" + struct.pack("<H", len(syntax)) + syntax
        rest = b"\x02\0\x10\0" + named
        if self._odd():
            rest = b"\x49\0\x10\0" + named + rest
        length = len(rest) + (SHIFTS[self._of(len(SHIFTS))] if self._odd() else 0)
        return b"\x02\0\0\0UL\4\0" + struct.pack("<I", max(0, length)) + rest

    def _elements(self, depth: int, number: int) -> bytes:
        return b"".join(self._element(depth, place) for place in range(number))

    def _items(self, depth: int) -> bytes:
        made = b""
        for _ in range((0, 1, 1, 1, 2)[self._of(5)] if depth else 1 + self._of(3)):
            body = self._elements(depth + 1, (0, 1, 1, 2, 3)[self._of(5)]) if depth < self._deepest else b""
            length = self._length(body)
            made += self._head(ITEM, "", length) + body + self._delimiter(length, ITEM_END)
        return made

    def _element(self, depth: int, place: int) -> bytes:
        tag, vr = SEQUENCES[place * 2 + self._of(2)], "SQ"
        if self._odd(3):
            tag = OTHERS[self._of(len(OTHERS))]
        if self._odd(3):
            vr = (*LONG, *SHORT)[self._of(len(LONG) + len(SHORT))]
        body = b"    " if self._odd() else self._items(depth)
        if self._odd():
            body = self._head((SEQUENCE_END, ITEM_END)[self._of(2)], "", 0) + body
        length = self._length(body)
        return self._head(tag, vr, length) + body + self._delimiter(length, SEQUENCE_END)

    def _length(self, body: bytes) -> int:
        if self._odd():
            return max(0, len(body) + SHIFTS[self._of(len(SHIFTS))])
        return UNDEFINED if self._of(2) else len(body)

    def _head(self, tag: tuple[int, int], vr: str, length: int) -> bytes:
        start = self._numbers("HH", *tag)
        if not self._explicit or tag[0] == ITEM[0]:
            return start + self._numbers("I", length)
        if vr in (*SHORT, "UI"):
            return start + vr.encode() + self._numbers("H", min(length, 0xFFFF))
        return start + vr.encode() + b"\0\0" + self._numbers("I", length)

    def _delimiter(self, length: int, tag: tuple[int, int]) -> bytes:
        """Close what has no length; where it is odd what has one, and the other not."""
        return self._head(tag, "", 4 if self._odd() else 0) if (length == UNDEFINED) != self._odd() else b""
