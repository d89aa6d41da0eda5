"""Figures of quality: ratings, their reasons, hints and peer reviews, counted by institution, device, modality, person.

A share always stands with its count, and below `FEWEST` it is no percentage: two of three is no 67 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from .quality import LOW
from .values import Value

FEWEST = 10
"""Of fewer than so many no percentage is made."""


class Measure(Value):
    """What is known of the quality of one exam."""

    institution: str  # SKRS code
    month: str  # YYYY-MM of the order, Europe/Istanbul
    modality: str = ""
    devices: tuple[str, ...] = ()
    radiologist: str = ""  # account; a masked number where there is none; empty = no report
    images: tuple[int, ...] = ()  # ratings, 1 to 5
    requests: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()  # codes
    hints: tuple[str, ...] = ()  # codes
    reviews: tuple[bool, ...] = ()  # of each review: whether it differs
    significant: int = 0  # reviews whose difference likely matters


class Share(Value):
    """So many of so many."""

    count: int = 0
    of: int = 0

    @property
    def percent(self) -> float | None:
        """The percentage; None where there are too few for one."""
        return 100 * self.count / self.of if self.of >= FEWEST else None


class Figures(Value):
    """The figures of one name."""

    name: str
    exams: int = 0
    image_mean: float | None = None
    images: Share = Share()  # rated low, of the ratings
    request_mean: float | None = None
    requests: Share = Share()
    hinted: Share = Share()  # exams with a hint, of the exams
    differing: Share = Share()  # reviews that differ, of the reviews
    significant: int = 0


def figures(measures: Iterable[Measure], by: Callable[[Measure], Iterable[str]]) -> tuple[Figures, ...]:
    """Return the figures of each name, sorted; an exam counts for each name that it has."""
    groups: dict[str, list[Measure]] = {}
    for one in measures:
        for name in by(one):
            groups.setdefault(name, []).append(one)
    return tuple(summed(name, groups[name]) for name in sorted(groups))


def summed(name: str, measures: Sequence[Measure]) -> Figures:
    """Return the figures of exams together."""
    images = [score for one in measures for score in one.images]
    requests = [score for one in measures for score in one.requests]
    reviews = [differs for one in measures for differs in one.reviews]
    return Figures(
        name=name,
        exams=len(measures),
        image_mean=_mean(images),
        images=_low(images),
        request_mean=_mean(requests),
        requests=_low(requests),
        hinted=Share(count=sum(bool(one.hints) for one in measures), of=len(measures)),
        differing=Share(count=sum(reviews), of=len(reviews)),
        significant=sum(one.significant for one in measures),
    )


def counted(measures: Iterable[Measure], what: Callable[[Measure], Iterable[str]]) -> tuple[tuple[str, int], ...]:
    """Return how many exams each code has, the most frequent first."""
    found = Counter(code for one in measures for code in set(what(one)))
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _mean(scores: Sequence[int]) -> float | None:
    return round(sum(scores) / len(scores), 2) if scores else None


def _low(scores: Sequence[int]) -> Share:
    return Share(count=sum(one <= LOW for one in scores), of=len(scores))
