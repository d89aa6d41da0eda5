"""The paragraph by which a consultation becomes part of a report: marked, with who answered and when."""

from __future__ import annotations

from collections.abc import Mapping

from .consultation import Consultation, Entry
from .measuring import written
from .report import ReportPart
from .values import local

MARK = "[Konsültasyon"
PARTS = (ReportPart.CONCLUSION, ReportPart.FINDINGS)
"""Where the author may put it; the first one unless he says otherwise."""


def paragraph(one: Consultation, employers: Mapping[str, str]) -> str:
    """Return the text, in the language of reports; `employers`: SKRS code -> name of the institution."""
    said = [_answer(each, employers) for each in one.answers]
    return "\n".join((f"{MARK} {one.id}]", *said, f"{MARK} sonu]"))


def _answer(entry: Entry, employers: Mapping[str, str]) -> str:
    where = employers.get(entry.employer, "") or entry.employer
    who = entry.name or entry.by
    at = f"{local(entry.at):%d.%m.%Y %H:%M}"
    head = f"{who} ({where}), {at}:" if where else f"{who}, {at}:"
    return "\n".join((head, entry.text, *(f"- {written(each)}" for each in entry.measurements)))


def inserted(parts: Mapping[ReportPart, str], part: ReportPart, text: str) -> dict[ReportPart, str]:
    """Return a draft's parts with the paragraph at the end of one of them."""
    before = parts.get(part, "").rstrip()
    return {**parts, part: f"{before}\n\n{text}".strip()}
