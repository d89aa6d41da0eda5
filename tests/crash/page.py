"""Writes the results of one commit into `docs/reliability.md`, between its two marks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..support.node import HOME
from .results import Results, Run
from .table import ENGINES, RANDOM, SENDER, read_points

PAGE = HOME / "docs" / "reliability.md"
BEGIN, END = "<!-- kills: written by `make crash-docs` -->", "<!-- /kills -->"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def write(results: Results, page: Path = PAGE, *, fewer: bool = False) -> None:
    """Put the tables of these results on the page.

    ValueError where it has no marks, or tells of more kills than these, but for `fewer`.
    """
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    told, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"{page}: no place for the tables")
    before = re.search(r": (\d+) kills\.", told)
    if before and int(before[1]) > results.kills() and not fewer:
        raise ValueError(f"{page.name} tells of {before[1]} kills, these are {results.kills()}: nothing is written")
    page.write_text(f"{head}{BEGIN}\n{tables(results)}\n{END}{tail}", encoding="utf-8")


def tables(results: Results) -> str:
    """Return what all runs came to, by engine, and the kills by point and by victim."""
    runs = {one: results.runs(one) for one in ENGINES}
    everything = [run for one in ENGINES for run in runs[one]]
    last = max((one.at for one in everything), default="")[:10]
    lines = [
        f"Product as of commit `{results.commit}`, last run {last}: {_kills(everything)} kills.",
        "",
        "| engine | kills | runs | exams | messages acknowledged | instances with Success | MEDULA's answers spoilt "
        "| lost | twice | otherwise |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_row(NAMES[one], runs[one]) for one in ENGINES),
        _row("both", everything),
        "",
        "| killed before or after | by " + " | by ".join(NAMES[one] for one in ENGINES) + " |",
        "|---|---|---|",
        *_points(runs),
        "",
        "| killed | by " + " | by ".join(NAMES[one] for one in ENGINES) + " |",
        "|---|---|---|",
        *_victims(runs),
    ]
    return "\n".join(lines)


def _kills(runs: Iterable[Run]) -> int:
    return sum(len(one.kills) for one in runs)


def _row(name: str, runs: Sequence[Run]) -> str:
    cells = [
        _kills(runs), len(runs), sum(one.exams for one in runs), sum(one.messages for one in runs),
        sum(one.instances for one in runs), sum(one.faults for one in runs), sum(len(one.lost) for one in runs),
        sum(len(one.twice) for one in runs), sum(len(one.differs) for one in runs),
    ]  # fmt: skip
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def _points(runs: dict[str, list[Run]]) -> list[str]:
    counts = {engine: Counter(kill.point for one in some for kill in one.kills) for engine, some in runs.items()}
    points = read_points()
    shown = [(f"{one.process}: {one.name}", one.name) for one in points.values()]
    shown += [(f"sender: {one}", one) for one in SENDER] + [("an instant drawn at random", RANDOM)]
    return [f"| {text} | " + " | ".join(str(counts[engine][name]) for engine in ENGINES) + " |" for text, name in shown]


def _victims(runs: dict[str, list[Run]]) -> list[str]:
    points = read_points()

    def died(point: str, victim: str) -> str:
        return points[point].process if victim == "itself" else victim

    counts = {
        engine: Counter(died(kill.point, kill.victim) for one in some for kill in one.kills)
        for engine, some in runs.items()
    }
    names = {"listen": "`listen`", "work": "`work`", "web": "`web`", "orthanc": "Orthanc", "everything": "everything"}
    return [
        f"| {text} | " + " | ".join(str(counts[engine][name]) for engine in ENGINES) + " |"
        for name, text in names.items()
    ]
