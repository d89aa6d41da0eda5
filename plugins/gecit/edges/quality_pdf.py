"""The report on quality that a commission signs, as PDF: A4, all Turkish letters, the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table

from ..core.values import Value
from .report_pdf import (
    BODY,
    BOLD,
    FONT,
    HEADING,
    LABEL,
    LINE,
    NOTE,
    TINT,
    TITLE,
    WIDTH,
    build,
    document_of,
    escaped,
    load_fonts,
    numbered,
)

CELL = ParagraphStyle("cell", fontName=FONT, fontSize=7, leading=9)
NUMBER = ParagraphStyle("number", parent=CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", parent=CELL, fontName=BOLD)
RIGHT = ParagraphStyle("right", parent=HEAD, alignment=TA_RIGHT)
BAR = HexColor("#2a6f97")
CHART_HEIGHT = 52 * mm
LINES = 5
"""Blank lines for signatures where no members are named."""


class QualityChart(Value):
    """Months, a value for each (None = nothing), and how many it rests on; `top` is where the axis ends, 0 = open."""

    title: str
    unit: str
    names: tuple[str, ...]
    values: tuple[float | None, ...]
    counts: tuple[int, ...]
    top: float = 0


class QualityReport(Value):
    """What the report holds, in its own language; equal reports are equal bytes."""

    title: str
    period: str
    scope: str
    exams: int
    labels: tuple[str, str, str, str, str]  # period, scope, exams, month, "rests on"
    commission: str
    signature: str
    page: str
    notes: tuple[str, ...] = ()
    tables: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = ()  # title, head, rows
    charts: tuple[QualityChart, ...] = ()
    members: tuple[str, ...] = ()
    lang: str = "tr-TR"


def build_quality_pdf(report: QualityReport, producer: str = "Geçit") -> bytes:
    """Return the report as PDF. Equal input, equal bytes."""
    load_fonts()
    out = io.BytesIO()
    title = f"{report.title} {report.period}"
    document = document_of(out, title=title, producer=producer, lang=report.lang)
    left = f"{report.title} · {report.scope} · {report.period}"
    build(document, _story(report), numbered(left, report.page))
    return out.getvalue()


def _story(report: QualityReport) -> list[Flowable]:
    period, scope, exams, _, _ = report.labels
    facts = ((period, report.period), (scope, report.scope), (exams, str(report.exams)))
    story: list[Flowable] = [_text(report.title, TITLE), _facts(facts)]
    story += [one for note in report.notes for one in (Spacer(1, 2 * mm), _text(note, NOTE))]
    for title, head, rows in report.tables:
        story += [_text(title, HEADING), _table(head, rows)]
    for one in report.charts:
        story.append(KeepTogether([_text(one.title, HEADING), _chart(one), _under(report, one)]))
    return [*story, Spacer(1, 8 * mm), _signatures(report)]


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escaped(text) or "&nbsp;", style)


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    written = [[_text(name, LABEL), _text(value, BODY)] for name, value in rows]
    return Table(
        written, colWidths=[42 * mm, WIDTH - 42 * mm], hAlign="LEFT", style=[("LEFTPADDING", (0, 0), (0, -1), 0)]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose head stands again on each page."""
    first = WIDTH * (0.26 if len(head) > 2 else 0.8)
    rest = (WIDTH - first) / (len(head) - 1)
    written = [[_text(one, RIGHT if at else HEAD) for at, one in enumerate(head)]]
    written += [[_text(row[0], CELL), *(_text(one, NUMBER) for one in row[1:])] for row in rows]
    style = [
        ("BACKGROUND", (0, 0), (-1, 0), TINT),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    return Table(written, colWidths=[first, *([rest] * (len(head) - 1))], repeatRows=1, style=style, hAlign="LEFT")


def _chart(one: QualityChart) -> Drawing:
    drawing = Drawing(WIDTH, CHART_HEIGHT)
    chart = VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 30, 22, WIDTH - 40, CHART_HEIGHT - 32
    chart.data = [tuple(value or 0 for value in one.values)]
    chart.categoryAxis.categoryNames = list(one.names)
    chart.valueAxis.valueMin = 0
    if one.top:
        chart.valueAxis.valueMax = one.top
    chart.barWidth, chart.groupSpacing = 8, 10
    chart.bars[0].fillColor, chart.bars[0].strokeColor = BAR, white
    for axis in (chart.categoryAxis, chart.valueAxis):
        axis.labels.fontName, axis.labels.fontSize = FONT, 6.5
    drawing.add(chart)
    return drawing


def _under(report: QualityReport, one: QualityChart) -> Table:
    """Return the chart's numbers, with how many each rests on."""
    _, _, _, month, rests = report.labels
    found = zip(one.names, one.values, one.counts, strict=True)
    rows = [(name, _number(value, report.lang), str(count)) for name, value, count in found]
    return _table((month, one.unit, rests), rows)


def _number(value: float | None, lang: str) -> str:
    text = "–" if value is None else f"{value:.2f}"
    return text if lang == "en" else text.replace(".", ",")


def _signatures(report: QualityReport) -> Flowable:
    """Return one line for each member: the name, and room to sign."""
    members = report.members or ("",) * LINES
    rows = [[_text(report.commission, HEAD), _text(report.signature, HEAD)]]
    rows += [[_text(one, BODY), ""] for one in members]
    style = [("LINEBELOW", (0, 1), (-1, -1), 0.6, LINE), ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]
    heights = [14, *([13 * mm] * len(members))]
    return KeepTogether(
        [Table(rows, colWidths=[WIDTH * 0.55, WIDTH * 0.45], rowHeights=heights, style=style, hAlign="LEFT")]
    )
