"""One run: a fresh day on a node, killed again and again while it is played, and then looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from gecit.core.grants import Grant, Paper
from gecit.edges.passwords import hash_password
from gecit.edges.store import SqlLedger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Institution, Receiver
from gecit.sandbox.day import INSTITUTION, ExamStory
from gecit.sandbox.hbys import PretendHbys, listening

from ..support.hospital import Hospital, hospital, ready, stories_at
from ..support.postgres import Cluster, cluster
from .checks import Found, Verdicts, check, verdicts_of
from .killing import Killer, environ_of
from .results import Run
from .senders import PASSWORD, READ_HERE, READER, Sender
from .table import Kill, read_points

LEFT_OUT = ("todays-outage",)
"""Its story needs an outage of some seconds' length, which a kill would change."""
FAULTS = (
    "hang-before", "hang-after", "reset-before", "reset-after", "500", "500-after", "503", "half", "duplicate",
    "wrong-json", "other-answer", "slow",
)  # fmt: skip
"""What MEDULA does with a delivery: refuses, is silent, breaks off, or carries out and says otherwise."""
REACH_SECONDS = 60.0
LONGEST_STORY = 400.0


class Bench:
    """A node with the hook in its processes, and a new day for each run."""

    def __init__(
        self, made: Hospital, hbys: PretendHbys, folder: Path, engine: str, postgres: Cluster | None = None
    ) -> None:
        self.hbys = hbys
        self.made, self.folder, self.engine, self.postgres = made, folder, engine, postgres
        self.killer = Killer(made, folder / "crash", read_points())
        admit_reader(made.ledger)
        self._medula = made.world["/medula"]
        self._days = count()
        self.plays: Callable[[ExamStory], bool] = lambda story: True

    def undisturbed(self) -> Verdicts:
        """Play a day that nobody disturbs and return its verdicts; AssertionError where it does not end well."""
        stories = self._stories()
        sender = self._sender()
        sender.play_all(stories)
        found = check(self.made, self.hbys, stories, sender.books, None)
        assert found.good, found
        return verdicts_of(self.made.results(stories))

    def run(self, kills: Sequence[Kill], undisturbed: Verdicts, faults: float = 0.0, seed: int = 0) -> Run:
        """Play days with these kills, as many days as it takes; `faults`: share of MEDULA's answers that are spoilt."""
        began = time.monotonic()
        done: list[Kill] = []
        unreached: list[Kill] = []

        def struck(day: Day) -> None:
            for one in kills:
                (done if self.killer.strike(one, day.given_up, REACH_SECONDS) else unreached).append(one)

        before = len(self._medula.spoilt)
        self._medula.spoil(faults, FAULTS, seed)
        day, found = self.through(struck, undisturbed)
        return Run(
            engine=self.engine,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - began, 1),
            kills=done,
            unreached=unreached,
            messages=len(day.sender.books.messages),
            instances=len(day.sender.books.instances),
            exams=len(day.played),
            faults=len(self._medula.spoilt) - before,
            **found._asdict(),
        )

    def through(self, trouble: Callable[[Day], None], undisturbed: Verdicts) -> tuple[Day, Found]:
        """Play days while `trouble` lasts; then all services are well, and what is there is looked at."""
        day = Day(self._stories, self._sender())
        try:
            trouble(day)
        finally:
            self._medula.stop()
            day.end()
        ended = self.killer.ended()
        self.killer.revive()
        ready(self.made)
        found = check(self.made, self.hbys, day.played, day.sender.books, undisturbed)
        if ended is not None:
            found.differs.append(f"Orthanc ended with {ended} though nobody killed it")
        if day.fault:
            found.differs.append(day.fault)
        return day, found

    def set_clock(self, seconds: float) -> None:
        """Set the clock of all the node's processes off by so much."""
        (self.folder / "crash" / "clock").write_text(str(seconds))

    def rebuilt(self) -> Found:
        """Fold the ledger anew from its events; what differs is a finding."""
        done = self.made.gecit("ledger", "rebuild")
        return Found([], [], [done.stdout + done.stderr] if done.returncode else [])

    def _stories(self) -> list[ExamStory]:
        return stories_of(next(self._days), self.plays)

    def _sender(self) -> Sender:
        return Sender(self.made, self.folder / "sent", self.killer.moment)


