"""One run on several nodes with one ledger: a day is played over all of them at once while nodes and PostgreSQL die."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from gecit.ports import Institution
from gecit.processes.following import LEASE
from gecit.sandbox.day import ExamStory
from gecit.sandbox.hbys import PretendHbys

from ..support.hospital import Hospital, ready
from ..support.node import until
from ..support.postgres import Cluster, cluster
from ..support.province import Province, across, hospitals, province
from .checks import Found, Verdicts, check, verdicts_of
from .filling import Filled, fill_nodes
from .killing import Killer, environ_of
from .results import Run
from .runs import FAULTS, REACH_SECONDS, Day, admit_reader, pretend_hbys, stories_of, told_there
from .senders import GIVE_UP_SECONDS, Sender
from .table import RANDOM, RANDOM_SECONDS, Kill, read_points

POSTGRESQL = "postgresql"
"""A victim: the postmaster, of which every node depends."""
LEFT = UNSENT, SENT = "about to be sent", "answered by MEDULA"
"""Points: a node that passes one dies with deliveries in its hands, and stays dead until others have taken them."""
DOWN_SECONDS = (1.0, 6.0)
LEFT_SECONDS = LEASE.total_seconds() + 5.0
TAKEN_OVER_SECONDS = 120.0
OF_ONE_NODE = "archive"
"""The destination that no other node can do the work of."""
CONNECTIONS = 40
"""Of PostgreSQL for each node, and as many for the senders: more than all its processes open."""
ROUND = ("everything", "everything", "listen", "work", "work", "web", "orthanc", POSTGRESQL, *LEFT)


class NodeKill(Kill, frozen=True, kw_only=True):
    """A kill on one of the nodes, or of PostgreSQL; `down`: for how many seconds it stays dead at least."""

    node: str = ""
    down: float = 0.0


class ProvinceRun(Run, kw_only=True):
    """A run on several nodes. `filled`: exams that were there before; `taken_over`: what a dead node had leased.

    `without_ledger`: starts that found no PostgreSQL and were begun again.
    """

    nodes: int = 0
    filled: int = 0
    taken_over: int = 0
    without_ledger: int = 0


def plan(names: Sequence[str], kills: int, seed: int) -> list[NodeKill]:
    """Return so many kills: round after round of `ROUND` in another order, the node and the seconds drawn."""
    draw = random.Random(seed)
    found: list[NodeKill] = []
    while len(found) < kills:
        found += [a_kill(draw, names, victim) for victim in draw.sample(ROUND, len(ROUND))]
    return found[:kills]


def a_kill(draw: random.Random, names: Sequence[str], victim: str) -> NodeKill:
    """Return a kill of a victim of `ROUND`."""
    node = "" if victim == POSTGRESQL else draw.choice(names)
    after, down = round(draw.uniform(0.0, RANDOM_SECONDS), 3), round(draw.uniform(*DOWN_SECONDS), 3)
    if victim in LEFT:
        return NodeKill(engine=POSTGRESQL, point=victim, victim="everything", node=node, down=LEFT_SECONDS)
    return NodeKill(engine=POSTGRESQL, point=RANDOM, victim=victim, after=after, node=node, down=down)


class Nodes:
    """Nodes with the hook in their processes, each with a hospital of its own; one ledger, one MEDULA.

    `hbys`: keeps what all hospitals are told. One reader, of the first, writes reports for all of them.
    """

    def __init__(
        self,
        made: Province,
        theirs: Sequence[Institution],
        hbys: PretendHbys,
        postgres: Cluster,
        folder: Path,
        filled: Filled | None,
    ) -> None:
        self.made, self.hbys, self.folder, self._filled = made, hbys, folder, filled
        self._theirs = dict(zip(made.nodes, theirs, strict=True))
        self._postgres = postgres
        self._killers = {
            name: Killer(one, crash_folder(folder, name), read_points()) for name, one in made.nodes.items()
        }
        self._first = next(iter(made.nodes.values()))
        self._medula = self._first.world["/medula"]
        self._days = count()
        self._taken_over = self._without_ledger = 0
        admit_reader(self._first.ledger, theirs[1:])

    @property
    def names(self) -> list[str]:
        """The nodes."""
        return list(self.made.nodes)

    def undisturbed(self) -> Verdicts:
        """Play a day that nobody disturbs and return its verdicts; AssertionError where it does not end well."""
        images, sender = next(iter(self._senders()))
        stories = self._stories(sender.institution)
        sender.play_all(stories)
        found = check(images, self.hbys, stories, sender.books, None)
        assert found.good, found
        return verdicts_of(images.results(stories))

    def run(self, kills: Sequence[NodeKill], undisturbed: Verdicts, faults: float = 0.0, seed: int = 0) -> ProvinceRun:
        """Play days on all nodes while these kills last; `faults`: share of MEDULA's answers that are spoilt."""
        began, before, told = time.monotonic(), len(self._medula.spoilt), self._told()
        done: list[Kill] = []
        unreached: list[Kill] = []
        self._medula.spoil(faults, FAULTS, seed)
        days = [(images, Day(partial(self._stories, sender.institution), sender)) for images, sender in self._senders()]
        found = Found([], [], [])
        try:
            for one in kills:
                self._more(days)
                (done if self._strike(one, days) else unreached).append(one)
        except (AssertionError, OSError) as fault:  # a node that does not come back is a finding
            found.differs.append(f"the kills broke off: {fault}")
        finally:
            self._medula.stop()
            self._end(days, found)
        self._look(days, undisturbed, found)
        played = {story.order.key.accession for _, day in days for story in day.played}
        found.twice.extend(f"MEDULA knows {one}, which nobody sent" for one in sorted(self._told() - told - played))
        return ProvinceRun(
            engine=POSTGRESQL,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - began, 1),
            kills=done,
            unreached=unreached,
            messages=sum(len(day.sender.books.messages) for _, day in days),
            instances=sum(len(day.sender.books.instances) for _, day in days),
            exams=sum(len(day.played) for _, day in days),
            faults=len(self._medula.spoilt) - before,
            nodes=len(self._killers),
            filled=self._filled.exams if self._filled else 0,
            taken_over=self._taken_over,
            without_ledger=self._without_ledger,
            **found._asdict(),
        )

    def rebuilt(self, seconds: float = 300.0) -> Found:
        """Fold the ledger anew from its events; what differs is a finding, and where it takes longer."""
        try:
            done = self._first.gecit("ledger", "rebuild", seconds=seconds)
        except subprocess.TimeoutExpired as fault:
            return Found([], [], [str(fault)])
        return Found([], [], [done.stdout + done.stderr] if done.returncode else [])

    def _told(self) -> set[str]:
        """The exams that MEDULA carried something out for, as MEDULA has it."""
        return {str(one["content"]["accession"]) for one in self._first.inspect()["carried_out"]}

    def log_text(self) -> str:
        """Return what all nodes wrote."""
        return "\n".join(f"--- {name}\n{one.node.log_text()}" for name, one in self.made.nodes.items())

    def _stories(self, institution: Institution) -> list[ExamStory]:
        return stories_of(next(self._days), institution=institution)

    def _senders(self) -> Iterator[tuple[Hospital, Sender]]:
        """Yield each node's hospital: its messages go there, its images to the next node, which is told too."""
        nodes = self.made.nodes
        for number, hl7 in enumerate(self.names):
            images = self.names[(number + 1) % len(nodes)]
            doors = across(hl7=nodes[hl7], images=nodes[images])
            moment = self._killers[images].moment
            yield nodes[images], Sender(nodes[images], self.folder / "sent" / hl7, moment, doors, self._theirs[hl7])

    def _more(self, days: Sequence[tuple[Hospital, Day]]) -> None:
        """Wait for a message to be acknowledged, so that every kill comes in mid-traffic."""

        def acknowledged() -> int:
            return sum(len(day.sender.books.messages) for _, day in days)

        before = acknowledged()
        given_up = [day.given_up for _, day in days]
        until(
            lambda: acknowledged() > before or any(one.is_set() for one in given_up), GIVE_UP_SECONDS, "traffic goes on"
        )

    def _as_their_units(self) -> None:
        self._without_ledger += sum(one.as_its_unit() for one in self._killers.values())

    def _strike(self, kill: NodeKill, days: Sequence[tuple[Hospital, Day]]) -> bool:
        self._as_their_units()
        if kill.victim == POSTGRESQL:
            time.sleep(kill.after)
            self._postgres.kill()
            time.sleep(kill.down)
            self._postgres.start()
            return True
        dead = partial(self._left_to_others, kill) if kill.point in LEFT else partial(time.sleep, kill.down)
        return self._killers[kill.node].strike(kill, threading.Event(), REACH_SECONDS, dead)

    def _left_to_others(self, kill: NodeKill) -> None:
        """Return when others have taken over what the dead node had leased."""
        dies_at = time.monotonic()
        self._taken_over += self._leased(kill.node)
        until(lambda: not self._leased(kill.node), TAKEN_OVER_SECONDS, f"others take over what {kill.node} had leased")
        time.sleep(max(0.0, dies_at + kill.down - time.monotonic()))

    def _leased(self, name: str) -> int:
        """How many deliveries that any node can do are leased to a node."""
        waiting = self._first.ledger.deliveries(state="leased", limit=10_000)
        return sum(one.destination != OF_ONE_NODE and one.leased_by.startswith(f"{name}/") for one in waiting)

    def _end(self, days: Sequence[tuple[Hospital, Day]], found: Found) -> None:
        """Bring everything to life again and the stories under way to their end."""
        self._look_who_ended(found)
        for killer in self._killers.values():
            killer.revive()
        for _, day in days:
            day.begin_no_more()
        for _, day in days:
            day.end()

    def _look_who_ended(self, found: Found) -> None:
        self._as_their_units()
        for name, killer in self._killers.items():
            if killer.ended() not in (None, -signal.SIGKILL):
                found.differs.append(f"Orthanc of {name} ended with {killer.ended()} though nobody killed it")

    def _look(self, days: Sequence[tuple[Hospital, Day]], undisturbed: Verdicts, found: Found) -> None:
        """Hold what is there against every sender's own books."""
        self._look_who_ended(found)
        for name, killer in self._killers.items():
            killer.revive()
            ready(self.made[name])
        for images, day in days:
            for so_far, more in zip(
                found, check(images, self.hbys, day.played, day.sender.books, undisturbed), strict=True
            ):
                so_far.extend(more)
            if day.fault:
                found.differs.append(day.fault)
        found.twice.extend(self._filled.told_again() if self._filled else [])


def crash_folder(folder: Path, name: str) -> Path:
    """Return where the hook in a node's processes is told what to do."""
    return folder / "crash" / name


@contextmanager
def nodes(folder: Path, number: int, exams: int, say: Callable[[str], object] = lambda _: None) -> Iterator[Nodes]:
    """Run so many nodes on a PostgreSQL of their own for the length of a block; `exams` are there before."""
    filled: list[Filled] = []
    with ExitStack() as stack:
        postgres = stack.enter_context(cluster(connections=CONNECTIONS * (number + 1)))
        hbys, told_here = stack.enter_context(pretend_hbys())
        assert told_here.receiver
        theirs = [told_there(one, told_here.receiver.port) for one in hospitals(number)]
        made = stack.enter_context(
            province(
                folder,
                postgres,
                [f"node-{one}" for one in range(1, number + 1)],
                environ=lambda name: environ_of(crash_folder(folder, name)),
                institutions=theirs,
                prepare=lambda made: filled.append(fill_nodes(made, exams, say)) if exams else None,
            )
        )
        yield Nodes(made, theirs, hbys, postgres, folder, filled[0] if filled else None)
