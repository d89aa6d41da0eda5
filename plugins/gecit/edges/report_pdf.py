"""A report as a PDF that a clinician can print and search: A4, all Turkish letters, the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, HRFlowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table

from ..core.exam import ReceivedReport
from ..core.identifiers import masked
from ..core.issue import Issue, signers
from ..core.order import Order, Person
from ..core.report import ReportPart, contrasts
from .report_pictures import Picture, pictures_of
from .report_text import Line, Run, lines_of
from .report_words import STATUS, contrast_text, moment, notes_of, written_at

FONT_FOLDER = Path("/usr/share/fonts/truetype/dejavu")  # Debian: fonts-dejavu-core
FONT, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN = 18 * mm
FOOTER = 7.5  # points
PADDING = 6  # points; of reportlab's frame within the margins
WIDTH = A4[0] - 2 * MARGIN - 2 * PADDING

HEADINGS: dict[ReportPart, str] = {
    ReportPart.TECHNIQUE: "Teknik",
    ReportPart.COMPARISON: "Karşılaştırma",
    ReportPart.FINDINGS: "Bulgular",
    ReportPart.CONCLUSION: "Sonuç ve Öneriler",
}
SEX = {"F": "Kadın", "M": "Erkek", "K": "Kadın", "E": "Erkek"}  # PID-8: table 0001, and the letters of Turkish systems

GREY, LINE, TINT = HexColor("#55606b"), HexColor("#9aa5b1"), HexColor("#eef1f4")
BODY = ParagraphStyle("body", fontName=FONT, fontSize=9.5, leading=14, spaceAfter=2)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8.5, leading=11.5, spaceAfter=0)
LABEL = ParagraphStyle("label", parent=SMALL, textColor=GREY)
HEADING = ParagraphStyle(
    "heading", parent=BODY, fontName=BOLD, fontSize=10.5, spaceBefore=9, spaceAfter=3, keepWithNext=1
)
TITLE = ParagraphStyle("title", parent=BODY, fontName=BOLD, fontSize=13, leading=17)
KIND = ParagraphStyle("kind", parent=BODY, fontName=BOLD, fontSize=10.5, leading=14, alignment=TA_RIGHT)
DATE = ParagraphStyle("date", parent=LABEL, alignment=TA_RIGHT)
NOTE = ParagraphStyle("note", parent=SMALL, backColor=TINT, borderPadding=(4, 6, 4, 6), leftIndent=6, rightIndent=6)
ITEMS = [
    ParagraphStyle(f"item {level}", parent=BODY, leftIndent=level * 12, firstLineIndent=-10) for level in range(1, 7)
]

LONGEST = 4000  # characters of a paragraph: reportlab's time grows with the square of its length
PRINTED = 150_000
"""Characters of a part that are printed, some fifty pages; what is longer was made to keep a printer busy."""
PER_LINE = 4  # a line costs as much as so many characters
_LONG_LINE = re.compile(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}")
_fonts = Lock()


def document_of(
    out: io.BytesIO, *, title: str, producer: str, lang: str = "tr-TR", author: str | None = None
) -> SimpleDocTemplate:
    """Return an empty document on A4 whose bytes depend on its input alone."""
    return SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author=author,
        creator=producer,
        producer=producer,
        lang=lang,
        invariant=1,
    )


def build_pdf(
    version: Issue,
    institution: str,
    order: Order | None = None,
    pictures: Sequence[Picture] = (),
    producer: str = "Geçit",
) -> bytes:
    """Return a version of the report as PDF, its key images at the end. Equal input, equal bytes."""
    load_fonts()
    accession = version.own.report.key.accession
    out = io.BytesIO()
    title = f"Radyoloji raporu {_plain(accession)}"
    document = document_of(out, title=title, author=_plain(institution), producer=producer)
    story = [*_story(version, institution, order), *pictures_of(pictures, WIDTH, HEADING, LABEL)]
    build(document, story, numbered(_footer(version, order)))
    return out.getvalue()


def build(document: SimpleDocTemplate, story: list[Flowable], canvas: type[Canvas]) -> None:
    """Lay a document out and write it, one at a time in a process.

    reportlab's TTFont "cannot be used for different documents at the same time": it reads its file at one position
    for all threads, and so draws a letter of another document, or raises KeyError.
    """
    with _fonts:
        document.build(story, canvasmaker=canvas)


def load_fonts() -> None:
    """Register the fonts once."""
    with _fonts:
        for name in (FONT, BOLD):
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, FONT_FOLDER / f"{name}.ttf"))


def _story(version: Issue, institution: str, order: Order | None) -> list[Flowable]:
    story: list[Flowable] = [_letterhead(version, institution), Spacer(1, 2 * mm), *_facts(version, order)]
    story += [Spacer(1, 2 * mm), *_notes(version)]
    if version.report:
        story += _closed(_parts(version.report), _signed(version.report, "Onaylayan hekim", "Onay zamanı"))
    for number, one in enumerate(version.addenda, start=1):
        story += _addendum(one, number, len(version.addenda))
    return story


def _letterhead(version: Issue, institution: str) -> Flowable:
    edition = f"{version.number}. sürüm · {moment(written_at(version.own))}"
    left = [_paragraph(institution, TITLE), _paragraph("Radyoloji raporu", LABEL)]
    right = [_paragraph(STATUS[version.own.report.status], KIND), _paragraph(edition, DATE)]
    return _table([[left, right]], [WIDTH * 0.6, WIDTH * 0.4])


def _facts(version: Issue, order: Order | None) -> list[Flowable]:
    """The patient on the left, the exam on the right; what may be long goes below, over the whole width."""
    report = version.own.report
    patient = order.patient if order else report.patient
    whose = [
        ("Hasta", f"{patient.given} {patient.family}".strip()),
        ("T.C. kimlik no", patient.tckn),
        ("Dosya no", patient.file_number),
        ("Doğum tarihi", _day(patient.birth_date)),
        ("Cinsiyet", SEX.get(patient.sex, patient.sex)),
    ]
    what = [
        ("Erişim no", report.key.accession),
        ("Yöntem", (order.modality if order else "") or report.modality),
        ("İsteyen hekim", _name(order.physician) if order else ""),
        ("İstem zamanı", moment(order.ordered_at) if order else ""),
    ]
    procedures = (order.procedures if order else ()) or report.procedures
    below = [
        ("Tetkik", "\n".join(one.sut_name or one.loinc_name or one.sut or one.loinc for one in procedures)),
        ("Klinik bilgi", order.clinical_information if order else ""),
    ]
    beside = _table([[_pairs(whose, WIDTH / 2), _pairs(what, WIDTH / 2)]], [WIDTH / 2, WIDTH / 2])
    return [_rule(), beside, *([_pairs(below, WIDTH)] if any(value for _, value in below) else []), _rule()]


def _pairs(rows: Sequence[tuple[str, str]], width: float) -> Table:
    label = 27 * mm
    written = [[_paragraph(name, LABEL), _paragraphs(value, SMALL)] for name, value in rows if value.strip()]
    return _table(written or [["", ""]], [label, width - label])


def _table(rows: list[list[object]], widths: list[float]) -> Table:
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ]
    return Table(rows, colWidths=widths, style=style, hAlign="LEFT", splitInRow=1)


def _rule(weight: float = 0.6) -> Flowable:
    return HRFlowable(width="100%", thickness=weight, color=LINE, spaceBefore=2, spaceAfter=2)


def _notes(version: Issue) -> list[Flowable]:
    return [one for text in notes_of(version) for one in (_paragraph(text, NOTE), Spacer(1, 2.5 * mm))]


def _parts(received: ReceivedReport) -> list[Flowable]:
    report, found = received.report, []
    for part, heading in HEADINGS.items():
        lines = lines_of(report.parts.get(part, ""), report.format)
        printed, left = _printable(lines)
        written = [one for line in printed for one in _lines(line)]
        if left:
            written.append(_paragraph(_NOT_PRINTED.format(left=left), NOTE))
        if part is ReportPart.TECHNIQUE:
            written += [_paragraph(f"Kontrast madde: {contrast_text(one)}", BODY) for one in contrasts(report.contrast)]
        if written:
            found += [_paragraph(heading, HEADING), *written]
    return found


_NOT_PRINTED = (
    "Bu bölümün son {left} karakteri basılmadı: bölüm basılamayacak kadar uzun. Metnin tamamı çalışmadaki "
    "yapılandırılmış raporda (SR) ve raporu yazan sistemde durur."
)


def _printable(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Return the lines that are printed, and how many characters of the rest are not."""
    printed: list[Line] = []
    room = PRINTED
    for number, line in enumerate(lines):
        room -= len(line.text) + PER_LINE
        if room < 0 and printed:
            return printed, sum(len(one.text) for one in lines[number:])
        printed.append(line if room >= 0 else Line(runs=(Run(text=line.text[:PRINTED]),)))
    return printed, max(0, len(lines[0].text) - PRINTED) if lines else 0


