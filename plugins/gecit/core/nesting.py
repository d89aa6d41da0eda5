"""How deep the items of a DICOM data set stand in each other, told without recursion and within bounds.

PS3.5 7.5 (sequences), A.1 to A.4 (how they are encoded). Depth counts open items: a data set without sequences has
depth 0. Whatever cannot be followed is taken to be as deep as the item tags that are left would allow.
"""

from __future__ import annotations

from .values import Value

DEEPEST = 24
"""Items in each other that Orthanc is asked to read: 1.10.1 bears 30 on its HTTP threads, and ends at about 50."""

ITEM, ITEM_BIG = b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00"
LONGEST_TAG = len(ITEM)
MOST_ELEMENTS = 2_000_000  # looked at; of more nobody can tell
UNDEFINED = 0xFFFFFFFF
IMPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"})
"""Explicit VR, and JPIP Referenced: DCMTK inflates the whole data set of both (PS3.5 A.5, A.7)."""
PREAMBLE = 128

_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00010
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


class Coding(Value):
    """How elements are written: with their VR or without, in which order of bytes."""

    explicit: bool = True
    big: bool = False


class Head(Value):
    """What the file meta information says: the transfer syntax ("" = nothing), and where the data set begins."""

    syntax: str = ""
    start: int = 0


def head_of(data: bytes) -> Head:
    """Read a file's beginning (PS3.10 7.1); bytes that begin otherwise are a bare data set."""
    if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
        return Head()
    place, syntax = PREAMBLE + 4, ""
    while data[place : place + 2] == b"\x02\x00":
        element = int.from_bytes(data[place + 2 : place + 4], "little")
        wide = data[place + 4 : place + 6] not in _SHORT
        start = place + (12 if wide else 8)
        length = int.from_bytes(data[start - (4 if wide else 2) : start], "little")
        if element == 0x0010:
            syntax = data[start : start + length].decode("ascii", "replace").strip("\0 ")
        place = start + length
    return Head(syntax=syntax, start=place)


def coding_of(syntax: str, data: bytes) -> Coding:
    """Return how the data set `data` of a transfer syntax is written; without one, as its first element looks."""
    if syntax == BIG_ENDIAN:
        return Coding(big=True)
    guessed = not syntax and not data[4:6].isalpha()
    return Coding(explicit=syntax != IMPLICIT and not guessed)


def item_tags(data: bytes | bytearray, start: int = 0, end: int | None = None) -> int:
    """Count what looks like the tag of an item: no data set stands deeper than that."""
    stop = len(data) if end is None else end
    return data.count(ITEM, start, stop) + data.count(ITEM_BIG, start, stop)


class _Frame(Value):
    """A sequence or an item that is open. `end`: where it ends, None = by a delimiter."""

    item: bool
    end: int | None
    coding: Coding


def is_deep(data: bytes | bytearray, coding: Coding, limit: int = DEEPEST) -> bool:
    """Whether items stand more than `limit` deep in a data set, which may break off anywhere."""
    return _Walk(data, coding, limit).deep()


