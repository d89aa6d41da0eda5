"""The process that makes one export and ends: started on demand, so that no page waits for a long piece of work."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from ..core.exam import Exam
from ..core.faults import described
from ..edges.store import SqlLedger, open_ledger
from ..edges.store.tracking_desk import Export
from ..ports import Clock
from ..settings import Settings, SettingsError, load
from ..web.tracking.export_file import write
from ..web.tracking.exports import KEPT, Exports
from .build import clock_of, start_logging
from .life import fetch_when_ended, until_told_to_stop
from .supervisor import SUPERVISED

log = logging.getLogger("gecit.bulk")

TELL_EVERY = 250  # exams
NICE = 10


class StoppedError(Exception):
    """The process was told to stop before it was done."""


def folder_of(settings: Settings) -> Path:
    """Return where files of exports are put."""
    return settings.data / "exports"


def exports_of(settings: Settings) -> Exports:
    """Return what the pages need to have exports made."""

    def start(number: str) -> None:
        command = (sys.executable, "-m", "gecit.processes.bulk", number)
        environ = {**os.environ, SUPERVISED: "1"}  # it ends with us: the pipe of its standard input closes
        running = subprocess.Popen(command, stdin=subprocess.PIPE, env=environ, start_new_session=True)
        fetch_when_ended(running)

    return Exports(folder=folder_of(settings), start=start)


def make_export(ledger: SqlLedger, clock: Clock, folder: Path, number: str, stop: threading.Event) -> bool:
    """Make one export; False where there is none of that id, or it failed, and is recorded so."""
    one = ledger.export(number)
    if one is None or one.state != "waiting":
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    forget_old(ledger, clock, folder, one.node)
    path = folder / f"{one.id}.{one.kind}"
    part = path.with_suffix(".part")
    try:
        count = _write(ledger, clock, one, part, stop)
    except Exception as fault:  # noqa: BLE001 -- the outermost boundary of the process: whoever waits is told
        log.error("export failed: %s", described(fault))
        part.unlink(missing_ok=True)
        ledger.move_export(one.id, clock.now(), state="failed")
        return False
    part.replace(path)
    ledger.move_export(one.id, clock.now(), state="done", done=count, total=count)
    return True


def _write(ledger: SqlLedger, clock: Clock, one: Export, path: Path, stop: threading.Event) -> int:
    path.touch(mode=0o600)
    ledger.move_export(one.id, clock.now(), state="running")
    ledger.move_export(one.id, clock.now(), total=ledger.count_exams(one.search))

    def tell(count: int) -> None:
        if count % TELL_EVERY == 0:
            ledger.move_export(one.id, clock.now(), done=count)

    return write(path, one.kind, _until(stop, ledger.all_exams(one.search)), one.language, tell)


def _until(stop: threading.Event, exams: Iterator[Exam]) -> Iterator[Exam]:
    for one in exams:
        if stop.is_set():
            raise StoppedError("told to stop")
        yield one


def forget_old(ledger: SqlLedger, clock: Clock, folder: Path, node: str, kept: timedelta = KEPT) -> None:
    """Delete exports that nobody is to take any more, and files that no row knows."""
    before = clock.now() - kept
    for number in ledger.forget_exports(node, before):
        for path in folder.glob(f"{number}.*"):
            path.unlink(missing_ok=True)


def main(arguments: list[str], make: Callable[..., bool] = make_export) -> int:
    """Run as a process of its own: `python -m gecit.processes.bulk ID`."""
    try:
        settings = load()
    except SettingsError as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    start_logging(settings.log_level)
    os.nice(NICE)
    stop, ledger = until_told_to_stop(), open_ledger(settings.database)
    try:
        return 0 if make(ledger, clock_of(ledger), folder_of(settings), arguments[0], stop) else 1
    finally:
        ledger.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
