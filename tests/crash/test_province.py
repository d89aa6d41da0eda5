"""A sample of `python -m tests.crash.province`: two nodes, a few kills of everything that can die there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .checks import Verdicts
from .nodes import LEFT, POSTGRESQL, ROUND, SENT, a_kill, nodes, plan

EXAMS = 400
VICTIMS = ("everything", "work", POSTGRESQL, SENT, "listen")


def test_the_plan_is_the_same_each_time_and_kills_everything_on_every_node() -> None:
    names = ("A", "B")
    planned = plan(names, 90, seed=3)
    assert planned == plan(names, 90, seed=3) != plan(names, 90, seed=4)
    victims = {one.point if one.point in LEFT else one.victim for one in planned}
    assert victims == set(ROUND)
    assert {one.node for one in planned if one.victim == "everything"} == set(names)


@pytest.mark.system
@pytest.mark.postgres
@pytest.mark.timeout(900)
def test_nodes_on_one_ledger_lose_nothing_and_tell_nothing_twice_when_nodes_and_postgresql_die(
    tmp_path: Path, undisturbed: Verdicts
) -> None:
    draw = random.Random(8)
    with nodes(tmp_path, 2, EXAMS) as place:
        run = place.run([a_kill(draw, place.names, one) for one in VICTIMS], undisturbed)
        assert run.found.good, run.found
        assert run.kills and not run.unreached and run.taken_over
        assert run.messages and run.instances and run.filled == EXAMS
        rebuilt = place.rebuilt()
        assert rebuilt.good, rebuilt
