"""MLLP framing by itself: bytes in, frames and faults out. No I/O, so that it can be fuzzed.

HL7's Minimal Lower Layer Protocol: `<VT> message <FS><CR>`.
"""

from __future__ import annotations

from typing import NamedTuple

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
_START = b"MSH"
_BLANK = b" \t\r\n"
_HEAD = 1024  # bytes of a bad frame that are shown to whoever answers it


class Fault(NamedTuple):
    """What the framer could not make a frame of."""

    kind: str  # too-long | truncated | garbage | vt-missing
    head: bytes  # its first bytes
    size: int = 0
    fatal: bool = False  # nothing after it can be framed
    answered: bool = False  # whether the sender is waiting for an answer to it


def wrap(data: bytes) -> bytes:
    """Frame a message."""
    return VT + data + FS + CR


class Framer:
    """Cuts a stream into frames; however the bytes are cut on their way, the same come out."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._inside = False
        self._skipped = 0  # bytes of garbage since the last frame
        self._skipped_head = b""
        self._searched = 0  # no FS stands before this index
        self.dead = False

    @property
    def empty(self) -> bool:
        """Whether no frame has been begun."""
        return not self._inside and not self._buffer

    @property
    def held(self) -> int:
        """Bytes of what is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Fault]:
        """Take bytes in and return the frames and faults that they complete."""
        found: list[bytes | Fault] = []
        if not self.dead:
            self._buffer += data
            while not self.dead and (self._read_inside(found) if self._inside else self._read_outside(found)):
                pass
        return found

    def finish(self) -> list[bytes | Fault]:
        """Say what stands unfinished at the end of the stream."""
        found: list[bytes | Fault] = []
        if self.dead:
            return found
        self._end_garbage(found)
        if not self.empty and bytes(self._buffer).strip(_BLANK):
            head, size = bytes(self._buffer[:_HEAD]), len(self._buffer)
            found.append(Fault("truncated", head, size, fatal=True, answered=True))
        self._give_up()
        return found

    def _read_outside(self, found: list[bytes | Fault]) -> bool:
        """Look for the VT that begins a frame, or for a message that came without one."""
        buffer = self._buffer
        if not self._skipped:
            del buffer[: len(buffer) - len(buffer.lstrip(_BLANK))]
        begin, end = buffer.find(VT), buffer.find(FS)
        naked = not self._skipped and (buffer.startswith(_START) or _START.startswith(buffer[:3]))
        if begin >= 0 and (end < 0 or begin < end):
            if naked and begin > self._max:
                return self._too_long(found)
            if not self._skip(found, begin):
                return False
            self._end_garbage(found)
            del buffer[:1]
            self._inside, self._searched = True, 0
            return True
        if end >= 0:
            self._take_naked(found, end, naked)
            return True
        if naked:
            return bool(buffer) and self._too_long(found)
        self._skip(found, len(buffer))
        return False

    def _take_naked(self, found: list[bytes | Fault], end: int, naked: bool) -> None:
        """End what stands before an FS without a VT: a message where it begins with MSH, else garbage."""
        if naked and end <= self._max and self._buffer.startswith(_START):
            data = bytes(self._buffer[:end])
            found += [Fault("vt-missing", data[:_HEAD], end), data]
            del self._buffer[: end + 1]
        elif naked and end > self._max:
            self._too_long(found)
        elif self._skip(found, end + 1):
            self._end_garbage(found)

    def _read_inside(self, found: list[bytes | Fault]) -> bool:
        """Look for the FS that ends the frame; the CR after it is white space between frames."""
        end = self._buffer.find(FS, self._searched)
        if end < 0 or end > self._max:
            self._searched = len(self._buffer)
            return self._too_long(found)
        data = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._inside = False
        # A sender that broke off and began anew: what stood before is lost, and is not answered, since its sender
        # waits for the answer to the second one. A VT elsewhere is text (a line break of word processors).
        again = data.rfind(VT + _START)
        if again >= 0:
            found.append(Fault("truncated", data[: min(again, _HEAD)], again))
            data = data[again + 1 :]
        found.append(data)
        return True

    def _too_long(self, found: list[bytes | Fault]) -> bool:
        if len(self._buffer) <= self._max:
            return False
        found.append(
            Fault("too-long", bytes(self._buffer[: min(_HEAD, self._max)]), self._max, fatal=True, answered=True)
        )
        self._give_up()
        return False

    def _give_up(self) -> None:
        self._buffer.clear()
        self._skipped, self._skipped_head = 0, b""
        self.dead = True

    def _skip(self, found: list[bytes | Fault], count: int) -> bool:
        """Drop garbage; False where it exceeds what a frame may have, so that the stream is given up."""
        if count and len(self._skipped_head) < _HEAD:
            self._skipped_head += bytes(self._buffer[: min(count, _HEAD - len(self._skipped_head))])
        self._skipped += count
        del self._buffer[:count]
        if self._skipped > self._max:
            found.append(Fault("garbage", self._skipped_head[: self._max], self._max, fatal=True))
            self._give_up()
        return not self.dead

    def _end_garbage(self, found: list[bytes | Fault]) -> None:
        if self._skipped:
            found.append(Fault("garbage", self._skipped_head, self._skipped))
        self._skipped, self._skipped_head = 0, b""
