"""Does a message cost more in a ledger of a million exams than in one of ten thousand? On SQLite and on PostgreSQL.

Orders and reports come in by groups as eight senders make them, durable, half of them of patients that the ledger
knows; then what they made due is judged. Beside the time, the processor time of this process and of PostgreSQL's: it is
less at the mercy of others on the machine. BENCH_GROWTH names a folder where the large ledgers stay for another run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import sqlalchemy as sa
from tests.support.postgres import cluster

from gecit.core.values import Value
from gecit.edges import codes, hl7_profile
from gecit.edges.registry_snapshot import SnapshotRegistry
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger, schema
from gecit.edges.system_clock import SystemClock
from gecit.processes.judging import Judge
from gecit.processes.reception import Raw, Reception
from gecit.sandbox.day import INSTITUTION
from gecit.steps.receive_message import Judging

from . import messages, million
from .figures import Figure, Goal, compare
from .hl7 import RADIOLOGISTS
from .machine import elsewhere, machine_now, used_by_all, wait_quiet
from .nodes import HOME

SMALL, LARGE = 10_000, int(os.environ.get("BENCH_EXAMS", "1000000"))
EXAMS = 500  # an order and a report of each, in a run
GROUP = 8
KEPT_FROM = 100_000  # exams; run after run the few patients of a small ledger would have ever more exams
KNOWN = 200_000_000  # where the numbers of the ledger's own patients begin
FRAME = b"MSH|^~\\&|" + 1400 * b"x"  # of the size that an order and a report have on the average
GOAL = Goal(most=1.2)
QUIET = 0.06
CLOCK = SystemClock()


class Run(Value):
    """One taking in; milliseconds for each message, and for each exam that was judged."""

    message: float
    message_cpu: float
    judged: float
    judged_cpu: float


class Site:
    """A ledger and what takes messages in and judges."""

    def __init__(self, ledger: SqlLedger, exams: int, folder: Path, cpu: Callable[[], float]) -> None:
        self._patients, self._cpu, self._next = exams // len(million.KINDS), cpu, 1
        judging = Judging(rulebook=read_folder(HOME / "rules"))
        profiles = {one.stem: hl7_profile.load(one) for one in (HOME / "rules" / "profiles").glob("*.toml")}
        registry = SnapshotRegistry(folder / "codes.db", CLOCK)
        ledger.activate_rulebook(judging.rulebook.revision, judging.rulebook.to_json(), datetime.now(UTC))
        ledger.write(lambda tx: tx.record_institution(INSTITUTION, datetime.now(UTC), by="bench"))
        self._reception = Reception(ledger, registry, CLOCK, lambda: judging, profiles, INSTITUTION.skrs)
        self._judge = Judge(ledger, CLOCK, lambda: judging, "Node")

    def servers_cpu(self) -> float:
        """Return the processor seconds that PostgreSQL used so far; those are not somebody else's."""
        return self._cpu() - time.process_time()

    def run(self, count: int) -> Run:
        """Take in order and report of so many exams, and judge them."""
        start = int(time.time()) % 90_000_000 * 100 + self._next  # another run on a kept ledger has other numbers
        self._next += count
        frames = list(chain.from_iterable(messages.pairs(count, start % 700_000_000, self._patient)))
        took, used = self._timed(lambda: self._take_in(frames))
        judged, judged_used = self._timed(self._judge_all)
        return Run(
            message=took / len(frames), message_cpu=used / len(frames),
            judged=judged / count, judged_cpu=judged_used / count,
        )  # fmt: skip

    def _patient(self, number: int) -> int:
        return KNOWN + number * 7_919 % self._patients if number % 2 else 100_000_000 + number % 100_000_000

    def _take_in(self, frames: list[bytes]) -> None:
        for first in range(0, len(frames), GROUP):
            some = [Raw(one, "127.0.0.1", datetime.now(UTC)) for one in frames[first : first + GROUP]]
            for answer in self._reception.receive(some):
                if b"\rMSA|AA|" not in answer:
                    raise RuntimeError(f"a message was refused: {answer!r}")

    def _judge_all(self) -> None:
        while self._judge.step():
            pass

    def _timed(self, work: Callable[[], None]) -> tuple[float, float]:
        start, used = time.monotonic(), self._cpu()
        work()
        return 1000 * (time.monotonic() - start), 1000 * (self._cpu() - used)


