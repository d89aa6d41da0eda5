"""The child's side of its life: when to stop, and a sign that it lives."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

import msgspec

from gecit.edges.ledger_clock import LedgerClock
from gecit.ports import COMPUTER, Beat, Clock, Vitals

from .supervisor import SUPERVISED

log = logging.getLogger("gecit.life")

LAST_RESORT_SECONDS = 20.0  # longer than the supervisor waits; meant for a supervisor that was killed
BEAT_SECONDS = 10.0


def until_told_to_stop() -> threading.Event:
    """Return an event that SIGTERM, SIGINT and the end of the supervisor set. Call it in the main thread."""
    stop = threading.Event()

    def stop_on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop_on_signal)
    if os.environ.get(SUPERVISED) == "1":
        threading.Thread(target=_watch_pipe, args=(stop,), name="watch supervisor", daemon=True).start()
    return stop


def leave_what_stands() -> None:
    """Have the collector look at nothing that is there now, once a process has been built.

    Beside a hundred thousand such objects it looks at the oldest generation only when a quarter as many more wait
    there (CPython's gcmodule.c): for that `web` needed 2,100 pages, and 13 MiB more than it ever used at once. How many
    stood there it counts when it collects, so once more when none does.
    """
    gc.collect()
    gc.freeze()
    gc.collect()


def _watch_pipe(stop: threading.Event) -> None:
    """Wait for the pipe's end; a process that does not stop by itself after that is ended here."""
    descriptor = sys.__stdin__.fileno() if sys.__stdin__ else 0
    try:
        while os.read(descriptor, 64):
            continue
    except OSError:
        log.warning("the supervisor's pipe cannot be read")
    stop.set()
    threading.Event().wait(LAST_RESORT_SECONDS)
    os._exit(70)


def wait_beating(
    stop: threading.Event, vitals: Vitals, clock: Clock, make: Callable[[datetime], Beat], seconds: float = BEAT_SECONDS
) -> None:
    """Record a sign of life every `seconds` until told to stop; a ledger that cannot be written is logged.

    The ledger's clock is asked each time how far ours is from the database's. The computer's name is told with each:
    the two of a pair have all else alike.
    """
    while True:
        try:
            if isinstance(clock, LedgerClock):
                clock.measure()
            made = make(clock.now())
            vitals.beat(msgspec.structs.replace(made, detail={COMPUTER: socket.gethostname(), **made.detail}))
        except Exception as fault:  # noqa: BLE001 whatever the ledger raises, the process goes on serving
            log.warning("cannot record a sign of life: %s", type(fault).__name__)
        if stop.wait(seconds):
            return


def fetch_when_ended(process: subprocess.Popen[bytes]) -> None:
    """Have a process that ends by itself leave no zombie: a thread waits for it."""
    threading.Thread(target=process.wait, name=f"wait for {process.pid}", daemon=True).start()
