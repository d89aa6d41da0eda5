"""docs/reliability-input.md: the table of what was run, made anew from the counts; the words around it stay."""

from __future__ import annotations

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


def write() -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", encoding="utf-8")
