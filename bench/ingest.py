"""Ingest: C-STORE over four associations until every study's facts are committed, against a bare Orthanc.

`bench ways` does the same by STOW-RS and by Orthanc's REST interface, and by C-STORE beside DCMTK's storescp.

A round sends the same files to our node once and to a bare Orthanc twice, in changing order; the two bare runs
against each other are the noise. Each run begins with an empty store, and with memory that was just in use.

Stores lie in memory where there is room: the kernel's share of writing the same 2 GB to a disk differed by a factor of
1.8 from one run to the next, for either node, which hides what a node costs. The ledger lies on the disk, as it must.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from gecit.core.values import Value

from . import corpus, nodes
from .corpus import Case, Sent, dealt
from .figures import Figure, Goal, compare
from .machine import elsewhere, machine_now, memory_folder, wait_quiet, warm_memory
from .nodes import Cpu, Node

ASSOCIATIONS = 4
ROUNDS = 9
QUIET = 0.06  # a run is repeated when more of the machine's processor time than this went elsewhere
TRIES = 4  # after which it counts as it is
PATIENCE_SECONDS = 30.0  # how long a run waits for a machine that is busy elsewhere before it begins anyway
ORDERS = ("gbb", "bgb", "bbg")  # g: ours, b: bare; one after the other, so that a drift of the machine cancels out
WARM_TIMES = 1.5  # so much memory, in sizes of what is sent, was just in use when a run begins
WARM_UP = Case(name="warm-up", edge=16, studies=1, series=1, slices=4)
WARM_UP_NUMBER = 900_000

CASES = (  # following costs per study, not per instance: sizes at the lower end of what hospitals send
    Case(name="ct-512", edge=512, studies=16, series=2, slices=120),
    Case(name="small-14k", edge=80, studies=40, series=2, slices=100),
)
GOALS = {  # the wait is a setting and shows in `rate-with-settle-wait`: a share of a round of seconds, none of a day
    ("ct-512", "rate"): Goal(least=0.97),
    ("small-14k", "rate"): Goal(least=0.90),
    ("small-14k", "cpu-orthanc"): Goal(most=1.05),
}


class RefusedError(RuntimeError):
    """A sender was not let in, or an instance was not stored."""


class Run(Value):
    """One sending to one node. Times in seconds from the first association."""

    instances: int
    answered: float  # until the last C-STORE is answered
    recorded: float  # until the facts of the last study are committed; bare: the same as `answered`
    cpu: Cpu  # used until `recorded`
    elsewhere: float  # share of the machine's processor time that neither node nor senders nor we used until then

    @property
    def at_work(self) -> float:
        """Time to the last commit, without the settle time that the node waits on purpose, never under `answered`."""
        return max(self.answered, self.recorded - nodes.WAIT_SECONDS)


class Watched(Protocol):
    """A run of which is known how much it was disturbed."""

    @property
    def elsewhere(self) -> float:
        """Share of the machine's processor time that others used."""


R = TypeVar("R", bound=Watched)


def alone(folder: Path, disk: Path) -> AbstractContextManager[Node]:
    """Run one node of ours; its ledger lies on the disk."""
    return nodes.gecit(folder, ledger=disk)


class Way(NamedTuple):
    """How files are sent, and to whom beside us."""

    name: str
    anchor_is: str
    bare: Callable[[Path], AbstractContextManager[Node]]
    command: Callable[[Node], list[str]]  # what the folders of one sender stand behind
    ours: Callable[[Path, Path], AbstractContextManager[Node]] = alone  # folders of the store and of the ledger
    members: int = 1  # nodes on either side


def storescu(node: Node) -> list[str]:
    """Return DCMTK's sender."""
    return ["storescu", "-aet", nodes.CALLING, "-aec", nodes.CALLED, "+sd", "127.0.0.1", str(node.dicom)]


STORE = Way("ingest", "bare Orthanc", nodes.bare, storescu)


def figures(
    rounds: int = ROUNDS, patience: float = PATIENCE_SECONDS, cases: Sequence[Case] = CASES, way: Way = STORE
) -> Iterator[Figure]:
    """Measure every case and yield its figures."""
    for case in cases:
        with (
            tempfile.TemporaryDirectory(prefix="gecit-bench-", dir=memory_folder(2 * case.bytes)) as folder,
            tempfile.TemporaryDirectory(prefix="gecit-bench-") as disk,
        ):
            yield from _figures(case, _rounds(case, Path(folder), Path(disk), rounds, patience, way), way)


def _rounds(case: Case, folder: Path, disk: Path, rounds: int, patience: float, way: Way) -> list[tuple[Run, Run, Run]]:
    _say(f"{case.name}: writing {case.instances} files")
    studies = corpus.write(case, folder / "files")
    warm_up = corpus.write(replace(WARM_UP, studies=way.members), folder / "warm-up", WARM_UP_NUMBER)
    one_run = Runner(folder, disk, studies, warm_up, patience, case.bytes, way)
    one_run("b")
    return interleaved(rounds, one_run)


def interleaved(rounds: int, one_run: Callable[[str], R]) -> list[tuple[R, R, R]]:
    """Run `g` once and its anchor `b` twice a round; the anchor's two runs against each other are the noise."""
    return [_round(ORDERS[number % len(ORDERS)], one_run) for number in range(rounds)]


def _round(order: str, one_run: Callable[[str], R]) -> tuple[R, R, R]:
    runs: dict[str, list[R]] = {"g": [], "b": []}
    for kind in order:
        runs[kind].append(_quiet_run(kind, one_run))
    return runs["g"][0], runs["b"][0], runs["b"][1]


