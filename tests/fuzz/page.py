"""docs/reliability-input.md: the table of what was run, made anew from the counts; the words around it stay."""

from __future__ import annotations

import re

from .places import ROOT, Count
from .targets import PLACES, load

PAGE = ROOT / "docs" / "reliability-input.md"
BEGIN, END = "<!-- counts: made by `make fuzz`, not by hand -->", "<!-- end of counts -->"


def table() -> str:
    """Write the table."""
    lines = ["| target | what is read | what holds beside | inputs |", "|---|---|---|--:|"]
    total = 0
    for name in PLACES:
        target, count = load(name), Count.of(name)
        total += count.inputs
        lines.append(f"| `{name}` | {target.reads} | {target.holds} | {count.inputs:,} |")
    return "\n".join([*lines, f"| **all** | | | **{total:,}** |"])


def write() -> bool:
    """Put the table into the page; False, and nothing is written, where the page tells of more than is known here.

    Counts stand beside the inputs: who has cloned the project begins with none.
    """
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    told, _, after = rest.partition(END)
    if any(number > Count.of(name).inputs for name, number in counts(told).items()):
        return False
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
    return True


def counts(told: str) -> dict[str, int]:
    """Read a table: inputs by target."""
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| ([\d,]+) \|$", told, re.MULTILINE)
    return {name: int(number.replace(",", "")) for name, number in rows if name in PLACES}
