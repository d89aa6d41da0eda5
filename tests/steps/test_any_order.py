"""Whatever comes first, and however often the judge looks in between: the same verdict, and the same with MEDULA."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gecit.core.order import Control, Procedure
from gecit.core.verdict import Outcome
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.medula import PretendMedula
from gecit.steps.deliver import Courier
from gecit.steps.notify_medula import handlers
from tests.support.billing import HandClock
from tests.support.flow import (
    HOSPITAL,
    START,
    SURGEON,
    arrive,
    exam,
    incoming,
    judge,
    order,
    register,
    report,
    send,
    study,
)

Do = Callable[[SqlLedger], object]
Make = Callable[[], SqlLedger]
Day = tuple[tuple[Do, ...], ...]
"""What happens; within a row the order is given, between rows it is not."""

NO_LOINC = (Procedure(sut="R100250"),)
OTHER = (Procedure(sut="R100260", loinc="36938-9"),)  # or the sibling would be a duplicate of the first


def ordered(accession: str, control: Control = Control.NEW, minute: int = 0, **differs: object) -> Do:
    message = incoming(order(accession, control, minute=minute, **differs), f"{control}-{accession}-{len(differs)}")
    return lambda ledger: send(ledger, message)


def reported(accession: str, **by: str) -> Do:
    return lambda ledger: send(ledger, incoming(report(accession, **by), f"R-{accession}-{by}"))  # type: ignore[arg-type]


def read(*args: object, **differs: object) -> Do:
    return lambda ledger: arrive(ledger, study(*args, **differs))  # type: ignore[arg-type]


DAY: Day = (
    (ordered("A1"),),
    # the study as it grows, each time read anew, and a second study of the same exam
    (read("a", images=1, last_instance_at=START), read("a", images=12, last_instance_at=START), read("a", images=20)),
    (read("a2", "A1", 5),),
    # the dose report in a study of its own, without accession number
    (read("d", "", 0),),
    (reported("A1"),),
    # a sibling of the 40-minute rule: no pictures of its own
    (ordered("B1", minute=40, procedures=OTHER),),
    (reported("B1", by=SURGEON), reported("B1")),
    # too late for the group: it waits for images
    (ordered("C1", minute=100), ordered("C1", Control.CHANGE, 100, procedures=NO_LOINC)),
    # an exam with pictures of its own that is taken back
    (ordered("D1", minute=300), ordered("D1", Control.CANCEL, 300)),
    (read("e", "D1", 8, study_time="235900"),),
    (reported("D1"),),
)
NAMES = ("A1", "B1", "C1", "D1")
OUTCOMES = {"A1": Outcome.SUBMIT, "B1": Outcome.SUBMIT, "C1": Outcome.HOLD, "D1": Outcome.HOLD}
BILLED = ["A1", "B1"]
TURNS = [number for number, row in enumerate(DAY) for _ in row]


def in_order(turns: Sequence[int]) -> list[Do]:
    rows = [iter(row) for row in DAY]
    return [next(rows[number]) for number in turns]


class World:
    """A ledger, a pretend MEDULA and the courier before it."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, clock, self.medula = ledger, HandClock(START), PretendMedula()
        register(ledger, HOSPITAL)
        self.courier = Courier(ledger, "medula", handlers(self.medula, ledger, clock), clock, "one")

    def work(self) -> None:
        while judge(self.ledger) or self.courier.step():
            pass

    def end(self) -> tuple[dict[str, object], list[str]]:
        """The verdicts without their instants, and what MEDULA goes by."""
        self.work()
        self.courier.close()
        verdicts: dict[str, object] = {}
        for name in NAMES:
            verdict = exam(self.ledger, name).verdict
            assert verdict is not None
            verdicts[name] = (verdict.outcome, verdict.findings)
        return verdicts, [one.content.accession for one in self.medula.effective()]


def play(ledger: SqlLedger, turns: Sequence[int], look: Sequence[bool]) -> tuple[dict[str, object], list[str]]:
    """Play a day; where `look` says so, everything is judged and delivered before the next thing comes."""
    world = World(ledger)
    for do, now in zip(in_order(turns), look, strict=True):
        do(ledger)
        if now:
            world.work()
    return world.end()


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes empty ledgers quickly."""
    folder = tmp_path_factory.mktemp("ledgers")
    template = folder / "template.db"
    open_ledger(f"sqlite:///{template}").close()
    opened: list[SqlLedger] = []

    def one() -> SqlLedger:
        file = Path(folder / f"{len(opened)}.db")
        shutil.copy(template, file)
        opened.append(open_ledger(f"sqlite:///{file}"))
        return opened[-1]

    yield one
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def expected(make: Make) -> tuple[dict[str, object], list[str]]:
    """The end of the day played as written, judged only at the end."""
    return play(make(), TURNS, [False] * len(TURNS))


def test_the_day_as_written_ends_as_a_person_would_say(expected: tuple[dict[str, object], list[str]]) -> None:
    verdicts, billed = expected
    assert {name: one[0] for name, one in verdicts.items()} == OUTCOMES  # type: ignore[index]
    assert billed == BILLED


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(turns=st.permutations(TURNS), look=st.lists(st.booleans(), min_size=len(TURNS), max_size=len(TURNS)))
def test_any_order_judged_at_any_time_ends_alike(
    make: Make, expected: tuple[dict[str, object], list[str]], turns: list[int], look: list[bool]
) -> None:
    assert play(make(), turns, look) == expected


@pytest.mark.parametrize("seed", range(5))
def test_any_order_judged_after_each_arrival_ends_alike(
    make: Make, expected: tuple[dict[str, object], list[str]], seed: int
) -> None:
    turns = random.Random(seed).sample(TURNS, len(TURNS))
    assert play(make(), turns, [True] * len(turns)) == expected


def test_every_permutation_of_one_exams_four_pieces_ends_alike(make: Make) -> None:
    pieces = [DAY[0][0], DAY[1][2], DAY[3][0], DAY[4][0]]
    ends = []
    for some in itertools.permutations(pieces):
        ledger = make()
        world = World(ledger)
        for do in some:
            do(ledger)
            world.work()
        verdict = exam(ledger).verdict
        assert verdict is not None
        ends.append((verdict.outcome, verdict.findings, len(world.medula.effective()), len(world.medula.carried_out())))
        world.courier.close()
    assert len(ends) == 24
    assert all(one == ends[0] for one in ends)
    assert ends[0][0] is Outcome.SUBMIT
    assert ends[0][2:] == (1, 1)


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_any_order_ends_alike_on_postgresql(
    postgres: object, expected: tuple[dict[str, object], list[str]], seed: int
) -> None:
    chance = random.Random(seed)
    turns = chance.sample(TURNS, len(TURNS))
    ledger = open_ledger(postgres.new_database())  # type: ignore[attr-defined]
    try:
        assert play(ledger, turns, [chance.random() < 0.5 for _ in turns]) == expected
    finally:
        ledger.close()
