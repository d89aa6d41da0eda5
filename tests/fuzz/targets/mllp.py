"""The MLLP framer: bytes of a stream in pieces."""

from __future__ import annotations

from gecit.edges.mllp_framer import CR, FS, VT, Fault, Framer, wrap
from tests.support import hl7_samples

from ..draw import Draw
from ..target import Target, must

LIMIT = 512


def one(data: bytes) -> object:
    draw = Draw(data)
    sizes = [1 + draw.byte() for _ in range(1 + draw.below(6))]
    stream = draw.rest()
    whole, pieces = Framer(LIMIT), Framer(LIMIT)
    found = whole.feed(stream) + whole.finish()
    again, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        again += pieces.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    again += pieces.finish()
    must(found == again, "another cut of the stream gives other frames")
    frames = [one for one in found if isinstance(one, bytes)]
    must(all(len(one) <= LIMIT for one in frames), "a frame beyond the limit")
    must(sum(map(len, frames)) <= len(stream), "more came out than went in")
    must(all(len(one.head) <= 1024 for one in found if isinstance(one, Fault)), "a fault holds too much")
    if not set(stream) & {VT[0], FS[0]} and len(stream) <= LIMIT:
        must(Framer(LIMIT).feed(wrap(stream) * 2) == [stream] * 2, "a message that is framed does not come out again")
    return found


def seeds() -> list[bytes]:
    message = hl7_samples.orm()[:300]
    frame = wrap(message)
    streams = [frame, frame * 2, message + FS + CR, VT + frame, b"x" * 40 + frame, frame[:-2], VT + b"MSH|" + frame,
               b"\r\n \t" + frame + b"y" * 600, VT + b"z" * 600 + FS + CR]  # fmt: skip
    return [b"\x03\x01\x07\x20" + one for one in streams]


TARGETS = (
    Target(
        name="mllp",
        reads="MLLP framer",
        holds="however a stream is cut the same frames come out; what is framed does again; no frame beyond the limit",
        one=one,
        seeds=seeds,
        tokens=(VT, FS, CR, VT + b"MSH", FS + CR),
        longest=2048,
    ),
)