def figures(
    rounds: int = 5, patience: float = 30.0, small: int = SMALL, large: int = LARGE, exams: int = EXAMS
) -> Iterator[Figure]:
    """Measure on both engines, one after the other."""
    for engine in (_sqlite, _postgresql):
        with tempfile.TemporaryDirectory(prefix="gecit-bench-") as name, ExitStack() as stack:
            codes.import_csv(Path(name) / "codes.db", "radiologists", RADIOLOGISTS, CLOCK.now())
            opened, cpu = stack.enter_context(engine(Path(name)))
            sites = []
            for count in (small, large):
                ledger = opened(count)
                stack.callback(ledger.close)
                sites.append(Site(ledger, count, Path(name), cpu))
            yield from _figures(engine.__name__.strip("_"), sites, small, rounds, patience, exams)


def _figures(engine: str, sites: list[Site], small: int, rounds: int, patience: float, exams: int) -> Iterator[Figure]:
    for site in sites:
        site.run(exams)  # whoever is first makes statements and caches
    triples, busy = [], []
    for _ in range(rounds):
        os.sync()
        wait_quiet(QUIET, patience)
        machine, servers = machine_now(), sites[0].servers_cpu()
        one, value, other = (site.run(exams) for site in (sites[0], sites[1], sites[0]))
        busy.append(elsewhere(machine, machine_now(), sites[0].servers_cpu() - servers))
        sys.stderr.write(f"  {engine}: {value}, small {one}\n")
        triples.append((value, one, other))
    said = f"a ledger of {small:,} exams"
    for name in Run.__struct_fields__:
        rows = [tuple(max(getattr(run, name), 1e-6) for run in three) for three in triples]
        unit = "ms/message" if name.startswith("message") else "ms/exam"
        yield compare("growth", engine, name.replace("_", "-"), unit, rows, busy, GOAL, said)  # type: ignore[arg-type]


Opened = tuple[Callable[[int], SqlLedger], Callable[[], float]]
"""Opens a ledger with so many exams, and tells the processor seconds used so far."""


@contextmanager
def _sqlite(folder: Path) -> Iterator[Opened]:
    kept = Path(os.environ.get("BENCH_GROWTH", folder))
    kept.mkdir(parents=True, exist_ok=True)

    def opened(count: int) -> SqlLedger:
        path = (kept if count >= KEPT_FROM else folder) / f"growth-{count}.db"
        known = path.exists()
        ledger = open_ledger(f"sqlite:///{path}")
        if not known:
            _fill(ledger, count)
        return _whole(ledger, count)

    yield opened, time.process_time


@contextmanager
def _postgresql(folder: Path) -> Iterator[Opened]:
    kept = os.environ.get("BENCH_GROWTH")
    with cluster(durable=True, kept=Path(kept) / "postgresql" if kept else None) as server:

        def opened(count: int) -> SqlLedger:
            name = f"growth_{count}" if count >= KEPT_FROM else ""
            if name in server.databases():
                return _whole(open_ledger(server.url(name)), count)
            ledger = open_ledger(server.new_database(name))
            _fill(ledger, count)
            with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("VACUUM ANALYZE"))  # what its own housekeeping does in time
            return ledger

        yield opened, lambda: time.process_time() + used_by_all(server.process.pid)


def _whole(ledger: SqlLedger, count: int) -> SqlLedger:
    """Return the ledger; RuntimeError where its filling was broken off in another run."""
    with ledger.engine.connect().execution_options(reading=True) as connection:
        messages_there = connection.execute(sa.select(sa.func.count()).select_from(schema.message)).scalar_one()
    if messages_there < 2 * count:  # they are what is filled in last
        raise RuntimeError(f"{ledger.engine.url.database} has {messages_there} messages: take it away and start anew")
    return ledger


def _fill(ledger: SqlLedger, count: int) -> None:
    """Fill a ledger with judged exams, and with the two messages that brought each in."""

    def say(text: str) -> None:
        sys.stderr.write(f"  {ledger.engine.dialect.name}: {text}\n")

    million.fill(ledger, count, held=min(million.HELD, count // 4), say=say)
    at = million.FIRST_DAY
    for first in range(0, 2 * count, million.BATCH):
        rows = [
            {
                "received_at": at, "peer": "127.0.0.1", "institution": "900105", "control_id": f"K{number:09d}",
                "sending_application": "OLCUM", "sending_facility": "KURGU", "digest": f"{number:064x}", "raw": FRAME,
                "answer": FRAME[:200], "answer_code": "AA", "transient": False,
            }
            for number in range(first, min(first + million.BATCH, 2 * count))
        ]  # fmt: skip
        with ledger.engine.begin() as connection:
            connection.execute(sa.insert(schema.message), rows)
    say(f"{2 * count:,} messages beside them")
