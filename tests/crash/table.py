"""The table of points, and the seeded plan of kills that is made of it."""

from __future__ import annotations

import functools
import importlib
import random
import tomllib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

POINTS = Path(__file__).parent / "points.toml"
ENGINES = ("sqlite", "postgresql")
VICTIMS = (*["itself"] * 6, "orthanc", "everything")
"""Drawn alike: a process that dies alone is the likeliest, and Orthanc takes its time to start."""
OCCURRENCES = (1, 2, 3)
SENDER = ("instance about to be sent", "instance got Success")
"""Points on the sender's side: what Orthanc does with an instance has no name in our code."""
RANDOM = "at random"
RANDOM_VICTIMS = ("listen", "work", "work", "web", "orthanc", "everything")
RANDOM_SECONDS = 3.0


class Point(msgspec.Struct, frozen=True):
    """A call of the product before or after which a process is killed.

    `answers`: empty answers do not count. `at_start`: passed once in a life of the process. `rare`: once in a day.
    """

    name: str
    process: str
    call: str  # module:Class.method
    when: str  # before, after
    answers: bool = False
    at_start: bool = False
    rare: bool = False

    def find(self) -> Any:
        """Return the function; AttributeError or ImportError where it is called otherwise by now."""
        module, _, name = self.call.partition(":")
        return functools.reduce(getattr, name.split("."), importlib.import_module(module))


class Kill(msgspec.Struct, frozen=True):
    """One kill: the `nth` time that a point is passed, or `after` seconds where no point is named."""

    engine: str
    point: str
    victim: str
    nth: int = 1
    after: float = 0.0


class Step(NamedTuple):
    """Where a kill stands in the plan."""

    number: int
    kill: Kill


def read_points() -> dict[str, Point]:
    """Return the points by name."""
    made = [msgspec.convert(one, Point) for one in tomllib.loads(POINTS.read_text())["point"]]
    found = {one.name: one for one in made}
    assert len(found) == len(made), "two points of one name"
    return found


def plan(engine: str, seed: int = 7) -> Iterator[Kill]:
    """Give kills of an engine without end: round after round every point, its victim and occurrence drawn.

    A third as many again happen at random instants. The same seed gives the same plan.
    """
    draw = random.Random(f"{seed} {engine}")
    once = {one.name for one in read_points().values() if one.at_start or one.rare}
    names = [*read_points(), *SENDER]
    cells = {one: _shuffled(draw, one, OCCURRENCES[:1] if one in once else OCCURRENCES) for one in names}
    round_ = 0
    while True:
        kills = [_kill(engine, one, cells[one][round_ % len(cells[one])]) for one in names]
        kills += [_at_random(engine, draw) for _ in range(len(names) // 3)]
        draw.shuffle(kills)
        yield from kills
        round_ += 1


def _shuffled(draw: random.Random, name: str, occurrences: Sequence[int]) -> list[tuple[str, int]]:
    victims = VICTIMS[-2:] if name in SENDER else VICTIMS
    cells = list(product(victims, occurrences))
    draw.shuffle(cells)
    return cells


def _kill(engine: str, point: str, cell: tuple[str, int]) -> Kill:
    return Kill(engine=engine, point=point, victim=cell[0], nth=cell[1])


def _at_random(engine: str, draw: random.Random) -> Kill:
    victim = draw.choice(RANDOM_VICTIMS)
    return Kill(engine=engine, point=RANDOM, victim=victim, after=round(draw.uniform(0.0, RANDOM_SECONDS), 3))
