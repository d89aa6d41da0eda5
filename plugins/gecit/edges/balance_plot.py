"""Waiting times with and without balancing as a bar chart, SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reportlab.graphics import renderSVG
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib.colors import HexColor

OWN, SHARED = HexColor("#8c6d46"), HexColor("#2a6f97")  # told apart without colour too: one is much darker
WIDTH, HEIGHT = 900, 420


def draw_waiting(path: Path, names: Sequence[str], own: Sequence[float], shared: Sequence[float], title: str) -> None:
    """Write the chart: for each name the 90th percentile in minutes, each institution by itself and shared."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.add(String(20, HEIGHT - 24, title, fontSize=14))
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 60, 70, WIDTH - 90, HEIGHT - 140
    chart.data = [tuple(own), tuple(shared)]
    chart.categoryAxis.categoryNames = list(names)
    chart.categoryAxis.labels.angle = 30
    chart.categoryAxis.labels.boxAnchor = "ne"
    chart.valueAxis.valueMin = 0
    chart.bars[0].fillColor, chart.bars[1].fillColor = OWN, SHARED
    drawing.add(chart)
    legend = Legend()
    legend.x, legend.y, legend.deltax = 60, HEIGHT - 40, 200
    legend.columnMaximum = 1
    legend.colorNamePairs = [(OWN, "ayrı ayrı / each by itself"), (SHARED, "paylaşarak / shared")]
    drawing.add(legend)
    renderSVG.drawToFile(drawing, str(path))
