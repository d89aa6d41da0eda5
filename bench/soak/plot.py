"""`python -m bench.soak.plot`: the soak minute by minute, drawn into docs/images/soak.svg."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportlab.graphics import renderSVG
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing, Group, String
from reportlab.lib.colors import HexColor

from .. import results

MINUTES = results.FOLDER / "soak-minutes.jsonl"
PICTURE = results.HOME / "docs" / "images" / "soak.svg"
COLOURS = [HexColor(one) for one in ("#2a6f97", "#8c6d46", "#4f7942", "#7b4173", "#555555")]
DASHES: list[list[int] | None] = [None, [6, 3], [2, 2], [8, 3, 2, 3], [1, 3]]  # told apart without colour too
WIDTH, HEIGHT = 900, 300

Lines = Mapping[str, Sequence[tuple[float, float]]]


def draw(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write both charts, one below the other: MiB of each process, and p95 of each door in milliseconds."""
    drawing = Drawing(WIDTH, 2 * HEIGHT)
    drawing.add(_chart("bellek / memory, MiB (PSS)", _lines(rows, "memory"), HEIGHT))
    drawing.add(_chart("yanıt süresi / latency p95, ms", _lines(rows, "p95"), 0))
    renderSVG.drawToFile(drawing, str(path))


def _lines(rows: Sequence[Mapping[str, object]], what: str) -> Lines:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        values = row[what]
        assert isinstance(values, dict)
        for name, value in values.items():
            found.setdefault(name, []).append((float(str(row["minute"])), float(value)))
    return found


def _chart(title: str, lines: Lines, bottom: int) -> Group:
    chart = LinePlot()
    chart.x, chart.y, chart.width, chart.height = 60, bottom + 40, WIDTH - 220, HEIGHT - 90
    chart.data = list(lines.values())
    chart.xValueAxis.valueMin = chart.yValueAxis.valueMin = 0
    for number in range(len(lines)):
        chart.lines[number].strokeColor = COLOURS[number % len(COLOURS)]
        chart.lines[number].strokeDashArray = DASHES[number % len(DASHES)]
        chart.lines[number].strokeWidth = 1.5
    legend = Legend()
    legend.x, legend.y, legend.columnMaximum, legend.alignment = WIDTH - 140, bottom + HEIGHT - 60, 8, "right"
    legend.colorNamePairs = [(COLOURS[number % len(COLOURS)], name) for number, name in enumerate(lines)]
    title_of = String(20, bottom + HEIGHT - 24, title, fontSize=14)
    minutes = String(WIDTH // 2 - 80, bottom + 8, "dakika / minute", fontSize=11)
    return Group(title_of, chart, legend, minutes)


def main() -> None:
    """Draw what the last soak kept, or the file named."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else PICTURE
    draw([json.loads(one) for one in source.read_text(encoding="utf-8").splitlines()], target)


if __name__ == "__main__":
    main()
