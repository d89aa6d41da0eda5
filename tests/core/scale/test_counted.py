"""What the assumptions say was counted or measured, counted and looked up again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from bench.million import HOSPITALS, fill

from gecit.edges.scale_files import shipped
from gecit.edges.store import SqlLedger, schema

EXAMS = 600
KNOWN = shipped()
PERFORMANCE = (Path(__file__).parents[3] / "docs/performance.md").read_text("utf-8")


def cells(bench: str, case: str, figure: str) -> list[str]:
    """The cells of the one row, of the cases that match, of a table of docs/performance.md; the first is empty."""
    table = PERFORMANCE.split(f"<!-- bench {bench} -->")[1].split("<!-- end -->")[0]
    [row] = [line for line in table.splitlines() if re.match(rf"\| {case} \| {re.escape(figure)}, ", line)]
    return [one.strip() for one in row.split("|")]


def cell(bench: str, case: str, figure: str, column: int) -> float:
    """The median that stands in such a cell."""
    return float(re.match(r"[\d.,]+", cells(bench, case, figure)[column])[0].replace(",", ""))  # type: ignore[index]


def test_rows_and_bytes_of_an_exam_are_those_of_a_filled_ledger(ledger: SqlLedger) -> None:
    filled = fill(ledger, EXAMS, held=0)
    with ledger.engine.connect() as connection:
        rows = sum(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in schema.metadata.sorted_tables
        )
        if ledger.engine.dialect.name == "postgresql":
            sizes = connection.exec_driver_sql(
                "select relname, pg_total_relation_size(oid) from pg_class "
                "where relkind = 'r' and relnamespace = 'public'::regnamespace"
            )
            size = {str(name): int(number) for name, number in sizes}
            assert sum(size.values()) / EXAMS == pytest.approx(KNOWN["ledger.bytes_postgresql"], rel=0.25)
            assert size["event"] / sum(size.values()) == pytest.approx(KNOWN["ledger.events"], abs=0.1)
        else:
            assert filled.bytes / EXAMS == pytest.approx(KNOWN["ledger.bytes_sqlite"], rel=0.25)
    assert (rows - HOSPITALS) / EXAMS == pytest.approx(KNOWN["ledger.folded"], abs=0.5)


NEAR = 0.3
"""Another run of a bench moves its figure; further off than this the assumption has to follow."""


def test_rates_are_near_those_of_the_page_of_figures() -> None:
    looked_at = int(cells("rejudge", r"\d+", "rule-that-reaches-all")[1])  # those filled, and those that came meanwhile
    measured = {
        "rate.messages": cell("hl7", "8-connections", "rate", 3),
        "rate.deliveries": cell("soap", "sqlite", "rate", 3),
        "rate.judgings": 10_000 / cell("rejudge", "1000000", "exemption-of-10000", 3),
        "rate.looked_at": looked_at / cell("rejudge", r"\d+", "rule-that-reaches-all", 3),
        "rate.instances": 510 * cell("ingest", "ct-512", "rate", 5),
    }
    assert {key: KNOWN[key] for key in measured} == pytest.approx(measured, rel=NEAR)
    assert re.search(r"instead\s+of\s+510/s", PERFORMANCE), "bare Orthanc with its store on a disk"
    assert KNOWN["rate.stored"] == pytest.approx(KNOWN["rate.instances"] * 530_000, rel=0.001)
