"""Key images in a report's PDF: two beside each other, with what people call them by under each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Image, KeepTogether, Paragraph, Spacer, Table

from ..core.key_images import KeyImage

Picture = tuple[KeyImage, bytes | str | None]
"""A key image as JPEG; a name = of another node, which alone can draw it; None = it cannot be drawn."""

SIDE = 480
"""Pixels each way that a picture is asked for: about 160 dots an inch in print, and some 40 kB."""

HIGHEST = 76 * mm
ABREAST = 2
JPEG_START = b"\xff\xd8"


def pictures_of(
    pictures: Sequence[Picture], width: float, heading: ParagraphStyle, label: ParagraphStyle
) -> list[Flowable]:
    """Return heading and pictures over `width` points; nothing where there are none."""
    cells = [_cell(one, width / ABREAST, label) for one in pictures]
    rows = [
        [*cells[at : at + ABREAST], *[""] * (ABREAST - len(cells[at : at + ABREAST]))]
        for at in range(0, len(cells), ABREAST)
    ]
    tables = [Table([row], colWidths=[width / ABREAST] * ABREAST, style=_STYLE, hAlign="LEFT") for row in rows]
    if not tables:
        return []
    return [KeepTogether([Paragraph("Anahtar görüntüler", heading), tables[0]]), *tables[1:]]


_STYLE = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]


def _cell(picture: Picture, width: float, label: ParagraphStyle) -> list[Flowable]:
    image, jpeg = picture
    if not isinstance(jpeg, bytes):
        return [Paragraph(f"{caption_of(image)} ({_why(jpeg)})", label)]
    drawn = Image(io.BytesIO(jpeg), width=width - 4 * mm, height=HIGHEST, kind="proportional")
    drawn.hAlign = "LEFT"
    return [drawn, Spacer(1, 1 * mm), Paragraph(caption_of(image), label)]


def _why(node: str | None) -> str:
    """Say why a picture is not in this document."""
    return f"{escape(node)} düğümündeki çalışmada" if node else "çizilemedi"


def caption_of(image: KeyImage) -> str:
    """Return what people call a picture by and what its author says of it, as reportlab's XML."""
    frame = f", kare {image.frame}" if image.frames > 1 else ""
    said = f": {escape(image.caption)}" if image.caption else ""
    return f"Seri {_digits(image.series_number)}, görüntü {_digits(image.number)}{frame}{said}"


def _digits(number: str) -> str:
    return "".join(one for one in number if one in "-0123456789") or "?"
