"""What stands in a file that an integrator hands over: HL7 messages, a DICOM instance, or neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from errno import EINVAL
from itertools import pairwise
from pathlib import Path
from stat import S_ISREG

from .dicom_files import looks_like_dicom
from .mllp_framer import VT, Fault, Framer

HEAD = 4096
MAX_BYTES = 64 * 1024 * 1024
"""The largest HL7 file that is read."""

_LEADING = b"\xef\xbb\xbf \t\r\n\x0b"
_STARTS = (b"MSH", b"FHS", b"BHS")  # HL7 v2.3.1 2.23: a batch file begins with FHS or BHS
_MESSAGE = re.compile(rb"(?:\A|(?<=[\r\n]))(?=MSH[^A-Za-z0-9\s])")
_TRAILER = re.compile(rb"(?<![\r\n])[\r\n]+(?:BTS|FTS|BHS|FHS)[^A-Za-z0-9\s][^\r\n]*")


def files_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files of paths, folders searched through in order of name; hidden ones are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for one in sorted(path.rglob("*")):
            # a link that leads nowhere is named as unreadable; a pipe or a socket would never end
            if (one.is_file() or one.is_symlink()) and not any(
                part.startswith(".") for part in one.relative_to(path).parts
            ):
                yield one


def kind_of(path: Path) -> str:
    """Return `hl7` or `dicom` by the file's content, never by its name; empty for anything else.

    OSError for a pipe or a device, or a link to one: reading it might never end.
    """
    if not S_ISREG(path.stat().st_mode):
        raise OSError(EINVAL, "boru ya da aygıt / a pipe or a device")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if looks_like_dicom(head):
        return "dicom"
    return "hl7" if head.lstrip(_LEADING).startswith(_STARTS) or VT + b"MSH" in head else ""


def messages_in(data: bytes) -> list[bytes | Fault]:
    """Return a file's messages and framing faults: MLLP frames, or messages that follow each other bare."""
    return _framed(data) if VT in data else list(_bare(data))


def _framed(data: bytes) -> list[bytes | Fault]:
    framer = Framer(MAX_BYTES)
    return [*framer.feed(data), *framer.finish()]


def _bare(data: bytes) -> Iterator[bytes]:
    text = data.removeprefix(b"\xef\xbb\xbf")
    places = [one.start() for one in _MESSAGE.finditer(text)]
    for begin, end in pairwise([*places, len(text)]):
        yield _TRAILER.sub(b"", text[begin:end]).strip(b"\r\n\x1c \t")
