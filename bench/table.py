"""`python -m bench NAME | python -m bench.table`: the lines of a bench as the rows of docs/performance.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import msgspec

from .figures import Figure, Goal, Spread

HEAD = "| case | figure | Geçit | anchor | ratio | noise | goal |\n|---|---|---|---|---|---|---|"


def rows(lines: Iterable[str]) -> Iterator[str]:
    """Turn JSON lines into rows of Markdown."""
    for line in lines:
        one = msgspec.json.decode(line, type=Figure)
        cells = (one.case, f"{one.figure}, {one.unit}", *map(_shown, (one.value, one.anchor, one.ratio, one.noise)))
        yield f"| {' | '.join(cells)} | {_goal(one.goal, met=one.met)}{_doubt(one)} |"


def _shown(one: Spread) -> str:
    median = f"{one.median:.4g}"
    return median if one.min == one.max else f"{median} ({one.min:.4g}–{one.max:.4g})"


def _goal(goal: Goal | None, *, met: bool | None) -> str:
    if goal is None:
        return "–"
    bounds = [f"at least {goal.least:g}"] if goal.least is not None else []
    bounds += [f"at most {goal.most:g}"] if goal.most is not None else []
    return f"{', '.join(bounds)}: {'met' if met else '**not met**'}"


def _doubt(one: Figure) -> str:
    """Say where a ratio is nearer to its goal than the anchor came to itself: another run may end otherwise."""
    if one.goal is None or one.goal.absolute:
        return ""
    bounds = [bound for bound in (one.goal.least, one.goal.most) if bound is not None]
    margin = min(abs(one.ratio.median - bound) for bound in bounds)
    noise = max(abs(one.noise.min - 1), abs(one.noise.max - 1))
    return ", within the noise" if margin < noise else ""


def main() -> None:
    """Read standard input, write the table."""
    print(HEAD)
    for row in rows(sys.stdin):
        print(row)


if __name__ == "__main__":
    main()
