"""A long run far above a large hospital's peak: ten messages and forty instances a second, a page a second.

Is memory of each process flat, is latency flat, is nothing left over at the end? Each figure of latency stands beside
the same of the run's first part; each process's memory has its slope with 95 % confidence. What was seen minute by
minute is written to bench/results/soak-minutes.jsonl, from which `python -m bench.soak.plot` draws.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import sqlalchemy as sa

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.core.values import Value
from gecit.edges import codes
from gecit.edges.doors import new_token, token_digest
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock

from .. import million, nodes, results
from ..figures import Figure, Goal, Spread, compare
from ..hl7 import RADIOLOGISTS
from ..installed import environ_of_a_node
from ..machine import elsewhere, machine_now
from ..memory import memory_of
from ..outbox import receiver
from .traffic import AFTER, EXAMS, RefusedError
from .trend import slope

MINUTES = 60.0
minutes = MINUTES
BEFORE = 100_000
"""Judged exams that are there before: the page caches of an empty ledger's connections fill for as long as it grows."""

SAMPLE_SECONDS = 10.0  # between two looks at memory
PARTS = 6  # the first and the last of so many are compared: ten minutes of an hour
KINDS = ("orders", "reports", "images", "pages")
PERCENTS = {"p50": 50, "p95": 95, "p99": 99}
FLAT = Goal(most=1.2)
FLAT_MEMORY = Goal(most=0.05)
"""Growth in an hour, as a share of the process's size."""

NOTHING = Goal(most=0.0, absolute=True)
LEFT_SECONDS = 60.0


class Sample(Value):
    """One look: seconds from the start, MiB of each process, deliveries that wait."""

    at: float
    memory: Mapping[str, float]
    waiting: int


class Sent(Value):
    """A line of a journal."""

    turn: float
    ms: float
    answered: float
    key: str
    again: int = 0


class Soaked(Value):
    """What was seen."""

    seconds: float
    samples: Sequence[Sample]
    sent: Mapping[str, Sequence[Sent]]
    left: int  # exams of which MEDULA was not told at the end, and deliveries that waited
    elsewhere: float


def figures(
    rounds: int = 1,
    patience: float = 30.0,
    length: float | None = None,
    pace: float = EXAMS,
    before: int = BEFORE,
) -> Iterator[Figure]:
    """Run once, whatever `rounds` says, for so many minutes (`--minutes`)."""
    seconds = 60 * (minutes if length is None else length)
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder, receiver() as (url, arrived):
        _fill(Path(folder), before)
        soaked = _soak(Path(folder), url, seconds, pace)
    sent = {**soaked.sent, "told": _told(soaked.sent["reports"], arrived().first)}
    if length is None:
        _keep_minutes(soaked, sent)
    yield from _latencies(sent, soaked)
    yield from _memory(soaked)
    exams = len(sent["reports"])
    again = sum(one.again for one in sent["images"])
    rows = [(float(again), float(exams), float(exams))]
    yield compare("soak", _case(soaked), "images-sent-again", "exams", rows, [soaked.elsewhere], None, "all exams")
    rows = [(float(soaked.left), float(exams), float(exams))]
    yield compare("soak", _case(soaked), "left-at-the-end", "exams", rows, [soaked.elsewhere], NOTHING, "all exams")


def _case(soaked: Soaked) -> str:
    return f"{soaked.seconds / 60:g}-minutes"


def _fill(folder: Path, before: int) -> None:
    ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
    try:
        million.fill(ledger, before, held=0)
    finally:
        ledger.close()


def _soak(folder: Path, url: str, seconds: float, pace: float) -> Soaked:
    with nodes.gecit(folder, ORTHANC__GECIT__MEDULA__URL=url, **environ_of_a_node()) as node:
        codes.import_csv(folder / "codes.db", "radiologists", RADIOLOGISTS, SystemClock().now())
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        try:
            token = _administrator(ledger)
            time.sleep(3.0)  # until the node lets the institution's AE title in
            pids, machine, used, told = node.pids(), machine_now(), node.cpu(), _told_of(ledger)
            senders = {kind: _sender(kind, node, folder, (seconds, pace), token) for kind in KINDS}
            start = _start(senders)
            samples = list(_watched(node, ledger, senders, start))
            busy = elsewhere(machine, machine_now(), node.cpu().all - used.all)
            if node.pids() != pids:
                raise RuntimeError("a process was started again in the middle of the run")
            exams = int(seconds * pace)
            left = _left(ledger, told + exams)
        finally:
            ledger.close()
    sent = {kind: [Sent(**json.loads(one)) for one in (folder / kind).read_text().splitlines()] for kind in KINDS}
    return Soaked(seconds=seconds, samples=samples, sent=sent, left=left, elsewhere=busy)


