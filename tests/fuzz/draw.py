"""Values out of bytes: the same bytes are always the same values, and every byte that changes changes one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

ODD = (
    "",
    "\0",
    "\x7f",
    "İ",
    "ı",
    "ŞÜKRÜ",
    "\ud800",
    "￿",
    "𝔘",
    "'",
    '"',
    "<zq a=1>",
    "%00",
    "\r\n",
    "../",
    "=1+1",
    "٣",
    "²",
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**400, -(10**400), 0.5, float("nan"), float("inf"), -0.0, 1e308)


class Draw:
    """Reads from the front; what is used up gives zeros."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, end: int) -> int:
        number = self.byte() if end <= 256 else self.byte() << 8 | self.byte()
        return number % end

    def flag(self) -> bool:
        return bool(self.byte() & 1)

    def pick(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def raw(self, most: int = 64) -> bytes:
        length = self.below(most + 1)
        found = self._data[self._at : self._at + length]
        self._at += length
        return found

    def rest(self) -> bytes:
        found, self._at = self._data[self._at :], len(self._data)
        return found

    @property
    def left(self) -> int:
        return max(len(self._data) - self._at, 0)

    def text(self, most: int = 64) -> str:
        odd = self.byte()
        if odd < len(ODD):
            return ODD[odd]
        return self.raw(most).decode("utf-8", "surrogateescape" if odd & 1 else "replace")

    def header(self, most: int = 64) -> str:
        """Text as a header holds it: bytes as Latin-1 (PEP 3333)."""
        return self.raw(most).decode("latin-1")

    def json(self, names: Sequence[str] = (), depth: int = 4) -> Any:
        """A value of JSON; `names`: keys that mean something to whoever reads it."""
        kind = self.below(8)
        if kind < 3 and depth and self.left:
            if kind == 0:
                return [self.json(names, depth - 1) for _ in range(self.below(5))]
            return self.object(names, depth)
        if kind == 3:
            return self.pick(NUMBERS) if self.flag() else self.below(65536)
        return (self.flag(), None, self.text(), self.text())[kind & 3]

    def object(self, names: Sequence[str] = (), depth: int = 4) -> dict[str, Any]:
        return {self._name(names): self.json(names, depth - 1) for _ in range(1 + self.below(12))}

    def _name(self, names: Sequence[str]) -> str:
        return self.pick(names) if names and self.byte() < 230 else self.text(16)


def json_of(data: bytes, names: Sequence[str] = ()) -> Any:
    """JSON as it stands there where it is some, else made of the bytes: a mutated document is often none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return Draw(data).object(names, 6)
