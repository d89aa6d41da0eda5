"""A working day of one node and of the database behind it, hour by hour, drawn by chance from a seed.

Orders come as a Poisson process whose rate is that of the hour; images and a report follow each after delays that are
drawn too. What would come after midnight comes at the same time of this day instead: yesterday's. Each stage serves at
its measured rate, one after another, and hands on what it has done:

    study -> store ----+
    message -> HL7 ----+-> judge -> deliver
    every step of every hospital's exams -> commit (the shared database)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from heapq import merge
from random import Random

from ..values import Text, Value
from .amounts import amount
from .assumptions import AssumptionFault, Assumptions, Basis
from .load import Load, seconds_to_store, shares, weights
from .queue import Down, Served, serve

HOUR = 3600.0
DAY = 24 * HOUR
IMAGES_AFTER = 45 * 60.0
"""Mean seconds from an order to its images; assumed."""
REPORT_AFTER = 3 * HOUR
"""Mean seconds from the images to the report; assumed."""
STEPS = 3
"""Order, images and report: the moments at which an exam's commits are made."""


DRAWN_MOST = 4e6
"""Jobs of a day that are drawn one by one: some seconds, and some hundred megabytes."""


class Stage(StrEnum):
    """Where something waits."""

    STORE = "store"
    HL7 = "hl7"
    JUDGE = "judge"
    DELIVER = "deliver"
    COMMIT = "commit"


class Lost(StrEnum):
    """What is away for a while."""

    NOTHING = "nothing"
    NODE = "node"
    DATABASE = "database"


AWAY = {
    Lost.NOTHING: frozenset[Stage](),
    Lost.NODE: frozenset({Stage.STORE, Stage.HL7, Stage.JUDGE, Stage.DELIVER}),
    Lost.DATABASE: frozenset({Stage.HL7, Stage.JUDGE, Stage.DELIVER, Stage.COMMIT}),  # Orthanc stores all the same
}


class Hour(Value):
    """One hour of one stage; waits are from coming to being done, seconds, of what came in that hour."""

    hour: int
    came: int
    done: int
    waiting: int  # at its end
    longest: float
    mean: float


class StageDay(Value):
    """One stage's day."""

    stage: Stage
    came: int
    most_waiting: int
    p99: float  # seconds
    longest: float
    caught_up: float | None  # seconds after the outage's end until nobody waits; None = nothing was away
    left: int  # at midnight
    hours: tuple[Hour, ...]


class Day(Value):
    """A day of every stage that was looked at."""

    lost: Lost
    minutes: float
    stages: tuple[StageDay, ...]


def drawn(load: Load, known: Assumptions) -> float:
    """Return how many jobs a node's day has on the average, at all of its stages."""
    return load.exams_day * (1 + sum(known[f"exam.{one}"] for one in ("messages", "judgings", "deliveries")))


def drawn_of_database(load: Load) -> float:
    """Return how many jobs the shared database's day has on the average."""
    return load.exams_day * STEPS


def refuse_endless(jobs: float, known: Assumptions) -> None:
    """Raise AssumptionFault where numbers that may each be assumed make, together, a day that takes hours to draw."""
    if jobs <= DRAWN_MOST:
        return
    given = [f"{key}={one.value:.12g}" for key, one in known.numbers.items() if one.basis is Basis.GIVEN]
    came, most = amount(jobs), amount(DRAWN_MOST)
    raise AssumptionFault(", ".join(given), Text(
        tr=f"bir günde {came} iş olur, en çok {most} iş tek tek çekilir: bunları değiştirin ya da --size ile daha "
           "küçük bir yer seçin",
        en=f"that is a day of {came} jobs, and {most} at the most are drawn one by one: change these, or choose "
           "a smaller place by --size",
    ))  # fmt: skip


