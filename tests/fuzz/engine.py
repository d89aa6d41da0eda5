"""One target under atheris, in a process of its own, since libFuzzer ends it: `python -m tests.fuzz.engine NAME ...`.

A finding does not end the run: its input is kept, and each place is told once. What hangs, or takes the whole memory,
does end it; libFuzzer keeps that input. GECIT_FUZZ_SEED: the same inputs each time; chance without it.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from hashlib import sha256
from pathlib import Path
from types import FrameType

import atheris

from .places import Count, corpus, findings, made
from .target import Watch, listen
from .targets import FOLLOWED, load

SAVED_EVERY = 500
HANGS_AFTER = 60  # seconds
MEMORY = 1536  # megabytes


class Run:
    """Counts inputs and keeps what they break."""

    def __init__(self, name: str, watch: Watch, wanted: int) -> None:
        self.name, self.watch, self.wanted = name, watch, wanted
        self.done = 0
        self.count = Count.of(name)
        self.at = time.monotonic()

    def __call__(self, data: bytes) -> None:
        try:
            self.watch(data)
        except Exception as fault:  # noqa: BLE001 -- whatever it is, it is the finding
            self._keep(data, fault)
        self.done += 1
        if self.done > 0 and (self.done % SAVED_EVERY == 0 or self.done == self.wanted):
            self._save()

    def _save(self) -> None:
        now = time.monotonic()
        self.count.inputs += self.done % SAVED_EVERY or SAVED_EVERY
        self.count.seconds += now - self.at
        self.at = now
        self.count.save(self.name)

    def _keep(self, data: bytes, fault: Exception) -> None:
        what = f"{type(fault).__name__} {fault if isinstance(fault, AssertionError) else ''} at {_place(fault)}"
        if what in self.count.found:
            return
        self.count.found.append(what)
        path = findings(self.name) / sha256(data).hexdigest()[:16]
        path.write_bytes(data)
        print(f"[fuzz] {self.name}: {what}\n[fuzz]   {path}", flush=True)  # noqa: T201
        traceback.print_exception(fault)


def _place(fault: Exception) -> str:
    """The innermost line of ours that it went through."""
    frames = [frame for frame, _ in traceback.walk_tb(fault.__traceback__)]
    ours: list[FrameType] = [one for one in frames if "/gecit/" in one.f_code.co_filename]
    last = (ours or frames)[-1]
    return f"{Path(last.f_code.co_filename).name}:{last.f_lineno}"


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{one:02x}" for one in word)


def main(name: str, wanted: int, seconds: int) -> None:
    """Run; never returns."""
    listen()
    with atheris.instrument_imports(include=["gecit", *FOLLOWED.get(name, ())], enable_loader_override=False):
        target = load(name)
    run = Run(name, Watch(target), wanted)
    begun = corpus(name)
    for number, seed in enumerate(target.seeds()):
        (begun / f"seed-{number:04}").write_bytes(seed[: target.longest])
    words = made(begun.parent.parent / "words") / name
    words.write_text("".join(f'"{_escaped(one)}"\n' for one in target.tokens))
    known = len(list(begun.iterdir()))
    run.done = -known  # they are run first, and were counted when they were found
    options = [
        f"-runs={wanted + known}", f"-max_len={target.longest}", f"-timeout={HANGS_AFTER}", f"-rss_limit_mb={MEMORY}",
        *([f"-dict={words}"] if target.tokens else ()), f"-artifact_prefix={findings(name)}/",
        f"-max_total_time={seconds}", "-print_final_stats=1", "-reload=0", "-verbosity=0",
        f"-seed={os.environ.get('GECIT_FUZZ_SEED', '0')}",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(begun)], run, enable_python_coverage=True)
    atheris.Fuzz()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
