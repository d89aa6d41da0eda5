"""An export as a file: CSV or Excel, with nothing in it that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import xlsxwriter

from gecit.core.exam import Exam
from gecit.core.harmless import cell
from gecit.core.values import Text, local

from ..shown import ShownExam, show_exam
from ..words import BILLING, COLUMNS, OUTCOMES, PAGE, WHO

KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SEPARATOR = ";"  # what Excel reads a CSV by where the comma is the decimal mark, as in Turkish
WIDTH = 22  # of a column, in characters
Tell = Callable[[int], object]


def write(path: Path, kind: str, exams: Iterable[Exam], language: str, tell: Tell = lambda _: None) -> int:
    """Write exams to a file and return how many; `tell` is told after each."""
    rows = ([*_row(show_exam(one), language)] for one in exams)
    head = [_say(text, language) for _, text in COLUMNS]
    return (_write_csv if kind == "csv" else _write_xlsx)(path, head, rows, tell)


def _write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]], tell: Tell) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=SEPARATOR)
        writer.writerow(head)
        for count, row in enumerate(rows, start=1):
            writer.writerow([cell(one) for one in row])
            tell(count)
    return count


def _write_xlsx(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]], tell: Tell) -> int:
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    count = 0
    with xlsxwriter.Workbook(path, {"constant_memory": True, "in_memory": False, **plain}) as book:
        sheet = book.add_worksheet("Geçit")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(head) - 1, WIDTH)
        for place, name in enumerate(head):
            sheet.write_string(0, place, name, book.add_format({"bold": True}))
        for count, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                sheet.write_string(count, place, cell(value))
            tell(count)
    return count


def _row(one: ShownExam, language: str) -> Iterable[str]:
    who = dict.fromkeys(finding.who for finding in one.missing if finding.who)
    outcome = _say(OUTCOMES[one.outcome], language)
    yield from (one.institution, one.accession, one.patient_name, one.patient_number, one.file_number)
    yield ", ".join(one.procedures)
    yield one.modality
    yield _moment(one.ordered_at)
    yield str(one.images)
    yield f"{outcome} ({_say(PAGE['cancelled'], language)})" if one.cancelled else outcome
    yield _say(BILLING[one.billing], language)
    yield "; ".join(_say(finding.title, language) for finding in one.missing)
    yield ", ".join(_say(WHO[name], language) if name in WHO else name for name in who)


def _say(text: Text, language: str) -> str:
    return text.en if language == "en" else text.tr


def _moment(at: datetime | None) -> str:
    return f"{local(at):%d.%m.%Y %H:%M}" if at else ""