def day_of_node(load: Load, known: Assumptions, seed: int, lost: Lost = Lost.NOTHING, minutes: float = 0) -> Day:
    """Simulate one node's day; `minutes` of the peak hour, from its beginning, `lost` is away."""
    chance = Random(seed)  # noqa: S311 - a simulation, which a seed repeats
    orders, kinds = arrivals(load.exams_day, known, chance), shares(known)
    drawn = chance.choices(list(kinds), list(kinds.values()), k=len(orders)) if orders else []
    seconds = {kind: seconds_to_store(kind, known) for kind in kinds}
    studies = [_later(at, IMAGES_AFTER, chance) for at in orders]
    reports = [_later(at, REPORT_AFTER, chance) for at in studies]
    messages = [at for pair in zip(orders, reports, strict=True) for at in _messages(*pair, known, chance)]
    down = {stage: _down(stage, lost, minutes, known) for stage in Stage}

    stored = serve([(at, seconds[kind]) for at, kind in zip(studies, drawn, strict=True)], down[Stage.STORE])
    taken = serve([(at, 1 / known["rate.messages"]) for at in messages], down[Stage.HL7])
    steps = _thinned(merge(stored.done, taken.done), known["exam.judgings"] / (known["exam.messages"] + 1), chance)
    judged = serve([(at, 1 / known["rate.judgings"]) for at in steps], down[Stage.JUDGE])
    each = known["exam.deliveries"] / known["exam.judgings"] if known["exam.judgings"] else 0
    queued = _thinned(judged.done, each, chance)
    delivered = serve([(at, 1 / known["rate.deliveries"]) for at in queued], down[Stage.DELIVER])
    found = {Stage.STORE: stored, Stage.HL7: taken, Stage.JUDGE: judged, Stage.DELIVER: delivered}
    return Day(lost=lost, minutes=minutes, stages=tuple(_told(*one, down[one[0]]) for one in found.items()))


def day_of_database(load: Load, known: Assumptions, seed: int, lost: Lost = Lost.NOTHING, minutes: float = 0) -> Day:
    """Simulate the shared database's day: what every exam of every hospital has committed."""
    chance = Random(seed)  # noqa: S311 - a simulation, which a seed repeats
    seconds = known["exam.commits"] / STEPS / known["rate.commits"]
    steps = arrivals(load.exams_day * STEPS, known, chance)
    down = _down(Stage.COMMIT, lost, minutes, known)
    committed = serve([(at, seconds) for at in steps], down)
    return Day(lost=lost, minutes=minutes, stages=(_told(Stage.COMMIT, committed, down),))


def arrivals(per_day: float, known: Assumptions, chance: Random) -> list[float]:
    """Draw the instants of a day's arrivals, seconds of the day, in order: a Poisson process, its rate by the hour."""
    found: list[float] = []
    for hour, share in enumerate(weights(known)):
        rate = per_day * share / HOUR
        at, end = hour * HOUR, (hour + 1) * HOUR
        while rate > 0:
            at += chance.expovariate(rate)
            if at >= end:
                break
            found.append(at)
    return found


def peak_hour(known: Assumptions) -> int:
    """Return the hour that has most."""
    drawn = weights(known)
    return drawn.index(max(drawn))


def _later(at: float, mean: float, chance: Random) -> float:
    return (at + chance.expovariate(1 / mean)) % DAY


def _messages(order: float, report: float, known: Assumptions, chance: Random) -> Iterator[float]:
    """Yield when an exam's messages come: the order, the report, and what is left over on the way between."""
    wanted = _whole(known["exam.messages"], chance)
    yield from (order, report)[:wanted]
    for _ in range(wanted - 2):
        yield chance.uniform(min(order, report), max(order, report))


def _thinned(instants: Iterable[float], each: float, chance: Random) -> Iterator[float]:
    """Yield each instant as often as it causes something: `each` on the average."""
    for at in instants:
        for _ in range(_whole(each, chance)):
            yield at


def _whole(mean: float, chance: Random) -> int:
    """Draw a whole number, the one below the mean or the one above, that has this mean."""
    below = int(mean)
    return below + (chance.random() < mean - below)


def _down(stage: Stage, lost: Lost, minutes: float, known: Assumptions) -> tuple[Down, ...]:
    if stage not in AWAY[lost] or minutes <= 0:
        return ()
    start = peak_hour(known) * HOUR
    return ((start, start + minutes * 60),)


def _told(stage: Stage, served: Served, down: Sequence[Down]) -> StageDay:
    waits = served.waits()
    return StageDay(
        stage=stage,
        came=len(served.came),
        most_waiting=served.most_waiting(),
        p99=waits[min(len(waits) - 1, len(waits) * 99 // 100)] if waits else 0.0,
        longest=waits[-1] if waits else 0.0,
        caught_up=served.caught_up(down[-1][1]) - down[-1][1] if down else None,
        left=served.waiting(DAY),
        hours=tuple(_hour(hour, served) for hour in range(24)),
    )


def _hour(hour: int, served: Served) -> Hour:
    start, end = served.between(hour * HOUR, (hour + 1) * HOUR)
    waits = [done - came for came, done in zip(served.came[start:end], served.done[start:end], strict=True)]
    return Hour(
        hour=hour,
        came=len(waits),
        done=served.finished(hour * HOUR, (hour + 1) * HOUR),
        waiting=served.waiting((hour + 1) * HOUR),
        longest=max(waits, default=0.0),
        mean=sum(waits) / len(waits) if waits else 0.0,
    )
