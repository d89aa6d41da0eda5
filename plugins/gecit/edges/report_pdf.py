"""A report as a PDF that a clinician can print and search: A4, all Turkish letters, the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from ..core.order import Order, Person
from ..core.report import Report, ReportPart, ReportStatus
from ..core.values import Value, local
from .html_text import text_of_html

FONT_FOLDER = Path("/usr/share/fonts/truetype/dejavu")  # Debian: fonts-dejavu-core
FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN = 18 * mm
PADDING = 6  # points; of reportlab's frame within the margins

HEADINGS: dict[ReportPart, str] = {
    ReportPart.TECHNIQUE: "Teknik",
    ReportPart.COMPARISON: "Karşılaştırma",
    ReportPart.FINDINGS: "Bulgular",
    ReportPart.CONCLUSION: "Sonuç ve Öneriler",
}
STATUS: dict[ReportStatus, str] = {
    ReportStatus.PRELIMINARY: "Ön rapor",
    ReportStatus.FINAL: "Kesin rapor",
    ReportStatus.CORRECTED: "Düzeltilmiş rapor",
}
SEX = {"F": "Kadın", "M": "Erkek"}  # PID-8, HL7 table 0001; any other value is printed as sent

BODY = ParagraphStyle("body", fontName=FONT, fontSize=9.5, leading=14)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8.5, leading=11.5)
LABEL = ParagraphStyle("label", parent=SMALL, textColor=HexColor("#55606b"))
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontName=BOLD, fontSize=10.5, spaceBefore=9, spaceAfter=3, keepWithNext=1
)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=13, leading=17)

_LONG_LINE = re.compile(r".{1,4000}(?:\s|$)|.{1,4000}")

_fonts = Lock()


class Issue(Value):
    """Which version of the report this is, and what made the document."""

    version: int = 1  # counts from 1
    producer: str = "Geçit"


def build_pdf(
    report: Report,
    institution: str,
    order: Order | None = None,
    signers: Sequence[str] | None = None,
    issue: Issue | None = None,
) -> bytes:
    """Return the report as PDF; `signers` are names to print, as reported where None. Equal input, equal bytes."""
    _load_fonts()
    issue = issue or Issue()
    names = [_full_name(one) for one in report.radiologists] if signers is None else list(signers)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"Radyoloji raporu {_plain(report.key.accession)}",
        author=_plain(institution),
        creator=issue.producer,
        producer=issue.producer,
        lang="tr-TR",
        invariant=1,
    )
    document.build(_story(report, institution, order, names, issue), canvasmaker=_numbered(report, issue))
    return out.getvalue()


def _load_fonts() -> None:
    with _fonts:
        for name in (FONT, BOLD):
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, FONT_FOLDER / f"{name}.ttf"))


def _story(report: Report, institution: str, order: Order | None, signers: list[str], issue: Issue) -> list[Flowable]:
    status = STATUS[report.status] + (f", {issue.version}. sürüm" if issue.version > 1 else "")
    return [
        _paragraph(institution, TITLE),
        _paragraph(f"Radyoloji raporu · {status}", LABEL),
        Spacer(1, 3 * mm),
        _head(report, order),
        *_parts(report),
        Spacer(1, 5 * mm),
        *_signatures(report, signers),
    ]


def _head(report: Report, order: Order | None) -> Table:
    rows = [[_paragraph(label, LABEL), _paragraphs(value, SMALL)] for label, value in _facts(report, order) if value]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("LINEABOVE", (0, 0), (-1, 0), 0.6, HexColor("#9aa5b1")),
        ("LINEBELOW", (0, -1), (-1, -1), 0.6, HexColor("#9aa5b1")),
    ]
    return Table(
        rows, colWidths=[42 * mm, A4[0] - 2 * MARGIN - 42 * mm], style=TableStyle(style), hAlign="LEFT", splitInRow=1
    )


def _facts(report: Report, order: Order | None) -> list[tuple[str, str]]:
    patient = order.patient if order else report.patient
    procedures = (order.procedures if order else ()) or report.procedures
    exams = "\n".join(one.sut_name or one.loinc_name or one.sut or one.loinc for one in procedures)
    return [
        ("Hasta", f"{patient.given} {patient.family}".strip()),
        ("T.C. kimlik no", patient.tckn),
        ("Dosya no", patient.file_number),
        ("Doğum tarihi", _day(patient.birth_date)),
        ("Cinsiyet", SEX.get(patient.sex, patient.sex)),
        ("Erişim no", report.key.accession),
        ("Tetkik", exams),
        ("İsteyen hekim", _full_name(order.physician) if order else ""),
        ("İstem zamanı", _moment(order.ordered_at) if order else ""),
        ("Klinik bilgi", order.clinical_information if order else ""),
    ]


def _parts(report: Report) -> list[Flowable]:
    found: list[Flowable] = []
    for part, heading in HEADINGS.items():
        text = report.parts.get(part, "")
        text = text_of_html(text) if report.format == "HTML" else text.strip()
        if text:
            found += [_paragraph(heading, HEADING), *_paragraphs(text, BODY)]
    return found


def _signatures(report: Report, signers: list[str]) -> list[Flowable]:
    lines = [f"Onaylayan: {signers[0]}"] if signers else []
    lines += [f"İkinci imza: {name}" for name in signers[1:]]
    lines += [f"Onay zamanı: {_moment(report.approved_at)}"] if report.approved_at else []
    return [_paragraph(line, SMALL) for line in lines]


def _numbered(report: Report, issue: Issue) -> type[Canvas]:
    """Return a canvas that writes `page / pages` under each page: the total is known only at the end."""
    left = f"Erişim no {_plain(report.key.accession)} · {issue.version}. sürüm"

    class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, object]] = []

        def showPage(self) -> None:  # noqa: N802  # reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self.setFont(FONT, 7.5)
                self.drawString(MARGIN + PADDING, MARGIN / 2, left)
                self.drawRightString(A4[0] - MARGIN - PADDING, MARGIN / 2, f"Sayfa {number} / {len(self._pages)}")
                super().showPage()
            super().save()

    return Numbered


def _paragraphs(text: str, style: ParagraphStyle) -> list[Paragraph]:
    """Return a paragraph for each line; a very long one is cut, since reportlab's time grows with its square."""
    return [_paragraph(one, style) for line in text.splitlines() for one in _LONG_LINE.findall(line) or [""]]


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    lines = (escape(_plain(line)) for line in text.splitlines())
    return Paragraph("<br/>".join(lines) or "&nbsp;", style)


def _plain(text: str) -> str:
    """Drop what is no character of text: control codes would break the XML that reportlab reads."""
    return "".join(one for one in text.replace("\t", "    ") if one.isprintable() or one == "\N{NO-BREAK SPACE}")


def _full_name(person: Person) -> str:
    return f"{person.given} {person.family}".strip() or person.identifier


def _day(date: str) -> str:
    return f"{date[6:8]}.{date[4:6]}.{date[:4]}" if re.fullmatch(r"\d{8}", date) else date


def _moment(moment: datetime | None) -> str:
    return f"{local(moment):%d.%m.%Y %H:%M}" if moment else ""
