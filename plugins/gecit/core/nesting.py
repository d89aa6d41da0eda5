"""How deep the items of a DICOM data set stand in each other, told without recursion and within bounds.

PS3.5 7.5 (sequences), A.1 to A.4 (how they are encoded). Depth counts open items: a data set without sequences has
depth 0. Whatever cannot be followed is taken to be as deep as the item tags that are left would allow.
"""

from __future__ import annotations

from typing import Literal

from .values import Value

DEEPEST = 24
"""Items in each other that Orthanc is asked to read: 1.10.1 bears 30 on its HTTP threads, and ends at about 50."""

ITEM, ITEM_BIG = b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00"
LONGEST_TAG = len(ITEM)
_LONGEST_HEAD = 12  # of an element: tag, VR, length
MOST_ELEMENTS = 2_000_000  # looked at; of more nobody can tell
UNDEFINED = 0xFFFFFFFF
IMPLICIT = frozenset({"1.2.840.10008.1.2", "1.2.840.113619.5.2"})
"""The second is a vendor's, which DCMTK knows."""
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"})
"""Explicit VR, and JPIP Referenced: DCMTK inflates the whole data set of both (PS3.5 A.5, A.7)."""
PREAMBLE = 128

_OF_DICOM = "1.2.840.10008.1.2."
_PICTURES = (*range(50, 67), 70, 80, 81, *range(90, 96), *range(100, 109))
_EXPLICIT = DEFLATED | {_OF_DICOM + one for one in ("1", "5", *(f"4.{number}" for number in _PICTURES))}
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXELS = 0x7FE00010
_SHORT = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())


class Coding(Value):
    """How elements are written: with their VR or without, in which order of bytes."""

    explicit: bool = True
    big: bool = False


class Head(Value):
    """What the file meta information says: the transfer syntax ("" = nothing), and where the data set begins.

    `sure`: it is as PS3.10 7.1 has it, so that every reader finds the same. Of another one reader ends it by its
    length, a second one by its tags, and each may take another transfer syntax from it.
    """

    syntax: str = ""
    start: int = 0
    sure: bool = False


def head_of(data: bytes) -> Head:
    """Read a file's beginning (PS3.10 7.1); bytes that begin otherwise are a bare data set."""
    place = PREAMBLE + 4
    if data[PREAMBLE:place] != b"DICM":
        return Head()
    sure = data[place : place + 8] == b"\x02\x00\x00\x00UL\x04\x00"
    end = place + 12 + int.from_bytes(data[place + 8 : place + 12], "little")
    syntaxes = []
    while data[place : place + 2] == b"\x02\x00":
        element, vr = int.from_bytes(data[place + 2 : place + 4], "little"), data[place + 4 : place + 6]
        wide = vr not in _SHORT
        start = place + (12 if wide else 8)
        length = int.from_bytes(data[start - (4 if wide else 2) : start], "little")
        sure = sure and (vr in _SHORT or vr in _LONG)
        if element == 0x0010:
            syntaxes.append(data[start : start + length])
        place = start + length
    syntax = syntaxes[0].decode("ascii", "replace").strip("\0 ") if syntaxes else ""
    padded = [syntax.encode() + b"\0" * (len(syntax) % 2)]
    return Head(syntax=syntax, start=place, sure=sure and place == end and syntaxes == padded)


def coding_of(syntax: str, data: bytes) -> Coding | None:
    """Return how the data set `data` of a transfer syntax is written; None where readers may differ.

    DCMTK looks at the first element where it does not know the syntax; group 0008 it takes for nothing else.
    """
    if syntax == BIG_ENDIAN:
        return Coding(big=True)
    if syntax in IMPLICIT:
        return Coding(explicit=False)
    if syntax in _EXPLICIT:
        return Coding()
    vr = data[4:6]
    return Coding(explicit=vr in _SHORT or vr in _LONG) if data[:2] == b"\x08\x00" else None


def item_tags(data: bytes | bytearray, start: int = 0, end: int | None = None) -> int:
    """Count what looks like the tag of an item: no data set stands deeper than that."""
    stop = len(data) if end is None else end
    return data.count(ITEM, start, stop) + data.count(ITEM_BIG, start, stop)


class _Frame(Value):
    """A sequence or an item that is open. `end`: where it ends, None = by a delimiter."""

    item: bool
    end: int | None
    coding: Coding


def is_deep(data: bytes | bytearray, coding: Coding | None, limit: int = DEEPEST) -> bool:
    """Whether items stand more than `limit` deep in a data set, which may break off anywhere."""
    return _Walk(data, coding, limit).deep() if coding else item_tags(data) > limit


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
            if self._depth > self._limit:
                return True
            self._close_ended()
            if self._place + 8 > len(self._data):
                return False
            if not self._element():
                break
        return self._could_be(self._place, len(self._data))

    def _could_be(self, start: int, end: int) -> bool:
        return self._depth + item_tags(self._data, start, end + LONGEST_TAG - 1) > self._limit

    def _stays_within(self, start: int, end: int) -> bool:
        """Whether nothing that begins here goes on past the end, wherever a reader might look.

        DCMTK holds an item against no sequence around it, what has no length against nothing, and lets a delimiter
        end what has a length: then bytes behind the end are read as another thing than they are.
        """
        if self._data.find(b"\xff\xff\xff\xff", start, end + _LONGEST_HEAD) >= 0:
            return False
        return self._marks_fit(start, end, ITEM, "little") and self._marks_fit(start, end, ITEM_BIG, "big")

    def _marks_fit(self, start: int, end: int, item: bytes, order: Literal["little", "big"]) -> bool:
        group = item[:2]
        place = self._data.find(group, start, end + 1)
        while place >= 0:
            length = int.from_bytes(self._data[place + 4 : place + 8], order)
            if self._data[place : place + 4] != item or place + 8 + length > end:
                return False
            place = self._data.find(group, place + 1, end + 1)
        return True

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
        in_item = bool(self._open) and self._open[-1].item
        if tag == _ITEM and (in_item or not self._open):
            return False
        length, self._place = self._number(self._place + 4, 4), self._place + 8
        if tag == _ITEM:
            return self._enter(length, item=True)
        if tag == _ITEM_END:
            return self._end(item=True)
        if tag == _SEQUENCE_END:
            return (not in_item or self._end(item=True)) and self._end(item=False)  # its last item may be left open
        return False

    def _end(self, *, item: bool) -> bool:
        """Close what a delimiter ends; one that stands in nothing is passed by."""
        if self._open and (self._open[-1].item is not item or self._open[-1].end is not None):
            return False
        if self._open:
            self._pop()
        return True

    def _value(self, tag: int) -> bool:
        coding = self._open[-1].coding if self._open else self._coding
        vr, start, length = self._header(coding)
        self._place = start
        if vr == b"??":
            return False
        if tag == _PIXELS and length == UNDEFINED and vr in (b"OB", b"OW", b""):
            return self._fragments()
        if length == UNDEFINED:
            within = Coding(explicit=False) if vr == b"UN" else coding
            return vr in (b"SQ", b"UN", b"") and self._enter(length, item=False, coding=within)
        if vr == b"SQ" or (vr == b"" and self._begins_as_sequence(start, length)):
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

    def _begins_as_sequence(self, start: int, length: int) -> bool:
        return length > 0 and self._data[start : start + 2] == ITEM[:2]

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
        if not self._could_be(self._place, end) and self._stays_within(self._place, end):
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
