"""A DICOM file, piece by piece -> whether its items stand deeper than Orthanc is asked to read.

Most files hold fewer item tags than the limit: counting them is enough, and nothing is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from ..core.nesting import DEEPEST, DEFLATED, LONGEST_TAG, Head, coding_of, head_of, is_deep, item_tags

WHOLE = 256 * 1024  # bytes; a smaller file is looked at to its end, whatever it is
META = 64 * 1024  # within which the file meta information ends
KEPT = 64 * 1024 * 1024  # of a data set that must be walked; a longer one cannot be told
INFLATED = 512 * 1024 * 1024  # of a deflated one; what becomes more is not to be read by anybody
PIECE = 1024 * 1024


def stands_deep(pieces: Iterable[bytes], enough: int | None = None, limit: int = DEEPEST) -> bool:
    """Say whether items of a file stand more than `limit` deep, as far as is sure that they do not.

    `enough`: bytes of it that are to be looked at, None = all. Raises what `pieces` raises.
    """
    given = iter(pieces if enough is None else _first(pieces, enough))
    try:
        head, start = _head(given)
        if not head.sure:
            return any(one.encode() in start for one in DEFLATED) or _deep(chain((start,), given), head, limit)
        rest = chain((start[head.start :],), given)
        return _deep(_inflated(rest) if head.syntax in DEFLATED else rest, head, limit)
    except (zlib.error, _TooMuch):
        return True


class _TooMuch(Exception):
    """A file has more of something than anybody should read."""


def _head(pieces: Iterator[bytes]) -> tuple[Head, bytes]:
    """Read the file meta information; returns the bytes that were taken for it."""
    start = bytearray()
    for piece in pieces:
        start += piece
        if len(start) >= META:
            break
    head = head_of(bytes(start))
    if head.start > META:  # longer than any that there is
        raise _TooMuch
    return head, bytes(start)


def _deep(pieces: Iterable[bytes], head: Head, limit: int) -> bool:
    """Of a head that is not sure nothing is walked, and `pieces` is all: its items may all stand in each other."""
    kept, end, size, found = bytearray(), b"", 0, 0
    longest = KEPT if head.sure else 0
    for piece in pieces:
        found += item_tags(end + piece)
        end = (end + piece)[1 - LONGEST_TAG :]
        size += len(piece)
        if size <= longest:
            kept += piece
        elif found > limit:
            return True
    if found <= limit:
        return False
    return size > len(kept) or is_deep(kept, coding_of(head.syntax, bytes(kept[:8])), limit)


def _first(pieces: Iterable[bytes], enough: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece)
        if size >= enough:
            return


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate a deflated data set (PS3.5 A.5), never more than a piece at once."""
    packer, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    for piece in pieces:
        rest = piece
        while rest and not packer.eof:
            made = packer.decompress(rest, PIECE)
            rest = packer.unconsumed_tail
            size += len(made)
            if size > INFLATED:
                raise _TooMuch
            yield made
