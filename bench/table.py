"""`python -m bench NAME | python -m bench.table`: the lines of a bench as the rows of docs/performance.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import msgspec

from .figures import Figure, Spread
from .results import QUIET

HEAD = "| case | figure | Geçit | anchor | ratio | noise | goal |\n|---|---|---|---|---|---|---|"


def rows(lines: Iterable[str]) -> Iterator[str]:
    """Turn JSON lines into rows of Markdown."""
    for line in lines:
        one = msgspec.json.decode(line, type=Figure)
        cells = (one.case, f"{one.figure}, {one.unit}", *map(_shown, (one.value, one.anchor, one.ratio, one.noise)))
        yield f"| {' | '.join(cells)} | {_goal(one)}{_doubt(one)}{_disturbed(one)} |"


def _shown(one: Spread) -> str:
    median = f"{one.median:.4g}"
    return median if one.min == one.max else f"{median} ({one.min:.4g}–{one.max:.4g})"


def _goal(one: Figure) -> str:
    """Say of what the goal is: `ratio at most 1.2`, or of the value in its unit, `at most 350 MiB`."""
    if one.goal is None:
        return "–"
    of, unit = ("", f" {one.unit}") if one.goal.absolute else ("ratio ", "")
    bounds = [f"{of}at least {one.goal.least:g}{unit}"] if one.goal.least is not None else []
    bounds += [f"{of}at most {one.goal.most:g}{unit}"] if one.goal.most is not None else []
    return f"{', '.join(bounds)}: {'met' if one.met else '**not met**'}"


def _doubt(one: Figure) -> str:
    """Say where a ratio is nearer to its goal than the anchor came to itself: another run may end otherwise."""
    if one.goal is None or one.goal.absolute:
        return ""
    bounds = [bound for bound in (one.goal.least, one.goal.most) if bound is not None]
    margin = min(abs(one.ratio.median - bound) for bound in bounds)
    noise = max(abs(one.noise.min - 1), abs(one.noise.max - 1))
    return ", within the noise" if margin < noise else ""


def _disturbed(one: Figure) -> str:
    """Say where others used too much of the machine; processor time (`cpu`) suffers little from them."""
    return ", **not quiet**" if one.elsewhere.median > QUIET and "cpu" not in one.figure else ""


def main() -> None:
    """Read standard input, write the table."""
    print(HEAD)
    for row in rows(sys.stdin):
        print(row)


if __name__ == "__main__":
    main()
