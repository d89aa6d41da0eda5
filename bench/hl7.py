"""HL7: messages per second, durable before their ACK, on a whole node, beside what only parses and what only syncs.

Orders and reports in turn, over eight connections, each message after the answer to the one before; and once more with
senders that keep sixteen under way. Anchors of the same run and the same messages: servers of others that keep nothing
(`hl7_servers`), python-hl7's bare parse rate, hl7apy's, and the disk's own rate of fsync.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import hl7
from hl7apy.parser import parse_message

from gecit.core.values import Value
from gecit.edges import codes
from gecit.edges.system_clock import SystemClock

from . import hl7_servers, messages, nodes
from .figures import Figure, Goal, compare
from .hl7_sender import write_frames
from .hl7_servers import SERVERS, said_by, sender
from .machine import elsewhere, machine_now, wait_quiet

CONNECTIONS = 8
MESSAGES = 10_000  # of each round
WINDOW = 16  # messages under way on a connection whose sender does not wait for each answer
BACKLOG = 100_000
PACE = 10.0  # messages a second, beside the backlog
SAMPLE = 400  # messages that the anchors parse
SERVED = 2000  # messages that other servers answer, before and after each round
SYNCS = 400
QUIET = 0.06
RADIOLOGISTS = nodes.HOME / "plugins" / "gecit" / "sandbox" / "data" / "radiologists.csv"


class Anchors(Value):
    """What the machine does of one kind alone, per second."""

    python_hl7: float
    hl7apy: float
    fsync: float
    servers: Mapping[str, float]  # by name, of those that can do what is measured


class Round(Value):
    """One sending, between two measurements of the anchors."""

    rate: float
    p50: float
    p99: float
    before: Anchors
    after: Anchors
    elsewhere: float


def figures(rounds: int = 5, patience: float = 30.0, count: int = MESSAGES, backlog: int = BACKLOG) -> Iterator[Figure]:
    """Measure the rate in so many rounds, then latency while a backlog drains."""
    hl7_servers.fetch()
    with tempfile.TemporaryDirectory(prefix="gecit-bench-") as folder, nodes.gecit(Path(folder)) as node:
        codes.import_csv(Path(folder) / "codes.db", "radiologists", RADIOLOGISTS, SystemClock().now())
        send_messages(node, Path(folder), 0, 200)  # whoever is first makes statements and caches
        done = [_round(node, Path(folder), 1 + number, count, patience) for number in range(rounds)]
        yield from _rates(done, "8-connections")
        done = [_round(node, Path(folder), 300 + number, count, patience, WINDOW) for number in range(rounds)]
        yield from _rates(done, f"8-connections-window-{WINDOW}")
        if backlog:
            yield _latency(node, Path(folder), backlog)


def _rates(done: Sequence[Round], case: str) -> Iterator[Figure]:
    busy = [one.elsewhere for one in done]
    anchors: dict[str, tuple[str, Goal | None]] = {
        "python_hl7": ("python-hl7, parsing alone", Goal(least=1.0)),
        "hl7apy": ("hl7apy, parsing alone", None),
        "fsync": ("fsync of the disk", None),
    }
    for name, (said, goal) in anchors.items():
        rows = [(one.rate, getattr(one.before, name), getattr(one.after, name)) for one in done]
        yield compare("hl7", case, f"rate-beside-{name}", "messages/s", rows, busy, goal, said)
    for name in done[0].before.servers:
        rows = [(one.rate, one.before.servers[name], one.after.servers[name]) for one in done]
        figure, goal = f"rate-beside-{name}", Goal(least=1.0)
        yield compare("hl7", case, figure, "messages/s", rows, busy, goal, SERVERS[name].said)
    rows = [(one.rate, one.before.python_hl7, one.after.python_hl7) for one in done]
    least = Goal(least=1000.0, absolute=True)
    yield compare("hl7", case, "rate", "messages/s", rows, busy, least, "python-hl7, parsing alone")
    waits = [(one.p99, one.p50, one.p50) for one in done]
    yield compare("hl7", case, "answer-p99", "ms", waits, busy, None, "median of the same")


def _round(node: nodes.Node, folder: Path, number: int, count: int, patience: float, window: int = 1) -> Round:
    os.sync()
    wait_quiet(QUIET, patience)
    before = anchors(folder, window)
    used, machine = node.cpu(), machine_now()
    said = send_messages(node, folder, number, count, window=window)
    busy = elsewhere(machine, machine_now(), node.cpu().all - used.all)
    rate = count / float(said["seconds"])
    sys.stderr.write(f"  {rate:.0f} messages/s, p99 {said['p99']:.1f} ms, elsewhere {busy:.3f}\n")
    return Round(
        rate=rate,
        p50=float(said["p50"]),
        p99=float(said["p99"]),
        before=before,
        after=anchors(folder, window),
        elsewhere=busy,
    )


def _latency(node: nodes.Node, folder: Path, backlog: int) -> Figure:
    """The way of a message that comes alone, ten a second, while a backlog drains beside it; the anchor is at rest."""
    paced = max(4, min(100, backlog // 100))
    rest = send_messages(node, folder, 600, paced, connections=1, pace=PACE)
    machine, used = machine_now(), node.cpu()
    draining = sender(node.mllp, write_round(folder, 700, backlog), CONNECTIONS)
    beside: list[dict[str, float]] = []
    try:
        while draining.poll() is None:
            beside.append(send_messages(node, folder, 800 + len(beside), paced, connections=1, pace=PACE))
    finally:
        if draining.poll() is None:
            draining.terminate()
            draining.wait()
    said = said_by(draining, backlog)
    busy = elsewhere(machine, machine_now(), node.cpu().all - used.all)
    sys.stderr.write(f"  backlog of {backlog}: {backlog / said['seconds']:.0f} messages/s\n")
    rows = [(one["p99"], rest["p99"], rest["p99"]) for one in beside]
    return compare("hl7", f"backlog-{backlog}", "answer-p99-at-10-a-second", "ms", rows, [busy], None, "at rest")


def anchors(folder: Path, window: int = 1) -> Anchors:
    """Measure what the machine does of one kind alone."""
    frames = write_round(folder, 990, SERVED)
    texts = [one.decode() for one in chain.from_iterable(messages.pairs(SAMPLE // 2, 900_000))]
    some = texts[:40]
    return Anchors(
        python_hl7=len(texts) / _seconds(lambda: [hl7.parse(one) for one in texts]),
        hl7apy=len(some) / _seconds(lambda: [parse_message(one, find_groups=False) for one in some]),
        fsync=SYNCS / _seconds(lambda: _sync(folder / "fsync", SYNCS)),
        servers={
            name: one.figure(frames, CONNECTIONS, window, SERVED)
            for name, one in SERVERS.items()
            if one.windows or window == 1
        },
    )


def _seconds(work: object) -> float:
    assert callable(work)
    start = time.monotonic()
    work()
    return time.monotonic() - start


def _sync(path: Path, times: int) -> None:
    """Write a page and wait for the disk, again and again: what a commit cannot be faster than."""
    page = os.urandom(4096)
    with path.open("wb") as out:
        for _ in range(times):
            out.write(page)
            out.flush()
            os.fdatasync(out.fileno())


def write_round(folder: Path, number: int, count: int) -> Path:
    """Write the messages of a round; its number keeps its exams apart from all others."""
    path = folder / f"frames{number}"  # a sender may still be reading another one
    write_frames(path, chain.from_iterable(messages.pairs((count + 1) // 2, number * 200_000)))
    return path


def send_messages(
    node: nodes.Node,
    folder: Path,
    number: int,
    count: int,
    *,
    connections: int = CONNECTIONS,
    pace: float = 0.0,
    window: int = 1,
) -> dict[str, float]:
    """Send so many messages and return what the sender says of it; RuntimeError where one was not accepted."""
    file = write_round(folder, number, count)
    return said_by(sender(node.mllp, file, connections, pace=pace, window=window), count)
