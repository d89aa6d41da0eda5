"""The outbox: deliveries per second to a receiver that only answers, beside procrastinate and huey doing the same.

Each is given as many deliveries, made beforehand, sends them by the same adapter with as many threads, and records
each as done on a disk that is synced; a delivery that did not arrive ends the bench.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import huey
import msgspec
import procrastinate
from huey.consumer import Consumer
from tests.support.postgres import cluster

from gecit.core.order import ExamKey
from gecit.core.values import Value
from gecit.edges.medula_json import JsonMedula
from gecit.edges.store import open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Delivery
from gecit.steps.deliver import Courier, Policy

from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now, wait_quiet
from .nodes import HOME

COUNT = 3_000
THREADS = 4
QUIET = 0.06
PAYLOAD = b'{"kind":"notify","accession":"OLCUM","note":"' + b"x" * 900 + b'"}'
LEAST = Goal(least=1500.0, absolute=True)
AHEAD = Goal(least=1.0)


class Said(Value):
    """What a receiver says at the end: arrivals, and when each key first came (seconds of the monotonic clock)."""

    count: int
    first: dict[str, float]


class LostError(RuntimeError):
    """A delivery that was recorded as done did not arrive, or arrived twice."""


def figures(rounds: int = 5, patience: float = 30.0, count: int = COUNT) -> Iterator[Figure]:
    """Measure ours on both engines beside the others, in turn."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder, cluster(durable=True) as postgres:
        number = iter(range(1_000_000))

        def sqlite() -> str:
            return f"sqlite:///{folder}/ledger{next(number)}.db"

        kinds: dict[str, Callable[[str], float]] = {
            "sqlite": lambda url: _ours(sqlite(), url, count),
            "postgresql": lambda url: _ours(postgres.new_database(), url, count),
            "procrastinate": lambda url: _procrastinate(postgres.new_database(), url, count),
            "huey": lambda url: _huey(Path(folder) / f"huey{next(number)}.db", url, count),
        }
        done: list[dict[str, float]] = []
        busy: list[float] = []
        for _ in range(rounds):
            wait_quiet(QUIET, patience)
            machine = machine_now()
            done.append({name: _delivered(one, count) for name, one in kinds.items()})
            busy.append(elsewhere(machine, machine_now(), 0.0))
            sys.stderr.write(f"  {done[-1]}\n")
        yield from _figures(done, busy)


def _figures(done: list[dict[str, float]], busy: list[float]) -> Iterator[Figure]:
    for engine in ("sqlite", "postgresql"):
        for other in ("procrastinate", "huey"):
            rows = [(one[engine], one[other], one[other]) for one in done]
            yield compare("outbox", engine, f"rate-beside-{other}", "deliveries/s", rows, busy, AHEAD, other)
        rows = [(one[engine], one["procrastinate"], one["huey"]) for one in done]
        yield compare("outbox", engine, "rate", "deliveries/s", rows, busy, LEAST, "mean of procrastinate and huey")


def _delivered(deliver: Callable[[str], float], count: int) -> float:
    """Return deliveries per second; LostError where not every one arrived exactly once."""
    with receiver() as (url, arrived):
        seconds = deliver(url)
    said = arrived()
    if said.count != count or len(said.first) != count:
        raise LostError(f"{said.count} arrivals, {len(said.first)} different ones, of {count}")
    return count / seconds


@contextmanager
def receiver() -> Iterator[tuple[str, Callable[[], Said]]]:
    """Run a receiver for the length of a block; what it says at the end can be read after it."""
    command = [sys.executable, "-m", "bench.receiver"]
    process = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    said: list[Said] = []
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", lambda: said[0]
    finally:
        out, _ = process.communicate()
        said.append(msgspec.json.decode(out, type=Said))


def _ours(database: str, url: str, count: int) -> float:
    ledger = open_ledger(database)
    now = datetime.now(UTC)
    keys = [ExamKey(institution="999001", accession=f"O{number}") for number in range(count)]
    ledger.write(lambda tx: [tx.queue("medula", "notify", f"k:{one.accession}", one, PAYLOAD, now) for one in keys])
    medula = JsonMedula(url)

    def send(delivery: Delivery) -> tuple[()]:
        medula.send(delivery.kind, delivery.key, delivery.payload)
        return ()

    courier = Courier(ledger, "medula", {"notify": send}, SystemClock(), "bench", Policy(threads=THREADS))
    start = time.monotonic()
    while courier.step():
        pass
    seconds = time.monotonic() - start
    courier.close()
    ledger.close()
    return seconds


def _procrastinate(database: str, url: str, count: int) -> float:
    medula = JsonMedula(url)
    conninfo = database.replace("postgresql+psycopg", "postgresql")
    app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo))

    @app.task(name="notify")
    def notify(key: str) -> None:
        medula.send("notify", key, PAYLOAD)

    with app.open():
        app.schema_manager.apply_schema()
        notify.batch_defer(*({"key": f"k:{number}"} for number in range(count)))
    waiting = app.with_connector(procrastinate.PsycopgConnector(conninfo=conninfo))
    start = time.monotonic()
    waiting.run_worker(concurrency=THREADS, wait=False, install_signal_handlers=False, listen_notify=False)
    return time.monotonic() - start


def _huey(path: Path, url: str, count: int) -> float:
    medula = JsonMedula(url)
    queue = huey.SqliteHuey(filename=str(path), fsync=True, results=False)
    left = threading.Semaphore(0)

    @queue.task()
    def notify(key: str) -> None:
        medula.send("notify", key, PAYLOAD)
        left.release()

    for number in range(count):
        notify(f"k:{number}")
    consumer = Consumer(
        queue, workers=THREADS, worker_type="thread", periodic=False, initial_delay=0.001, max_delay=0.01
    )
    start = time.monotonic()
    consumer.start()
    for _ in range(count):
        left.acquire()
    seconds = time.monotonic() - start
    consumer.stop(graceful=True)
    return seconds