def admit_reader(ledger: SqlLedger, others: Sequence[Institution] = ()) -> None:
    """Record who signs the report that is written in Geçit; at the others by a grant."""
    now = datetime.now(UTC)
    ledger.save_account(READER, now)
    ledger.set_password(READER.name, hash_password(PASSWORD), now)
    granted = Grant(
        id="crash",
        readers=(READER.name,),
        institutions=tuple(one.skrs for one in others),
        since=now - timedelta(days=1),
        until=now + timedelta(days=1),
        paper=Paper(number="DENEME-1", dated=now.date()),
    )
    if others:
        ledger.write(lambda tx: tx.record_grant(granted, now, "test"))


def stories_of(
    number: int, plays: Callable[[ExamStory], bool] = lambda story: True, institution: Institution = INSTITUTION
) -> list[ExamStory]:
    """Return a day's stories; each number is a day of its own."""
    minutes = number * 180
    today = [one for one in stories_at(minutes, institution) if one.id not in LEFT_OUT and plays(one)]
    read = next(one for one in stories_at(minutes + 60, institution) if one.id == "x-ray")  # another patient's
    return [*today[:2], replace(read, id=READ_HERE), *today[2:]]


class Day:
    """Senders that play one day after the other until they are told to end; the day under way is played to its end."""

    def __init__(self, stories: Callable[[], list[ExamStory]], sender: Sender) -> None:
        self.sender, self._stories = sender, stories
        self.played: list[ExamStory] = []
        self.fault = ""
        self.given_up = threading.Event()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._play, name="senders", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Let the story under way end, and return when it has."""
        self.begin_no_more()
        self._thread.join(LONGEST_STORY)
        self.sender.stop.set()
        if self._thread.is_alive():
            self.fault = "the senders did not come to an end"

    def begin_no_more(self) -> None:
        """Begin no other story."""
        self._enough.set()

    def _play(self) -> None:
        try:
            for one in self._coming():
                self.played.append(one)
                self.sender.play(one)
        except Exception as fault:  # noqa: BLE001 -- told in the run's findings
            self.fault = f"the senders gave up: {fault!r}"
            self.given_up.set()

    def _coming(self) -> Iterator[ExamStory]:
        while True:
            for one in self._stories():
                if self._enough.is_set():
                    return
                yield one


@contextmanager
def pretend_hbys() -> Iterator[tuple[PretendHbys, Institution]]:
    """Let an HBYS listen; yields it, and the hospital of the demo, whose reports it is told of."""
    hbys = PretendHbys(SystemClock())
    with listening(hbys) as port:
        yield hbys, told_there(INSTITUTION, port)


def told_there(institution: Institution, port: int) -> Institution:
    """Return an institution whose reports the HBYS at a port of this computer is told of."""
    return replace(institution, receiver=Receiver(host="127.0.0.1", port=port))


@contextmanager
def bench(
    engine: str, folder: Path, *, data: Path | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Bench]:
    """Run a node on one engine for the length of a block; `data`: where its data lie, if not in `folder`."""
    with ExitStack() as stack:
        postgres = stack.enter_context(cluster()) if engine == "postgresql" else None
        hbys, told_here = stack.enter_context(pretend_hbys())
        made = stack.enter_context(
            hospital(
                data or folder / "data",
                environ={**environ_of(folder / "crash"), **(environ or {})},
                database=postgres.new_database() if postgres else "",
                log=folder / "orthanc.log",
                institutions=[told_here],
            )
        )
        yield Bench(made, hbys, folder, engine, postgres)
