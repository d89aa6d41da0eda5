"""Names that were made to be read as something else: by a browser, a terminal, a log, a spreadsheet, a scraper."""

from __future__ import annotations

import csv
import io
import logging
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from flask import Flask, render_template_string
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from gecit.cli import replay
from gecit.core.audit import AuditEntry
from gecit.core.harmless import cell, on_page, one_line
from gecit.core.order import ExamKey, Patient
from gecit.core.verdict import Outcome
from gecit.edges.doors import Doors
from gecit.edges.orthanc_host import OrthancLog
from gecit.edges.store import SqlLedger
from gecit.ports import Institution
from gecit.processes.build import OneLine, Parts
from gecit.processes.entrance import audit_of
from gecit.settings import load
from gecit.web.app import create_app
from gecit.web.tracking.export_file import write
from tests.fakes import NOON, FakeAccounts, FakeVitals, StillClock
from tests.support.exams import CLEAN, fold, life

ESCAPES = "A1\x1b[2J\x1b]0;owned\x07\x9b31m\r\nMSH|forged\u2028line\u202e1234\u2066x\x00"
FORMULAS = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\uff1d1+1", "\uff20x", "\n=1")


# Terminals and logs


def test_the_audit_in_a_terminal_steers_no_terminal(gecit: Callable[..., Result], data: Path) -> None:
    """Whoever is refused chooses the accession number that the audit keeps of it, out of the address."""
    opened = Parts(load())
    book = audit_of(opened.settings, opened.ledger, "web")
    book.record(AuditEntry(at=NOON, who="x", what="see an exam", outcome="refused", accession=ESCAPES, why=ESCAPES))
    said = gecit("audit", "list").stdout
    assert "A1\\x1b[2J" in said
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066]", said)
    assert len(said.splitlines()) == 3, "headings, a line, and the row"


@pytest.mark.parametrize("through", ["a process", "Orthanc"])
def test_no_name_begins_a_line_of_a_log(through: str) -> None:
    record = logging.LogRecord("gecit.x", logging.WARNING, "", 0, "peer %s", (ESCAPES,), None)
    if through == "a process":
        said = OneLine("%(name)s %(message)s").format(record)
    else:
        kept: list[str] = []

        class Orthanc:
            LogError = LogWarning = staticmethod(kept.append)

        OrthancLog(Orthanc()).emit(record)  # type: ignore[arg-type]
        said = kept[0]
    assert len(said.splitlines()) == 1 and "\x1b" not in said and "\\r\\nMSH|forged" in said


def test_a_fault_keeps_its_own_lines() -> None:
    try:
        raise ValueError("x")
    except ValueError as fault:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "broke", (), (type(fault), fault, fault.__traceback__))
    assert len(OneLine("%(message)s").format(record).splitlines()) > 2


@given(st.text())
def test_whatever_it_is_it_stays_on_its_line_and_letters_stay_as_they_are(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert one_line("ŞİĞÖÇÜışğöçü — 漢字 " + "x") == "ŞİĞÖÇÜışğöçü — 漢字 x"
    assert on_page(on_page(text)) == on_page(text)


# Pages


def test_what_turns_writing_round_stands_on_no_page() -> None:
    """U+202E before an accession number shows another one."""
    app = create_app(doors=Doors(FakeAccounts(), "inside", StillClock()), views=None, vitals=FakeVitals(),
                     clock=StillClock(), node="N1")  # type: ignore[arg-type]  # fmt: skip
    assert isinstance(app, Flask)
    with app.test_request_context("/gecit/"):
        page = render_template_string("<td>{{ name }}</td>{{ kept }}{{ number }}", name=f"<b>{ESCAPES}</b>",
                                      kept=Markup("<i>\u202ex</i>"), number=7)  # fmt: skip
    assert page.startswith("<td>&lt;b&gt;A1[2J]0;owned31m") and page.endswith("<i>x</i>7")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


# Spreadsheets


@pytest.mark.parametrize("value", FORMULAS)
def test_no_cell_is_a_formula_whatever_separator_its_reader_takes(value: str) -> None:
    for whole in (value, f"ŞAHİN,{value}", f"ŞAHİN;{value}", f'ŞAHİN,"{value}', f"ŞAHİN\t{value}", f"x|{value}"):
        line = io.StringIO()
        csv.writer(line, delimiter=";").writerow(["910001", cell(whole), "son"])
        for separator in ",;\t|":
            for row in csv.reader(io.StringIO(line.getvalue(), newline=""), delimiter=separator):
                starts = [one.lstrip(" \"'")[:1] if not one.lstrip().startswith("'") else "" for one in row]
                assert not set(starts) & set("=+-@\uff1d\uff20"), (separator, row)


def test_what_is_no_formula_is_written_as_it_is() -> None:
    for one in ("ŞAHİN, Çiğdem", "36938-9", "a=1", "12 mm; 3 kesit", "", "x - y", "a.b@c.example"):
        assert cell(one) == one


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_patients_name_is_no_formula_in_an_export(kind: str, tmp_path: Path) -> None:
    found = fold(list(life(CLEAN)))
    assert found.order
    for number, value in enumerate(FORMULAS):
        evil = replace(found, order=replace(found.order, patient=Patient(given=value, family="", file_number=value)))
        path = tmp_path / f"{number}.{kind}"
        assert write(path, kind, [evil], "tr") == 1
        if kind == "xlsx":
            with zipfile.ZipFile(path) as book:
                sheet = book.read("xl/worksheets/sheet1.xml").decode()
                assert "<f>" not in sheet and not [one for one in book.namelist() if "external" in one.lower()]
        else:
            rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=";"))
            assert not [one for one in rows[1] if one.lstrip().startswith(("=", "+", "@", "\uff1d"))]


def test_the_file_of_a_replay_holds_no_formula_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """An HBYS chooses the accession number."""
    changed = SimpleNamespace(
        exam=ExamKey(institution="910001", accession="=cmd|' /C calc'!A0"), ordered_at=None, before=Outcome.HOLD,
        after=Outcome.SUBMIT, action=next(iter(replay.CONSEQUENCES)), turns=(),
    )  # fmt: skip
    monkeypatch.setattr(replay, "replayed", lambda asked, todo: [SimpleNamespace(looked_at=1, changes=[changed])])
    table = io.StringIO()
    counted, _ = replay._go(None, [None], table, 0)  # type: ignore[arg-type, list-item]
    assert counted["changed"] == 1
    assert next(csv.reader(io.StringIO(table.getvalue())))[1].startswith("'=cmd|'")


# Metrics


def test_a_scraper_reads_no_sample_that_a_name_made_up(sqlite_ledger: SqlLedger) -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    from gecit.web.metrics import LedgerCollector

    evil = 'x"} 1\ngecit_forged{a="b'
    sqlite_ledger.write(lambda tx: tx.record_institution(Institution(skrs=evil), datetime.now(UTC)))
    sqlite_ledger.write(lambda tx: tx.add_message(_message(evil)))
    registry = CollectorRegistry()
    registry.register(LedgerCollector(sqlite_ledger, FakeVitals(), StillClock()))
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    labels = {value for family in families for one in family.samples for value in one.labels.values()}
    assert evil in labels and not [one for one in families if "forged" in one.name]


def _message(institution: str):
    from gecit.ports import NewMessage

    return NewMessage(
        received_at=datetime.now(UTC), peer="192.0.2.1", institution=institution, sender=("a", "b"), control_id="1",
        digest="x", raw=b"x",
    )  # fmt: skip
