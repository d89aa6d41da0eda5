"""Inputs for the ordinary suite, without atheris: seeds, kept inputs, and both spoilt in the ways that fuzzers know."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .target import Target

MARKS = (b"\0", b"\xff", b"\r", b"\n", b"'", b'"', b"<", b"|", b"^", b";", b"=", b"%", b"\\", b"{", b"[", b"9" * 30)


def inputs(target: Target, begun: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Yield `count` inputs, the ones begun with first; the same ones each time."""
    random_ = random.Random(target.name)
    known = [*begun] or [b""]
    yield from known[:count]
    for _ in range(count - len(known)):
        data = random_.choice(known)
        for _ in range(1 + random_.randrange(6)):
            data = spoilt(data, known, target.tokens, random_)
        yield data[: target.longest]


def spoilt(data: bytes, known: Sequence[bytes], tokens: Sequence[bytes], random_: random.Random) -> bytes:
    """Change one place."""
    at = random_.randrange(len(data) + 1)
    length = random_.randrange(1, 17)
    match random_.randrange(8):
        case 0:
            return data[:at] + random_.randbytes(length) + data[at:]
        case 1:
            return data[:at] + data[at + length :]
        case 2:
            return data[:at] + bytes([random_.randrange(256)]) + data[at + 1 :]
        case 3:
            return data[:at] + random_.choice([*tokens, *MARKS]) + data[at:]
        case 4:
            other = random_.choice(known)
            return data[:at] + other[random_.randrange(len(other) + 1) :]
        case 5:
            return data[:at] + data[at : at + length] * random_.randrange(2, 40) + data[at + length :]
        case 6:
            return data[:at]
    return data[:at] + random_.choice([*tokens, *MARKS]) + data[at + length :]
