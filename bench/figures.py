"""A figure beside its anchor: medians, spread and noise of interleaved rounds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

import msgspec

from gecit.core.values import Value


class Spread(Value):
    """Median, extremes and quartiles of the rounds."""

    median: float
    min: float
    max: float
    q1: float
    q3: float


class Goal(Value):
    """What the median must reach, `least` or `most`: of the ratios, or of the values where `absolute`."""

    least: float | None = None
    most: float | None = None
    absolute: bool = False

    def met(self, value: float) -> bool:
        """Whether the value is good enough."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


class Figure(Value, omit_defaults=False):
    """One line of output. `ratio` = value / anchor of each round; `noise` = anchor / anchor, measured the same way."""

    bench: str
    case: str
    figure: str
    unit: str
    value: Spread
    anchor: Spread
    anchor_is: str
    ratio: Spread
    noise: Spread
    elsewhere: Spread  # share of the machine's processor time that others used during the runs
    rounds: int
    goal: Goal | None
    met: bool | None  # none: there is no goal


def spread(values: Sequence[float]) -> Spread:
    """Describe the rounds; ValueError where there is none. Quartiles by linear interpolation between the rounds."""
    if not values:
        raise ValueError("no rounds")
    q1, middle, q3 = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Spread(median=_short(middle), min=_short(min(values)), max=_short(max(values)), q1=_short(q1), q3=_short(q3))


def compare(
    bench: str,
    case: str,
    figure: str,
    unit: str,
    rounds: Sequence[tuple[float, float, float]],
    elsewhere: Sequence[float],
    goal: Goal | None = None,
    anchor_is: str = "bare Orthanc",
) -> Figure:
    """Make a figure of rounds of (value, anchor, anchor again)."""
    ratios = [value / ((one + other) / 2) for value, one, other in rounds]
    judged = [value for value, _, _ in rounds] if goal and goal.absolute else ratios
    return Figure(
        bench=bench,
        case=case,
        figure=figure,
        unit=unit,
        value=spread([value for value, _, _ in rounds]),
        anchor=spread([(one + other) / 2 for _, one, other in rounds]),
        anchor_is=anchor_is,
        ratio=spread(ratios),
        noise=spread([other / one for _, one, other in rounds]),
        elsewhere=spread(elsewhere),
        rounds=len(rounds),
        goal=goal,
        met=goal.met(median(judged)) if goal else None,
    )


def line(figure: Figure) -> str:
    """Return the figure as one line of JSON."""
    return msgspec.json.encode(figure).decode()


def _short(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")
