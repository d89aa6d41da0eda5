"""What is fuzzed, and what must hold of every input: see `Watch`."""

from __future__ import annotations

import builtins
import logging
import resource
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from zlib import crc32

MOST_SECONDS = 5.0  # of processor time for one input of a few kilobytes; a machine under load takes no more of it
MOST_MEGABYTES = 96  # by which one input may raise the most that this process ever held
SHORTEST_TOLD = 6  # letters of an input that count as quoted where they stand in a log line
EXCEPTIONS = frozenset(name for name in dir(builtins) if name.endswith(("Error", "Exception", "Warning")))


class Broken(AssertionError):
    """A property does not hold of an input."""


def must(holds: object, what: str) -> None:
    """Say that a property does not hold."""
    if not holds:
        raise Broken(what)


@dataclass(frozen=True)
class Target:
    """One door or reader. `one` takes an input in and returns what is compared when it is asked again."""

    name: str
    reads: str  # what it is, for the page
    holds: str  # its own properties, for the page
    one: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    tokens: tuple[bytes, ...] = ()
    longest: int = 4096  # bytes of an input
    twice: bool = True  # whether the second answer must be the first one's equal
    ours: tuple[str, ...] = ()  # words that a log line may hold, of whatever they are part
    quotes: bool = False  # whether a log line may quote the input: it holds nobody's data


class Heard(logging.Handler):
    """Hears what would be logged in production, warnings of Python included."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def warn(self, message: Warning | str, *_: object, **__: object) -> None:
        self.lines.append(str(message))


HEARD = Heard()


def listen() -> None:
    """Hear everything from now on; before the readers are imported, since some of them silence a library."""
    root = logging.getLogger()
    root.handlers = [HEARD]
    root.setLevel(logging.INFO)
    warnings.simplefilter("always")
    warnings.showwarning = HEARD.warn


class Watch:
    """Runs inputs of one target: no exception but the documented ones, bounded time and memory, the same answer
    twice, and nothing of the input in a log line.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.heard = HEARD
        for seed in (b"", *target.seeds()):  # what is built when it is first needed counts for no input
            with suppress(Exception):
                target.one(seed[: target.longest])
        self._peak = _peak()

    def __call__(self, data: bytes) -> None:
        """Take one input; raises what is wrong with it."""
        self.heard.lines.clear()
        begun = time.process_time()
        answer = self.target.one(data)
        must(time.process_time() - begun < MOST_SECONDS, "one input took too long")
        peak, before = _peak(), self._peak
        self._peak = peak
        must(peak - before < MOST_MEGABYTES * 1024, "one input took too much memory")
        if not self.target.quotes:
            self._quoted(data)
        if self.target.twice and crc32(data) % 2 == 0:
            must(answer == self.target.one(data), "another answer to the same input")

    def _quoted(self, data: bytes) -> None:
        """No run of letters of the input, and no number of it, stands in a log line."""
        for line in self.heard.lines:
            for word in _words(line):
                must(word in self.target.ours or word.encode() not in data, f"a log line quotes the input: {line[:80]}")


def _words(line: str) -> Iterable[str]:
    """Numbers and names a line holds beside our own words: what has a digit, or a letter that English has not."""
    for word in line.replace("'", " ").replace('"', " ").replace(":", " ").split():
        if len(word) >= SHORTEST_TOLD and word not in EXCEPTIONS and not (word.isascii() and word.isalpha()):
            yield word


def _peak() -> int:
    """Kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