def _addendum(received: ReceivedReport, number: int, of: int) -> list[Flowable]:
    title = f"Ek rapor {number} / {of}" if of > 1 else "Ek rapor"
    head = [Spacer(1, 5 * mm), _rule(1), _paragraph(f"{title} · {moment(written_at(received))}", HEADING)]
    return [*head, *_closed(_parts(received), _signed(received, "Eki onaylayan hekim", "Ekin onay zamanı"))]


def _closed(parts: list[Flowable], signed: Flowable) -> list[Flowable]:
    """Keep the signatures with the last lines: alone on a page they say nothing."""
    rest, last = parts[:-1], parts[-1:]
    return [*rest, KeepTogether([*last, Spacer(1, 4 * mm), signed])]


def _signed(received: ReceivedReport, role: str, when: str) -> Flowable:
    """Who signed in which role, and when."""
    roles = [role, "İkinci imza", *(f"{number}. imza" for number in range(3, 2 + len(received.report.radiologists)))]
    rows = [(name, _name(one)) for name, one in zip(roles, signers(received), strict=False)]
    rows += [(when, moment(received.report.approved_at))] if received.report.approved_at else []
    label = 38 * mm
    written = [[_paragraph(name, LABEL), _paragraph(value, SMALL)] for name, value in rows]
    return _table(written or [["", ""]], [label, WIDTH - label])


