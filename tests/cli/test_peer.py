"""`gecit quality`: a sample is drawn, shown, drawn again; the commission's report is the same bytes each time."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result

from gecit.core.access import Role
from gecit.core.accounts import Account
from gecit.edges.store import SqlLedger, open_ledger
from tests.support.flow import HOSPITAL
from tests.support.reviews import NUMBERS, SIGNED, signed

Run = Callable[..., Result]
STRETCH = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    opened = open_ledger(f"sqlite:///{data}/ledger.db")
    opened.write(lambda tx: tx.record_institution(HOSPITAL, SIGNED))
    opened.save_account(Account(name="cem", roles=(Role.ASSESSOR,), tckn=NUMBERS["cem"]), SIGNED)
    opened.save_account(Account(name="mudur", roles=(Role.MANAGER,)), SIGNED)
    for number in range(20):
        signed(opened, f"A{number}", image_quality_rating=2 if number < 3 else 4)
    yield opened
    opened.close()


def test_a_sample_is_drawn_and_drawn_again(run: Run, ledger: SqlLedger) -> None:
    ask = ("quality", "sample", *STRETCH, "--reviewer", "cem", "--seed", "t", "--json")
    tried = json.loads(run(*ask, "--dry-run").output)
    assert ledger.read_reviews(lambda tx: tx.review_rounds()) == []
    drawn = json.loads(run(*ask).output)
    assert drawn["exams"] == tried["exams"]
    assert [one["stratum"] for one in drawn["exams"]] == ["low-rating"] * 3 + ["random"] * 10
    assert [one["stratum"] for one in drawn["short"]] == ["critical", "low-rating", "failing-rule"]
    for number in range(20, 30):
        signed(ledger, f"A{number}", at=SIGNED + timedelta(hours=1))
    assert "13" in run("quality", "again", drawn["round"]).output
    assert "yok" in run("quality", "again", "yok", code=1).output


def test_sizes_are_given_and_faults_are_named(run: Run, ledger: SqlLedger) -> None:
    ask = ("quality", "sample", *STRETCH, "--reviewer", "cem")
    few = run(*ask, "--size", "random=2", "--size", "low-rating=0", "--open", "--title", "Nisan", "--json").output
    assert len(json.loads(few)["exams"]) == 2
    state = ledger.read_reviews(lambda tx: tx.review_rounds())[0]
    assert (state.round.blind, state.round.title, state.drawn_by) == (False, "Nisan", getpass.getuser())
    assert "critical, low-rating" in run(*ask, "--size", "yok=2", code=2).output
    assert "mudur" in run("quality", "sample", *STRETCH, "--reviewer", "mudur", code=2).output
    later = ("--from", "2026-05-01", "--to", "2026-05-02")
    assert "imzalı rapor yok" in run("quality", "sample", *later, "--reviewer", "cem", code=1).output


def test_the_report_is_the_same_bytes_each_time(run: Run, ledger: SqlLedger, tmp_path: Path) -> None:
    made = []
    for name in ("a.pdf", "b.pdf"):
        run("quality", "report", *STRETCH, "--member", "Şule Iğdır", "--out", tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF")
    run("quality", "report", *STRETCH, "--language", "en", "--out", tmp_path / "c.pdf")
    assert (tmp_path / "c.pdf").read_bytes() != made[0]
    said = run("quality", "report", *STRETCH, "--institution", "1", "--out", tmp_path / "d.pdf", code=1).output
    assert "böyle bir kurum" in said
    assert not (tmp_path / "d.pdf").exists()
