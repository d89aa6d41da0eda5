"""Re-judging a big ledger: an exemption that frees many, a rule that reaches all, what-if, and what HL7 feels of it.

The anchors are the least that SQLite and msgspec would need: to read and decode every exam, and to write back rows of
the same sizes in transactions of the same size, without judging anything.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from gecit.core.checks import Context
from gecit.core.exam import Exam
from gecit.core.rulebook import Exemption, Rulebook, Source, Window
from gecit.core.values import Text
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.store.schema import event, exam
from gecit.edges.system_clock import SystemClock
from gecit.processes.replaying import WhatIf, pieces, replayed
from gecit.steps.reached import EVERYTHING
from gecit.steps.receive_message import Judging
from gecit.steps.rejudge import Rejudger

from . import duplicates, million
from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now
from .meanwhile import orders

RULES = Path(__file__).parents[1] / "rules"
COUNT = int(os.environ.get("BENCH_EXAMS", "1000000"))
HELD = 10_000
SMALL = int(os.environ.get("BENCH_SMALL", "10000"))
GROUP = 200
QUIET_SECONDS = 5.0  # of orders that come in while nothing else happens
ANCHOR_READ = "reading and decoding every exam, nothing judged"
ANCHOR_WRITE = "writing rows of the same sizes, nothing judged"
GOALS = {
    "exemption-of-10000": Goal(most=10.0, absolute=True),
    "rule-that-reaches-all": Goal(most=120.0, absolute=True),
    "what-if-of-all": Goal(most=60.0, absolute=True),
}


def figures(rounds: int, patience: float, count: int = COUNT, held: int = HELD) -> Iterator[Figure]:
    """Fill a ledger once and measure on it; `rounds` is for what changes nothing."""
    with _folder() as folder:
        url = f"sqlite:///{folder}/ledger.db"
        ledger = open_ledger(url)
        book = read_folder(RULES)
        _say(f"filling a ledger with {count} exams")
        filled = million.fill(ledger, count, held=min(held, count // 2), rulebook=book, say=_say)
        _say(f"filled in {filled.seconds:.0f} s, {filled.bytes / 1e9:.1f} GB")
        yield from _duplicates(ledger, folder, book, rounds, filled.exams)
        yield from _what_if(ledger, url, book, filled, min(rounds, 2))
        yield from _exemption(ledger, url, book, filled)
        yield from _all(ledger, url, book)
        ledger.close()


def _duplicates(ledger: SqlLedger, folder: Path, book: Rulebook, rounds: int, exams: int) -> Iterator[Figure]:
    small = open_ledger(f"sqlite:///{folder}/small.db")
    million.fill(small, SMALL, held=SMALL // 10, rulebook=book)
    yield from duplicates.figures(ledger, small, rounds, exams)
    small.close()


def _what_if(ledger: SqlLedger, url: str, book: Rulebook, filled: million.Filled, rounds: int) -> Iterator[Figure]:
    asked = WhatIf(database=url, rulebook=announced(book, filled.window), context=Context(), now=datetime.now(UTC))
    found, busy = [], []
    for _ in range(rounds):
        before, start = machine_now(), time.monotonic()
        changed = sum(len(one.changes) for one in replayed(asked, pieces(ledger, EVERYTHING)))
        took = time.monotonic() - start
        _say(f"what-if of all: {took:.1f} s, {changed} would change")
        if changed != filled.held:
            raise RuntimeError(f"{changed} would change, expected {filled.held}")
        busy.append(elsewhere(before, machine_now(), 0.0))
        found.append((took, *(_read_all(ledger) for _ in range(2))))
    yield compare(
        "rejudge", f"{filled.exams}", "what-if-of-all", "s", found, busy, GOALS["what-if-of-all"], ANCHOR_READ
    )


def _exemption(ledger: SqlLedger, url: str, book: Rulebook, filled: million.Filled) -> Iterator[Figure]:
    new = announced(book, filled.window)
    with _hospital(url, "E") as latencies:
        before, start = machine_now(), time.monotonic()
        ledger.activate_rulebook(new.revision, new.to_json(), datetime.now(UTC), "bench")
        changed = _rejudged(ledger, new)
        took = time.monotonic() - start
        busy = elsewhere(before, machine_now(), 0.0)
    queued = _count(ledger, "SELECT count(*) FROM outbox WHERE kind = 'notify' AND state = 'queued'")
    _say(f"exemption: {took:.1f} s, {changed} changed, {queued} queued")
    if not changed == filled.held <= queued:
        raise RuntimeError(f"{changed} changed and {queued} were queued, expected {filled.held}")
    anchors = [_write_back(ledger, filled.held) for _ in range(2)]
    name = f"{filled.exams}"
    goal = GOALS["exemption-of-10000"]
    yield compare("rejudge", name, "exemption-of-10000", "s", [(took, *anchors)], [busy], goal, ANCHOR_WRITE)
    yield _felt(name, "order-during-exemption", latencies, busy)


def _all(ledger: SqlLedger, url: str, book: Rulebook) -> Iterator[Figure]:
    """A rule goes by another date: every exam is looked at, and none of them changes."""
    standing = Rulebook.from_json(ledger.active_rulebook()[1])  # type: ignore[index]
    stricter = tuple(replace(one, dated_by="judged") if one.id == "study-matched" else one for one in standing.rules)
    new = Rulebook.of(stricter, standing.exemptions)
    least = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _hospital(url, "A") as latencies:
        before, start = machine_now(), time.monotonic()
        ledger.activate_rulebook(new.revision, new.to_json(), datetime.now(UTC), "bench")
        changed = _rejudged(ledger, new)
        took = time.monotonic() - start
        busy = elsewhere(before, machine_now(), 0.0)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - least) / 1024
    count = _count(ledger, "SELECT count(*) FROM exam")
    _say(f"rule that reaches all: {took:.1f} s, {changed} changed, {grown:.0f} MiB more at the peak")
    name, anchors = f"{count}", [_read_all(ledger) for _ in range(2)]
    goal = GOALS["rule-that-reaches-all"]
    yield compare("rejudge", name, "rule-that-reaches-all", "s", [(took, *anchors)], [busy], goal, ANCHOR_READ)
    memory = (max(grown, 0.1), 100.0, 100.0)
    yield compare("rejudge", name, "memory-grown-meanwhile", "MiB", [memory], [busy], None, "100 MiB")
    yield _felt(name, "order-during-rejudging", latencies, busy)


def announced(book: Rulebook, window: tuple[datetime, datetime]) -> Rulebook:
    """Return the rulebook with one more window for missing duplicate queries."""
    start, last = window
    new = Window(
        id="bench@announced",
        start=start,
        last=last,
        published=last.date(),
        source=Source(kind="notice", title="bench", published=last.date()),
    )
    exemption = Exemption(
        id="bench",
        title=Text(tr="Ölçüm muafiyeti", en="Exemption of the bench"),
        excuses=("duplicate-query-missing",),
        dated_by="order_date",
        windows=(new,),
    )
    return Rulebook.of(book.rules, (*book.exemptions, exemption))


def _rejudged(ledger: SqlLedger, book: Rulebook) -> int:
    """Let the loop of `work` run until it has nothing left; return how many verdicts are new."""
    first = _count(ledger, "SELECT coalesce(max(id), 0) FROM event")
    judging = Judging(rulebook=book)
    rejudger = Rejudger(ledger, ledger, SystemClock(), lambda: judging, "Node", group=GROUP, calm=timedelta(0))
    while rejudger.step():
        pass
    if ledger.rejudged_by() != book.revision:
        raise RuntimeError("re-judging did not come to its end")
    return _count(ledger, f"SELECT count(*) FROM event WHERE id > {first} AND kind = 'ExamJudged' "  # noqa: S608
                          f"AND instr(data, 'rulebook {book.revision[:12]}') > 0")  # fmt: skip


def _count(ledger: SqlLedger, query: str) -> int:
    with ledger.engine.connect() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


def _read_all(ledger: SqlLedger) -> float:
    """Seconds to read and decode every exam, page by page in key order."""
    decoder = msgspec.json.Decoder(Exam)
    start, after = time.monotonic(), ("", "")
    with ledger.engine.connect() as connection:
        cursor = connection.connection.cursor()
        while True:
            cursor.execute(
                "SELECT institution, accession, data FROM exam WHERE (institution, accession) > (?, ?) "
                "ORDER BY institution, accession LIMIT 1000",
                after,
            )
            page = cursor.fetchall()
            if not page:
                return time.monotonic() - start
            for row in page:
                decoder.decode(row[2])
            after = (page[-1][0], page[-1][1])


def _write_back(ledger: SqlLedger, count: int) -> float:
    """Seconds to write `count` exams as they are and two events of believable size for each.

    In transactions of the same size as re-judging has, each committed; the events are taken out again afterwards.
    """
    with ledger.engine.connect() as connection:
        taken = [
            dict(one._mapping)
            for one in connection.execute(sa.select(exam).where(exam.c.outcome == "submit").limit(count))
        ]
        last = connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
        judged = connection.execute(sa.select(event).where(event.c.kind == "ExamJudged").limit(1)).one()
    row = {name: value for name, value in judged._mapping.items() if name != "id"}
    change = sa.update(exam).where(exam.c.institution == sa.bindparam("i"), exam.c.accession == sa.bindparam("a"))
    change = change.values(data=sa.bindparam("d"), judge_at=sa.bindparam("j"), changed_at=sa.bindparam("c"))
    start = time.monotonic()
    for first in range(0, len(taken), GROUP):
        some = taken[first : first + GROUP]
        with ledger.engine.begin() as connection:
            connection.execute(sa.insert(event), [row for _ in some for _ in range(2)])
            connection.execute(
                change,
                [
                    {"i": one["institution"], "a": one["accession"], "d": one["data"], "j": one["judge_at"],
                     "c": one["changed_at"]}
                    for one in some
                ],
            )  # fmt: skip
    took = time.monotonic() - start
    with ledger.engine.begin() as connection:
        connection.execute(sa.delete(event).where(event.c.id > last))
    return took


@contextmanager
def _hospital(url: str, name: str) -> Iterator[dict[str, list[float]]]:
    """Let orders come in all the while, from another process; seconds until each was durable, alone and beside."""
    latencies: dict[str, list[float]] = {"alone": _orders(url, QUIET_SECONDS, f"{name}0")}
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "latencies.json"
        command = [sys.executable, "-m", "bench.meanwhile", url, str(journal), f"{name}1"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[1])
        try:
            time.sleep(1.5)  # it has begun
            yield latencies
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(60)
        latencies["beside"] = json.loads(journal.read_text())


def _orders(url: str, seconds: float, name: str) -> list[float]:
    end = time.monotonic() + seconds
    return list(orders(url, name, lambda: time.monotonic() > end))


def _felt(name: str, figure: str, latencies: dict[str, list[float]], busy: float) -> Figure:
    """The 95th percentile of an order's way into the ledger meanwhile, beside that of a quiet ledger; milliseconds."""
    alone, beside = _p95(latencies["alone"]), _p95(latencies["beside"])
    return compare("rejudge", name, figure, "ms (p95)", [(beside, alone, alone)], [busy], None, "the ledger at rest")


def _p95(seconds: list[float]) -> float:
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder on the disk that the ledger of a node would be on; kept where BENCH_FOLDER names one."""
    with tempfile.TemporaryDirectory(prefix="gecit-bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        yield Path(name)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
