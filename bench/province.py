"""Several whole nodes on one durable PostgreSQL ledger: what they take in beside as many bare Orthancs, and beside one.

C-STORE as `bench ingest` measures it, four associations to each node, the same files whatever the number of nodes. HL7
as `bench hl7` sends it, eight connections to each node, the same number of messages; the anchor is one node on
PostgreSQL, and of that one a node with a ledger of its own on SQLite. Nodes, PostgreSQL and senders share one machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from msgspec.structs import replace
from tests.support.postgres import Cluster, cluster
from tests.support.province import share_key

from gecit.core.access import Role
from gecit.core.values import Value
from gecit.edges import codes
from gecit.edges.store.engine import CONNECTIONS as CONNECTIONS_AT_MOST
from gecit.edges.store.engine import KEPT
from gecit.edges.system_clock import SystemClock

from . import ingest, nodes
from .corpus import Case, Sent, dealt
from .figures import Figure, compare
from .hl7 import CONNECTIONS, MESSAGES, RADIOLOGISTS, send_messages, write_round
from .hl7_servers import said_by, sender
from .ingest import Way, interleaved
from .machine import elsewhere, machine_now, used_by_all, wait_quiet
from .memory import made
from .nodes import Cpu, Node

SIZES = (1, 2, 4)
PROCESSES = 1 + len(nodes.PROCESSES)  # Orthanc with the plugin, and those beside it
SERVER_CONNECTIONS = 300  # what docs/howto/availability.md asks for, up to four nodes
CASE = ingest.CASES[0]
LOOK_SECONDS = 0.05
_COUNT = (
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND NOT client_port = ANY(%s)"
)
WARM_UP = 200  # messages to each node: whoever is first makes statements and caches


@dataclass
class Connections:
    """To one PostgreSQL, of all nodes: before anything is sent, and the most that were seen at once since."""

    at_rest: int = 0
    peak: int = 0


def _connections(looking: psycopg.Connection, ours: Sequence[int]) -> int:
    found = looking.execute(_COUNT, [ours]).fetchone()
    return int(found[0]) if found else 0


def _ports_of_ours() -> list[int]:
    """Return the ports from which the bench itself asks: it opens nodes' ledgers, too."""
    return [one.laddr.port for one in psutil.Process().net_connections("tcp") if one.raddr]


class Group(Node):
    """Nodes that are sent to at once; with `ledger`, PostgreSQL's processor time is theirs."""

    def __init__(self, members: Sequence[Node], ledger: Cluster | None) -> None:
        self._members, self._ledger = members, ledger
        self.http, self.dicom, self.mllp = members[0].http, members[0].dicom, members[0].mllp

    @property
    def members(self) -> Sequence[Node]:
        """The nodes."""
        return self._members

    @property
    def records(self) -> bool:
        """Whether they keep a ledger."""
        return any(one.records for one in self._members)

    def cpu(self) -> Cpu:
        """Return what all their processes and their ledger's used so far."""
        used = [one.cpu() for one in self._members]
        return Cpu(orthanc=sum(one.orthanc for one in used), others=sum(one.others for one in used) + self.ledger_cpu())

    def ledger_cpu(self) -> float:
        """Return PostgreSQL's processor seconds; none where there is no such server."""
        return used_by_all(self._ledger.process.pid) if self._ledger else 0.0

    @contextmanager
    def connections_watched(self) -> Iterator[Connections]:
        """Count the nodes' connections to PostgreSQL, now and during a block; none where there is no such server."""
        seen, ended = Connections(), threading.Event()
        if self._ledger is None:
            yield seen
            return
        with psycopg.connect(self._ledger.url("postgres").replace("+psycopg", ""), autocommit=True) as looking:
            ours = _ports_of_ours()
            seen.at_rest = seen.peak = _connections(looking, ours)

            def watch() -> None:
                while not ended.wait(LOOK_SECONDS):
                    seen.peak = max(seen.peak, _connections(looking, ours))

            watching = threading.Thread(target=watch, name="watch connections")
            watching.start()
            try:
                yield seen
            finally:
                ended.set()
                watching.join()

    def pids(self) -> frozenset[int]:
        """Return the process ids of all nodes."""
        return frozenset().union(*(one.pids() for one in self._members))

    def expect(self, studies: Sequence[Sent]) -> None:
        """Announce to each node what will come to it."""
        for one, own in self._shares(studies):
            one.expect(own)

    def wait_recorded(self, studies: Sequence[Sent]) -> None:
        """Return when every study is on record."""
        for one, own in self._shares(studies):
            one.wait_recorded(own)

    def token(self, role: Role) -> str:
        """Return a token of the first node, which all take that share its ledger."""
        return self._members[0].token(role)

    def _shares(self, studies: Sequence[Sent]) -> Iterator[tuple[Node, Sequence[Sent]]]:
        return zip(self._members, dealt(studies, len(self._members)), strict=True)


@contextmanager
def province(folder: Path, count: int) -> Iterator[Group]:
    """Run so many nodes of ours on one ledger; its server is new, and ends with them: nothing of it is left to do."""
    folders = [made(folder / f"node{number}") for number in range(count)]
    for one in folders:
        share_key(one)
    with cluster(durable=True, connections=SERVER_CONNECTIONS) as server:
        database = server.new_database()
        makers = [nodes.gecit(one, database=database, GECIT_NAME=f"Node{number}") for number, one in enumerate(folders)]
        with _together(makers, server) as group:
            yield group


