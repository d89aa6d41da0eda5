"""What the page of a report's text says beside `words.py`."""

from __future__ import annotations

from gecit.core.values import Text


def _(tr: str, en: str) -> Text:
    return Text(tr=tr, en=en)


PAGE: dict[str, Text] = {
    "report-text-of": _("Rapor metni", "Text of the report"),
    "report-text": _("Rapor metni", "Read the report"),
    "replaces-versions": _("{numbers}. sürümün yerine geçti", "takes the place of version {numbers}"),
    "replaced-by-version": _("yerini {number}. sürüm aldı", "version {number} took its place"),
    "adds-to-version": _("{number}. sürüme ek", "adds to version {number}"),
    "no-part": _("Bu sürümde metin yok.", "This version has no text."),
    "back-to-exam": _("Tetkike dön", "Back to the exam"),
}
