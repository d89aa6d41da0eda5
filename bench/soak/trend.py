"""Does it grow? The slope of a series with its confidence, by Theil and Sen: one odd value moves it little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from statistics import median

from gecit.core.values import Value

Z = 1.96  # 95 %


class Slope(Value):
    """Per unit of time, with the bounds between which it lies with 95 % confidence."""

    value: float
    low: float
    high: float


def slope(times: Sequence[float], values: Sequence[float]) -> Slope:
    """Return the median of all pairs' slopes, and Sen's bounds by Kendall's variance; ValueError below three values.

    Sen, P. K. (1968), Estimates of the regression coefficient based on Kendall's tau. Values that follow on one another
    are taken for independent: thin them first.
    """
    if len(times) < 3 or len(times) != len(values):
        raise ValueError("a slope needs three values at least, each with its time")
    points = list(zip(times, values, strict=True))
    slopes = sorted((b - a) / (u - t) for (t, a), (u, b) in combinations(points, 2))
    count = len(points)
    reach = Z * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    last = len(slopes) - 1
    low = max(0, round((len(slopes) - reach) / 2) - 1)
    high = min(last, round((len(slopes) + reach) / 2))
    return Slope(value=median(slopes), low=slopes[low], high=slopes[high])
