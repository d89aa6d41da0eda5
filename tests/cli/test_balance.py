"""`gecit balance simulate` reads recorded days again: a busy and an idle hospital, apart and together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result
from msgspec.structs import replace

from gecit.core.events import OrderPlaced, ReportReceived, StudyLinked
from gecit.core.order import ExamKey, Person
from gecit.edges.store import SqlLedger, open_ledger
from gecit.ports import Institution
from gecit.steps.judge_exam import judge_due
from tests.support.flow import JUDGING, START, order, report, study

Run = Callable[..., Result]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    opened = open_ledger(f"sqlite:///{data}/ledger.db")
    for skrs, province in (("910001", "Ankara"), ("910002", "Ankara"), ("910003", "Bursa")):
        one = Institution(skrs=skrs, ownership="public", province=province)
        opened.write(lambda tx, one=one: tx.record_institution(one, START))  # type: ignore[misc]
    yield opened
    opened.close()


def read(ledger: SqlLedger, institution: str, number: int, by: str, after: int) -> None:
    """Record an exam whose images came `number` minutes after the start, and its report `after` minutes after it."""
    key = ExamKey(institution=institution, accession=f"{institution[-1]}{number:03}")
    one, at = replace(order(key.accession), key=key), START + number * MINUTE
    told = replace(report(key.accession), key=key, radiologists=(Person(identifier=by),))

    def work(tx: object) -> None:
        for event in (
            OrderPlaced(at=at, exam=key, order=one, message=1),
            StudyLinked(at=at, exam=key, facts=study(key.accession, key.accession), path="p"),
            ReportReceived(at=START + after * MINUTE, exam=key, report=told, message=2),
        ):
            tx.append(event)  # type: ignore[attr-defined]

    ledger.write(work)


def a_day(ledger: SqlLedger) -> None:
    """Twenty exams at the first hospital, one read every ten minutes; two at the second, whose reader waits."""
    for number in range(20):
        read(ledger, "910001", number, "10000090178", 20 + 10 * number)
    read(ledger, "910002", 0, "10000090246", 10)
    read(ledger, "910002", 200, "10000090246", 215)
    ledger.write(lambda tx: judge_due(tx, JUDGING, START + timedelta(days=1), "Node"))


def test_sharing_shortens_waiting_where_the_rule_lets_them_share(ledger: SqlLedger, run: Run) -> None:
    a_day(ledger)
    said = json.loads(run("balance", "simulate", "--day", "2026-03-02", "--json").stdout)
    rows = {one["institution"]: one for one in said["institutions"]}
    assert said["minutes"] == {"CT": 10.0}
    assert (rows["910001"]["exams"], rows["910002"]["exams"], rows["*"]["exams"]) == (20, 2, 22)
    assert rows["910001"]["shared p90"] < rows["910001"]["own p90"]
    assert rows["*"]["own unread"] == 0


def test_another_province_shares_nothing(ledger: SqlLedger, run: Run) -> None:
    a_day(ledger)
    ledger.write(
        lambda tx: tx.record_institution(Institution(skrs="910002", ownership="public", province="Bursa"), START)
    )
    said = json.loads(run("balance", "simulate", "--day", "2026-03-02", "--json").stdout)
    for row in said["institutions"]:
        assert row["shared p90"] == row["own p90"]


def test_it_is_a_table_and_a_plot_and_names_nobodys_number(ledger: SqlLedger, run: Run, tmp_path: Path) -> None:
    a_day(ledger)
    plot = tmp_path / "waiting.svg"
    said = run("balance", "simulate", "--day", "2026-03-02", "--plot", plot)
    assert "shared p90" in said.output
    assert "22 tetkik" in said.output
    assert "10000090178" not in said.output
    drawn = ElementTree.parse(plot).getroot()  # noqa: S314 -- of our own making
    assert drawn.tag.endswith("svg")
    assert "910001" in plot.read_text(encoding="utf-8")
    assert len(drawn.findall(".//{*}rect")) >= 6


def test_a_day_of_which_nothing_is_recorded_is_said_clearly(ledger: SqlLedger, run: Run) -> None:
    assert "no exam of those days" in run("balance", "simulate", "--day", "2020-01-01", code=1).output
