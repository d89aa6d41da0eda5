"""`python -m bench.page [PAGE]`: the tables of docs/performance.md anew from `bench/results`.

A table stands between `<!-- bench NAME -->` and `<!-- end -->`. One of which no results are kept stays as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from . import results
from .table import HEAD, rows

PAGE = results.HOME / "docs" / "performance.md"
_BLOCK = re.compile(r"(<!-- bench ([a-z0-9-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str, folder: Path = results.FOLDER) -> str:
    """Return the page with the tables of all results that are kept."""

    def block(found: re.Match[str]) -> str:
        path = folder / f"{found[2]}.jsonl"
        return f"{found[1]}{table(path)}\n{found[3]}" if path.exists() else found[0]

    return _BLOCK.sub(block, text)


def places(text: str) -> set[str]:
    """Return the names of the benches that have a place on the page."""
    return {found[2] for found in _BLOCK.finditer(text)}


def table(path: Path) -> str:
    """Return the table of one bench, and where its figures come from."""
    origin, lines = results.read(path)
    quiet = "quiet" if origin.quiet else f"**not quiet**: others used up to {origin.elsewhere:.0%} of it"
    said = (
        f"{origin.date}, commit {origin.commit}, `{origin.command}`; {origin.processors} × {origin.processor}, "
        f"{origin.memory_gib} GiB, {origin.system}; {quiet}."
    )
    return "\n".join([HEAD, *rows(lines), "", said])


def main() -> None:
    """Write the page."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