class _Walk:
    """One way through a data set; `place` only grows."""

    def __init__(self, data: bytes | bytearray, coding: Coding, limit: int) -> None:
        self._data, self._limit = data, limit
        self._coding = coding
        self._open: list[_Frame] = []
        self._depth = 0
        self._place = 0

    def deep(self) -> bool:
        for _ in range(MOST_ELEMENTS):
            self._close_ended()
            if self._depth > self._limit:
                return True
            if self._place + 8 > len(self._data):
                return False
            if not self._element():
                break
        return self._could_be(self._place, len(self._data))

    def _could_be(self, start: int, end: int) -> bool:
        return self._depth + item_tags(self._data, start, end) > self._limit

    def _close_ended(self) -> None:
        while self._open and (end := self._open[-1].end) is not None and end <= self._place:
            self._pop()

    def _pop(self) -> None:
        self._depth -= self._open.pop().item

    def _number(self, start: int, size: int) -> int:
        big = (self._open[-1].coding if self._open else self._coding).big
        return int.from_bytes(self._data[start : start + size], "big" if big else "little")

    def _element(self) -> bool:
        """Go past one element, or into it; False where it cannot be followed."""
        tag = self._number(self._place, 2) << 16 | self._number(self._place + 2, 2)
        if tag >> 16 == 0xFFFE:
            return self._mark(tag)
        if self._open and not self._open[-1].item:
            return False  # a sequence holds items alone
        return self._value(tag)

    def _mark(self, tag: int) -> bool:
        length, self._place = self._number(self._place + 4, 4), self._place + 8
        if tag == _ITEM:
            return bool(self._open) and not self._open[-1].item and self._enter(length, item=True)
        if tag == _ITEM_END:
            self._end(item=True)
        elif tag == _SEQUENCE_END:
            if self._open and self._open[-1].item:  # its last item was left open
                self._end(item=True)
            self._end(item=False)
        return True

    def _end(self, *, item: bool) -> None:
        """Close what a delimiter ends; one that ends nothing is passed by."""
        if self._open and self._open[-1].item is item and self._open[-1].end is None:
            self._pop()

    def _value(self, tag: int) -> bool:
        coding = self._open[-1].coding if self._open else self._coding
        vr, start, length = self._header(coding)
        self._place = start
        if vr == b"??":
            return False
        if tag == _PIXELS and length == UNDEFINED and vr != b"SQ":
            return self._fragments()
        if length == UNDEFINED:
            within = Coding(explicit=False) if vr == b"UN" else coding
            return vr in (b"SQ", b"UN", b"") and self._enter(length, item=False, coding=within)
        if vr == b"SQ" or (vr == b"" and self._begins_with_item(start, length)):
            return self._enter(length, item=False, coding=coding)
        return self._skip(length)

    def _header(self, coding: Coding) -> tuple[bytes, int, int]:
        """Return VR ("" = not written, "??" = none that there is), where the value starts, its length in bytes."""
        place = self._place
        if not coding.explicit:
            return b"", place + 8, self._number(place + 4, 4)
        vr = bytes(self._data[place + 4 : place + 6])
        if vr in _SHORT:
            return vr, place + 8, self._number(place + 6, 2)
        if vr in _LONG:
            return vr, place + 12, self._number(place + 8, 4)
        return b"??", place, 0

    def _begins_with_item(self, start: int, length: int) -> bool:
        return length >= 8 and self._data[start : start + 4] == ITEM

    def _enter(self, length: int, *, item: bool, coding: Coding | None = None) -> bool:
        within = coding or self._open[-1].coding
        if length == UNDEFINED:
            self._open.append(_Frame(item=item, end=None, coding=within))
            self._depth += item
            return True
        end = self._place + length
        self._depth += item
        if not self._fits(end):
            return False  # the depth stays: readers go into it all the same
        if not self._could_be(self._place, end):  # nothing in it can stand too deep
            self._depth -= item
            self._place = end
            return True
        self._open.append(_Frame(item=item, end=end, coding=within))
        return True

    def _skip(self, length: int) -> bool:
        if not self._fits(self._place + length):
            return False
        self._place += length
        return True

    def _fits(self, end: int) -> bool:
        """Whether something ends within the innermost frame that has an end."""
        bound = next((one.end for one in reversed(self._open) if one.end is not None), None)
        return bound is None or end <= bound

    def _fragments(self) -> bool:
        """Go past encapsulated pixel data (PS3.5 A.4): items of bytes, none in another."""
        while self._place + 8 <= len(self._data):
            tag = self._number(self._place, 2) << 16 | self._number(self._place + 2, 2)
            length, start = self._number(self._place + 4, 4), self._place
            self._place += 8
            if tag == _SEQUENCE_END:
                return True
            if tag != _ITEM or length == UNDEFINED:
                self._place = start
                return False
            self._place += length
        return True