def _sender(kind: str, node: nodes.Node, folder: Path, how: tuple[float, float], token: str) -> subprocess.Popen[bytes]:
    port = {"images": node.dicom, "pages": node.http}.get(kind, node.mllp)
    command = [sys.executable, "-m", "bench.soak.traffic", kind, str(port), *map(str, how), str(folder / kind), token]
    return subprocess.Popen(command, cwd=nodes.HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _start(senders: Mapping[str, subprocess.Popen[bytes]]) -> float:
    """Wait until all are ready and start them together; return the instant, of the monotonic clock."""
    for one in senders.values():
        assert one.stdout
        one.stdout.readline()
    start = time.monotonic() + 1.0
    for one in senders.values():
        assert one.stdin
        one.stdin.write(f"{start}\n".encode())
        one.stdin.close()
    return start


def _watched(
    node: nodes.Node, ledger: SqlLedger, senders: Mapping[str, subprocess.Popen[bytes]], start: float
) -> Iterator[Sample]:
    """Look at memory and queue until all is sent; RefusedError where a sender failed."""
    try:
        while any(one.poll() is None for one in senders.values()):
            failed = [kind for kind, one in senders.items() if one.poll()]
            if failed:
                raise RefusedError(f"sending {', '.join(failed)} failed")
            yield Sample(at=time.monotonic() - start, memory=memory_of(node), waiting=_waiting(ledger))
            time.sleep(SAMPLE_SECONDS)
        if any(one.returncode for one in senders.values()):
            raise RefusedError("a sender failed")
    finally:
        for one in senders.values():
            if one.poll() is None:
                one.terminate()
                one.wait()


def _waiting(ledger: SqlLedger) -> int:
    return _count(ledger, "SELECT count(*) FROM outbox WHERE state IN ('queued', 'unknown', 'leased')")


def _left(ledger: SqlLedger, exams: int) -> int:
    """Wait until MEDULA was told of all exams and nothing waits; return how many are left when patience ends."""
    deadline = time.monotonic() + LEFT_SECONDS
    while True:
        left = max(exams - _told_of(ledger), _waiting(ledger))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(1.0)


def _told_of(ledger: SqlLedger) -> int:
    return _count(ledger, "SELECT count(*) FROM exam WHERE billing = 'told'")


def _count(ledger: SqlLedger, query: str) -> int:
    with ledger.engine.connect().execution_options(reading=True) as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


def _administrator(ledger: SqlLedger) -> str:
    token, now = new_token(), datetime.now(UTC)
    ledger.save_account(Account(name="bench", roles=(Role.ADMINISTRATOR,)), now)
    ledger.add_token(token_digest(token), "bench", now, None)
    return token


def _told(reports: Sequence[Sent], first: Mapping[str, float]) -> list[Sent]:
    """From the answer to an exam's report until MEDULA heard of it."""
    return [
        Sent(turn=one.turn, ms=1000 * max(first[one.key] - one.answered, 0.0), answered=first[one.key], key=one.key)
        for one in reports
        if one.key in first
    ]


# Figures


def _latencies(sent: Mapping[str, Sequence[Sent]], soaked: Soaked) -> Iterator[Figure]:
    part = soaked.seconds / PARTS
    for kind, all_of_it in sent.items():
        begins = AFTER.get(kind, AFTER["reports"] if kind == "told" else 0.0)
        first = [one.ms for one in all_of_it if one.turn - begins < part]
        last = [one.ms for one in all_of_it if one.turn - begins >= soaked.seconds - part]
        for name, percent in PERCENTS.items():
            value, anchor = percentile(last, percent), percentile(first, percent)
            goal = None if name == "p99" else FLAT
            rows, said = [(value, anchor, anchor)], f"the first {part / 60:g} minutes"
            yield compare("soak", _case(soaked), f"{kind}-{name}", "ms", rows, [soaked.elsewhere], goal, said)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile, by linear interpolation."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def _memory(soaked: Soaked) -> Iterator[Figure]:
    """Yield each process's growth; the first part of the run, in which caches fill, is left out."""
    steady = [one for one in soaked.samples if one.at >= soaked.seconds / PARTS]
    hours = [one.at / 3600 for one in steady]
    for name in steady[0].memory:
        sizes = [one.memory[name] for one in steady]
        found, size = slope(hours, sizes), median(sizes)
        bounds = (found.value, found.low, found.high)
        value, ratio = _bounded(*bounds), _bounded(*(one / size for one in bounds))
        flat = _bounded(size, min(sizes), max(sizes))
        yield Figure(
            bench="soak", case=_case(soaked), figure=f"{name}-growth", unit="MiB/h", value=value, anchor=flat,
            anchor_is="its size, MiB", ratio=ratio, noise=_bounded(1.0, 1.0, 1.0),
            elsewhere=_bounded(*[soaked.elsewhere] * 3), rounds=1, goal=FLAT_MEMORY,
            met=FLAT_MEMORY.met(ratio.median) or ratio.min <= 0,
        )  # fmt: skip


def _bounded(value: float, low: float, high: float) -> Spread:
    short = [float(f"{one:.4g}") for one in (value, low, high)]
    return Spread(median=short[0], min=short[1], max=short[2], q1=short[1], q3=short[2])


def _keep_minutes(soaked: Soaked, sent: Mapping[str, Sequence[Sent]]) -> None:
    """Write what was seen, minute by minute: MiB by process, deliveries waiting, p95 by kind."""
    results.FOLDER.mkdir(parents=True, exist_ok=True)
    with (results.FOLDER / "soak-minutes.jsonl").open("w", encoding="utf-8") as out:
        for minute in range(int(soaked.seconds // 60)):
            seen = [one for one in soaked.samples if minute <= one.at / 60 < minute + 1]
            took = {
                kind: [one.ms for one in some if minute <= one.turn / 60 < minute + 1] for kind, some in sent.items()
            }
            row = {
                "minute": minute,
                "memory": {name: round(median(one.memory[name] for one in seen), 2) for name in seen[0].memory},
                "waiting": max(one.waiting for one in seen),
                "p95": {kind: round(percentile(some, 95), 2) for kind, some in took.items() if some},
            }  # fmt: skip
            out.write(json.dumps(row) + "\n")