@contextmanager
def bare(folder: Path, count: int) -> Iterator[Group]:
    """Run so many Orthancs without plugins."""
    with _together([nodes.bare(made(folder / f"node{number}")) for number in range(count)]) as group:
        yield group


@contextmanager
def own_ledger(folder: Path) -> Iterator[Group]:
    """Run one node of ours on SQLite."""
    with _together([nodes.gecit(made(folder / "node0"))]) as group:
        yield group


@contextmanager
def _together(makers: Sequence[AbstractContextManager[Node]], server: Cluster | None = None) -> Iterator[Group]:
    """Start all at once, since a node takes seconds to come up; all that came up are stopped."""
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(makers)) as pool:
            starting = [pool.submit(stack.enter_context, one) for one in makers]
        yield Group([one.result() for one in starting], server)


def figures(
    rounds: int = 3, patience: float = ingest.PATIENCE_SECONDS, case: Case = CASE, count: int = MESSAGES
) -> Iterator[Figure]:
    """Measure images, then messages, with every number of nodes."""
    for size in SIZES:
        yield from images(size, rounds, patience, case)
    for size in SIZES:
        yield from messages(size, rounds, patience, count)


def images(size: int, rounds: int, patience: float, case: Case) -> Iterator[Figure]:
    """Measure C-STORE to so many nodes."""
    for one in ingest.figures(rounds, patience, [case], _way(size)):
        yield replace(one, case=_name(size))


def _name(size: int) -> str:
    return f"{size}-node" if size == 1 else f"{size}-nodes"


def _way(size: int) -> Way:
    return Way(
        name="province",
        anchor_is=f"as many bare Orthancs, {size}",
        bare=lambda folder: bare(folder, size),
        command=ingest.storescu,
        ours=lambda folder, _: province(folder, size),
        members=size,
    )


class Run(Value):
    """One sending of messages to all nodes at once."""

    rate: float  # messages a second
    p99: float  # milliseconds until the answer, of the node that was slowest
    cpu: float  # milliseconds a message, of all nodes and PostgreSQL
    ledger_cpu: float  # of it, PostgreSQL's
    elsewhere: float
    at_rest: float  # connections to PostgreSQL, all nodes
    peak: float


def messages(size: int, rounds: int, patience: float, count: int) -> Iterator[Figure]:
    """Measure HL7 to so many nodes; `count` messages, all nodes together."""
    anchor_is = "one node, its ledger on PostgreSQL too" if size > 1 else "one node, its ledger on SQLite"

    def one_run(kind: str) -> Run:
        with tempfile.TemporaryDirectory(prefix="gecit-bench-") as name:
            folder = Path(name)
            if kind == "b" and size == 1:
                return _run(own_ledger(folder), folder, patience, count)
            return _run(province(folder, size if kind == "g" else 1), folder, patience, count)

    sys.stderr.write(f"{_name(size)}: {count} messages\n")
    done = interleaved(rounds, one_run)
    busy = [one.elsewhere for three in done for one in three]
    rows = {
        "messages": ("messages/s", [[one.rate for one in three] for three in done]),
        "messages-p99": ("ms", [[one.p99 for one in three] for three in done]),
        "messages-cpu-all": ("ms/message", [[one.cpu for one in three] for three in done]),
        "messages-cpu-ledger": ("ms/message", [[one.ledger_cpu for one in three] for three in done]),
    }
    for figure, (unit, values) in rows.items():
        triples = [(ours, first, second) for ours, first, second in values]
        if all(min(three) > 0 for three in triples):  # beside SQLite there is no server whose time is known
            yield compare("province", _name(size), figure, unit, triples, busy, None, anchor_is)
    for figure, bound, words, seen in (
        ("connections-at-rest", KEPT, "what they keep open at the most", [one.at_rest for one, _, _ in done]),
        ("connections-peak", CONNECTIONS_AT_MOST, "what they open at the most", [one.peak for one, _, _ in done]),
    ):
        most = float(size * PROCESSES * bound)
        rows_seen = [(one, most, most) for one in seen]
        yield compare("province", _name(size), figure, "connections", rows_seen, busy, None, words)


def _run(started: AbstractContextManager[Group], folder: Path, patience: float, count: int) -> Run:
    with started as group:
        for number, one in enumerate(group.members):
            codes.import_csv(folder / f"node{number}" / "codes.db", "radiologists", RADIOLOGISTS, SystemClock().now())
            send_messages(one, folder, 500 + number, WARM_UP)
        os.sync()
        wait_quiet(ingest.QUIET, patience)
        return _sent(group, folder, count)


def _sent(group: Group, folder: Path, count: int) -> Run:
    share = count // len(group.members)
    files = [write_round(folder, number, share) for number in range(len(group.members))]
    used, ledger, machine = group.cpu(), group.ledger_cpu(), machine_now()
    with group.connections_watched() as connections:
        sending = [sender(one.mllp, file, CONNECTIONS) for one, file in zip(group.members, files, strict=True)]
        said = [said_by(one, share) for one in sending]
    used_after, ledger_after, machine_after = group.cpu(), group.ledger_cpu(), machine_now()
    sent = share * len(files)
    cpu = used_after.all - used.all
    return Run(
        rate=sent / (max(one["ended"] for one in said) - min(one["began"] for one in said)),
        p99=max(one["p99"] for one in said),
        cpu=1000 * cpu / sent,
        ledger_cpu=1000 * (ledger_after - ledger) / sent,
        elsewhere=elsewhere(machine, machine_after, cpu),
        at_rest=float(connections.at_rest),
        peak=float(connections.peak),
    )
