"""How deep the items of a DICOM file stand: what Orthanc is not asked to read, since it would end."""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Iterator

from gecit.core.nesting import DEFLATED, ITEM, ITEM_BIG, item_tags
from gecit.edges.dicom_depth import stands_deep
from tests.edges.test_dose_sr import nested, written
from tests.support.odd_files import odd_file, shown_depth

from ..target import Target, must

LIMITS = (1, 2, 4, 8, 24)
LONGEST = 4096
BUILT = 128  # from this first byte on, the rest are choices of a file, not one


def nesting(data: bytes) -> object:
    """The first two bytes say the limit, what the rest is, and in which pieces it comes."""
    first, second = (data + b"\0\0")[:2]
    limit, size = LIMITS[first % len(LIMITS)], 1 + second * 3
    file = odd_file(data[2:]) if first >= BUILT else data[2:]
    found = stands_deep([file], limit=limit)
    pieces = (file[start : start + size] for start in range(0, len(file), size))
    must(stands_deep(pieces, limit=limit) == found, "another answer in pieces")
    must(not found or stands_deep([file], limit=limit - 1), "deeper than much, and not than less")
    if not found and (item_tags(file) > limit or any(one.encode() in file for one in DEFLATED)):
        read = depth(file)
        must(read <= limit, f"DCMTK reads items {read} deep where at most {limit} are told")
    return found


def depth(file: bytes) -> int:
    """Return how deep DCMTK, which Orthanc reads with, goes into a file, though it may give it up later."""
    with tempfile.NamedTemporaryFile(prefix="gecit-fuzz-", suffix=".dcm") as kept:
        kept.write(file)
        kept.flush()
        command = ["timeout", "2", "dcmdump", "+E", "-q", kept.name]  # told to go on after faults it may do so for ever
        said = subprocess.run(command, capture_output=True, check=False).stdout
    return shown_depth(said)


def seeds() -> Iterator[bytes]:
    for syntax in ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"):
        for number, deep in enumerate((0, 1, 3, 7, 23)):
            for size in (0, 20):
                yield bytes((number, size)) + written(nested(deep), syntax)
    choices = random.Random(1)
    for first in range(BUILT, BUILT + 32):
        yield bytes((first, 20)) + choices.randbytes(600)


TARGETS = (
    Target(
        name="nesting",
        reads="how deep items stand in a DICOM file, before Orthanc is asked to read it",
        holds="never raises; the same in any pieces; never less deep than DCMTK reads it",
        one=nesting,
        seeds=seeds,
        tokens=(
            ITEM + b"\xff\xff\xff\xff",
            ITEM_BIG + b"\xff\xff\xff\xff",
            b"\xfe\xff\x0d\xe0\0\0\0\0",
            b"\xfe\xff\xdd\xe0\0\0\0\0",
            b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff",
            b"\x40\x00\x30\xa7UN\0\0\xff\xff\xff\xff",
            b"\x40\x00\x30\xa7\xff\xff\xff\xff",
            b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff",
            b"1.2.840.10008.1.2.2",
            b"1.2.840.10008.1.2.4.95",
        ),
        longest=LONGEST,
    ),
)