def _quiet_run(kind: str, one_run: Callable[[str], R]) -> R:
    """Run until nobody else disturbed it much. Whether it counts is settled by that alone, never by its result."""
    for attempt in range(1, TRIES + 1):
        try:
            run = one_run(kind)
        except RefusedError as fault:
            # Two of Orthanc's threads that make the same folder: one loses, and its instance is refused (1.10.1).
            _say(f"  an instance was refused, again: {fault}")
            continue
        good = run.elsewhere <= QUIET or attempt == TRIES
        _say(f"  {'ours' if kind == 'g' else 'anchor'}{'' if good else ', disturbed, again'}: {run}")
        if good:
            return run
    raise RefusedError(f"{TRIES} runs ended with a refused instance")


class Runner:
    """Sends the same files to one fresh node after the other."""

    def __init__(
        self,
        folder: Path,
        disk: Path,
        studies: Sequence[Sent],
        warm_up: Sequence[Sent],
        patience: float,
        size: int,
        way: Way,
    ) -> None:
        self._way = way
        self._folder, self._disk, self._size = folder, disk, size
        self._studies, self._warm_up, self._patience = studies, warm_up, patience

    def __call__(self, kind: str) -> Run:
        """Start a node, `g` ours or `b` bare, send and stop it."""
        with (
            tempfile.TemporaryDirectory(prefix="node-", dir=self._folder) as data,
            tempfile.TemporaryDirectory(prefix="ledger-", dir=self._disk) as ledger,
            self._node(kind, Path(data), Path(ledger)) as node,
        ):
            node.expect([*self._warm_up, *self._studies])
            commands = [self._way.command(one) for one in node.members]
            send_when_allowed(node, self._warm_up, commands=commands)
            node.wait_recorded(self._warm_up)
            os.sync()  # what the run before left to write is not this run's
            wait_quiet(QUIET, self._patience)
            warm_memory(round(WARM_TIMES * self._size))
            return _measure(node, self._studies, commands)

    def _node(self, kind: str, data: Path, ledger: Path) -> AbstractContextManager[Node]:
        return self._way.ours(data, ledger) if kind == "g" else self._way.bare(data)


def _measure(node: Node, studies: Sequence[Sent], commands: Sequence[Sequence[str]]) -> Run:
    pids, before, machine, start = node.pids(), node.cpu(), machine_now(), time.monotonic()
    _send(studies, commands)
    answered = time.monotonic() - start
    node.wait_recorded(studies)
    recorded = time.monotonic() - start if node.records else answered
    after, machine_after = node.cpu(), machine_now()
    if node.pids() != pids:
        raise RuntimeError("a process was started again in the middle of a run")
    cpu = Cpu(orthanc=after.orthanc - before.orthanc, others=after.others - before.others)
    return Run(
        instances=sum(one.instances for one in studies),
        answered=answered,
        recorded=recorded,
        cpu=cpu,
        elsewhere=elsewhere(machine, machine_after, cpu.all),
    )


def _send(studies: Sequence[Sent], commands: Sequence[Sequence[str]]) -> None:
    """Send to all nodes at once, by a process for each association; RefusedError where an instance was not stored.

    There is a command for each node; studies are dealt to nodes, and those of a node to its associations.
    """
    senders = [
        _sender(command, share)
        for command, own in zip(commands, dealt(studies, len(commands)), strict=True)
        for share in dealt(own, ASSOCIATIONS)
        if share
    ]
    codes = [one.wait() for one in senders]
    if any(codes):
        raise RefusedError(f"{commands[0][0]} ended with {codes}")


def _sender(command: Sequence[str], share: Sequence[Sent]) -> subprocess.Popen[bytes]:
    """Start one association. Without TCP_NODELAY DCMTK waits 40 ms for each instance."""
    return subprocess.Popen(
        [*command, *(str(one.folder) for one in share)],
        cwd=nodes.HOME,
        env={**os.environ, "TCP_NODELAY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def send_when_allowed(
    node: Node, studies: Sequence[Sent], seconds: float = 30.0, commands: Sequence[Sequence[str]] = ()
) -> None:
    """Send as soon as the node knows who we are: it reads its institutions every few seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            _send(studies, commands or [storescu(one) for one in node.members])
        except RefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def _figures(case: Case, rounds: Sequence[tuple[Run, Run, Run]], way: Way) -> Iterator[Figure]:
    per_second, milliseconds = "instances/s", "ms/instance"
    rows = {
        "rate": (per_second, [[one.instances / one.at_work for one in three] for three in rounds]),
        "rate-with-settle-wait": (per_second, [[one.instances / one.recorded for one in three] for three in rounds]),
        "rate-of-answers": (per_second, [[one.instances / one.answered for one in three] for three in rounds]),
        "cpu-all": (milliseconds, [[1000 * one.cpu.all / one.instances for one in three] for three in rounds]),
        "cpu-orthanc": (milliseconds, [[1000 * one.cpu.orthanc / one.instances for one in three] for three in rounds]),
    }
    for name, (unit, values) in rows.items():
        triples = [(ours, first, second) for ours, first, second in values]
        busy = [one.elsewhere for three in rounds for one in three]
        if all(min(three) > 0 for three in triples):  # of storescp's processes, which come and go, no time is known
            goal = GOALS.get((case.name, name)) if way is STORE else None
            yield compare(way.name, case.name, name, unit, triples, busy, goal, way.anchor_is)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