def _footer(version: Issue, order: Order | None) -> str:
    report = version.own.report
    patient = order.patient if order else report.patient
    rest = _plain(f"Erişim no {report.key.accession} · {version.number}. sürüm · {STATUS[report.status]}")
    room = WIDTH - 25 * mm - pdfmetrics.stringWidth(f" · {rest}", FONT, FOOTER)  # the page number stands on the right
    whole = name = _plain(f"{patient.given} {patient.family}".strip())[:200]
    while name and pdfmetrics.stringWidth(f"{name}…", FONT, FOOTER) > room:
        name = name[:-1]
    shown = name if name == whole else f"{name.rstrip()}…"
    return f"{shown} · {rest}" if shown else rest


def numbered(left: str, page: str = "Sayfa") -> type[Canvas]:
    """Return a canvas that writes `page / pages` under each page: the total is known only at the end."""

    called = page

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
                self.setFont(FONT, FOOTER)
                self.drawString(MARGIN + PADDING, MARGIN / 2, left)
                self.drawRightString(A4[0] - MARGIN - PADDING, MARGIN / 2, f"{called} {number} / {len(self._pages)}")
                super().showPage()
            super().save()

    return Numbered


def _lines(line: Line) -> list[Paragraph]:
    """Return a line as a paragraph, its hand kept; a very long one is cut, and printed in one hand."""
    style = ITEMS[min(line.level, len(ITEMS)) - 1] if line.level else BODY
    if len(line.text) > LONGEST:
        return [_paragraph(one, style) for one in _LONG_LINE.findall(line.text)]
    runs = (f'<font name="{BOLD}">{escaped(one.text)}</font>' if one.bold else escaped(one.text) for one in line.runs)
    return [Paragraph(escaped(line.mark) + "".join(runs) or "&nbsp;", style)]


def _paragraphs(text: str, style: ParagraphStyle) -> list[Paragraph]:
    return [_paragraph(one, style) for line in text.splitlines() for one in _LONG_LINE.findall(line) or [""]]


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph("<br/>".join(map(escaped, text.splitlines())) or "&nbsp;", style)


def escaped(text: str) -> str:
    """Return text for reportlab's XML, control codes dropped."""
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Drop what is no character of text: control codes would break the XML that reportlab reads."""
    return "".join(one for one in text.replace("\t", "    ") if one.isprintable() or one == "\N{NO-BREAK SPACE}")


def _name(person: Person) -> str:
    return f"{person.given} {person.family}".strip() or masked(person.identifier)


def _day(date: str) -> str:
    return f"{date[6:8]}.{date[4:6]}.{date[:4]}" if re.fullmatch(r"\d{8}", date) else date
