"""A sample of the matrix that `make crash` runs whole: 20 kills on each engine, MEDULA in trouble for half of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from .checks import Verdicts
from .runs import Bench, bench
from .table import ENGINES, Kill, plan

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

KILLS = 10
SPARE = 6
"""Points that may be waited for in vain, as some occurrences are rare."""
FAULTY = 0.4


@pytest.fixture(scope="module", params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(request.param, tmp_path_factory.mktemp(f"crash-{request.param}")) as made:
        yield made


@pytest.fixture(scope="module")
def kills(place: Bench) -> Iterator[Kill]:
    return plan(place.engine, seed=20)


@pytest.mark.parametrize("faults", [0.0, FAULTY], ids=["medula is well", "medula in trouble"])
def test_after_kills_nothing_is_lost_nothing_comes_twice_and_each_verdict_is_as_ever(
    place: Bench, kills: Iterator[Kill], undisturbed: Verdicts, faults: float
) -> None:
    chosen = list(islice(kills, KILLS))
    run = place.run(chosen, undisturbed, faults=faults, seed=3)
    assert run.found.good, run.found
    assert run.messages and run.instances
    assert len(run.kills) >= KILLS - SPARE, f"not reached: {run.unreached}"
    assert bool(run.faults) == bool(faults)


def test_the_folded_ledger_is_what_its_events_say(place: Bench) -> None:
    assert place.rebuilt().good
