"""`gecit exemptions`: from an outage that Geçit saw to the exam that its exemption frees."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gecit.core.background import Outage
from gecit.core.events import OutageBegan, OutageEnded
from gecit.core.exemptiondraft import draft, stretches
from gecit.core.rulebook import Rulebook
from gecit.core.values import ISTANBUL
from gecit.core.verdict import Outcome, Status
from gecit.edges.store import SqlLedger, open_ledger
from gecit.edges.system_clock import SystemClock
from gecit.ports import Transaction
from gecit.steps.judge_exam import judge_due
from gecit.steps.receive_message import Judging
from gecit.steps.rejudge import Rejudger
from tests.support import flow

Run = Callable[..., Result]
DAY = datetime(2026, 3, 2, tzinfo=ISTANBUL)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute, second=second)


@pytest.fixture
def ledger(data: Path, run: Run) -> SqlLedger:
    """A ledger with the shipped rules in force."""
    run("rules", "activate")
    return open_ledger(f"sqlite:///{data}/ledger.db")


def break_off(ledger: SqlLedger, began: datetime, ended: datetime | None, service: str = "duplicates") -> None:
    def work(tx: Transaction) -> None:
        tx.append(OutageBegan(at=began, service=service, reason="test"))
        if ended:
            tx.append(OutageEnded(at=ended, service=service))

    ledger.write(work)


DRAFT = ("exemptions", "draft", "--from", "2026-03-02", "--to", "2026-03-03")


# Windows of outages


def outage(began: datetime, ended: datetime | None) -> Outage:
    return Outage(service="duplicates", began_at=began, ended_at=ended)


@pytest.mark.parametrize(
    ("began", "ended", "first", "last"),
    [
        (at(9, 30), at(9, 31), at(9, 30), at(9, 30)),  # over at 09:31:00: that minute has nothing of it
        (at(9, 30), at(9, 31, 1), at(9, 30), at(9, 31)),
        (at(9, 30, 59), at(9, 31), at(9, 30), at(9, 30)),
        (at(9, 30, 10), at(9, 30, 20), at(9, 30), at(9, 30)),
        (at(9, 30), at(9, 30), at(9, 30), at(9, 30)),
        (DAY - timedelta(hours=1), at(0, 5), DAY, at(0, 4)),  # only what lies in the asked stretch
        (at(23, 50), None, at(23, 50), at(23, 59)),
    ],
)
def test_a_window_has_every_minute_with_any_outage_in_it(
    began: datetime, ended: datetime | None, first: datetime, last: datetime
) -> None:
    assert stretches([outage(began, ended)], DAY, DAY + timedelta(days=1)) == [(first, last)]


def test_outages_that_touch_are_one_window_and_others_several() -> None:
    outages = [outage(at(10, 0), at(10, 5)), outage(at(9, 0), at(9, 10, 30)), outage(at(9, 11), at(9, 20))]
    found = stretches(outages, DAY, DAY + timedelta(days=1))
    assert found == [(at(9, 0), at(9, 19)), (at(10, 0), at(10, 4))]


def test_a_title_with_quotation_marks_stays_one_toml_string() -> None:
    text = draft([(at(9, 0), at(9, 5))], "duplicate-query", 'Kesinti "A\\B"\n', date(2026, 3, 4))
    read = tomllib.loads(text)
    assert read["window"][0]["source"]["title"] == 'Kesinti "A\\B" '
    assert read["window"][0]["published"] == date(2026, 3, 4)


# Commands


def test_exemptions_are_listed_in_order_of_time(run: Run) -> None:
    listed = json.loads(run("exemptions", "list", "--json").output)
    assert len(listed) == 36
    assert [one["from"] for one in listed] == sorted(one["from"] for one in listed)
    assert "duplicate-query@2021-08-31T09:30" in run("exemptions", "list").output


def test_without_an_outage_there_is_no_draft(run: Run, ledger: SqlLedger) -> None:
    assert "no outage was recorded" in run(*DRAFT, code=1).output
    break_off(ledger, at(9, 30), at(9, 40), service="upstream:x")
    assert "(başka / others: --service upstream:x)" in run(*DRAFT, code=1).output
    assert "last      = 2026-03-02T09:39:00" in run(*DRAFT, "--service", "upstream:x").output


def test_what_stands_already_is_left_out_of_a_draft(run: Run, ledger: SqlLedger, site: Path) -> None:
    break_off(ledger, at(9, 30), at(9, 40))
    run(*DRAFT, "--out", str(site / "exemptions/march.toml"))
    assert "all of it stands already" in run(*DRAFT, code=1).output
    break_off(ledger, at(14, 0), at(14, 10))
    (site / "exemptions/march.toml").write_text((site / "exemptions/march.toml").read_text().replace("09:30", "09:00"))
    drafted = run(*DRAFT)
    assert "left out: duplicate-query@2026-03-02T09:00 - 2026-03-02 09:39" in drafted.stderr
    assert [one["from"].hour for one in tomllib.loads(drafted.stdout)["window"]] == [14]
    run(*DRAFT, "--out", str(site / "exemptions/afternoon.toml"))
    assert "no faults" in run("rules", "lint").output


def test_a_draft_overwrites_nothing_and_names_a_real_exemption(run: Run, ledger: SqlLedger, tmp_path: Path) -> None:
    break_off(ledger, at(9, 30), at(9, 40))
    (tmp_path / "there.toml").write_text("mine")
    assert "exists already" in run(*DRAFT, "--out", str(tmp_path / "there.toml"), code=1).output
    assert (tmp_path / "there.toml").read_text() == "mine"
    assert "'nonsense'" in run(*DRAFT, "--adds-to", "nonsense", code=2).output
    assert "--to" in run("exemptions", "draft", "--from", "2026-03-03", "--to", "2026-03-02", code=2).output


def receive(ledger: SqlLedger, accession: str, ordered: datetime, tckn: str) -> None:
    """A whole exam for which nobody made a duplicate query."""
    patient = flow.order().patient
    patient = type(patient)(tckn=tckn, file_number="D-1")
    order = flow.order(accession, ordered_at=ordered, patient=patient, clinical_information="ağrı")
    flow.send(ledger, flow.incoming(order, f"o-{accession}"))
    flow.send(ledger, flow.incoming(flow.report(accession), f"r-{accession}"))
    flow.arrive(ledger, flow.study(accession, accession, patient_id=tckn, dose_reports=(flow.DOSE,)))


def outcomes(ledger: SqlLedger) -> dict[str, Outcome | None]:
    return {one.key.accession: one.verdict.outcome if one.verdict else None for one in ledger.recent_exams(9)}


def in_force(ledger: SqlLedger) -> Judging:
    active = ledger.active_rulebook()
    assert active
    return Judging(rulebook=Rulebook.from_json(active[1]))


def rejudge(ledger: SqlLedger) -> None:
    """Do what the work process does once a revision is activated."""
    judging = in_force(ledger)
    worker = Rejudger(ledger, ledger, SystemClock(), lambda: judging, "Node", calm=timedelta(0))
    while worker.step():
        pass


def test_the_whole_way_from_a_recorded_outage_to_the_exam_that_its_exemption_frees(
    run: Run, ledger: SqlLedger, site: Path
) -> None:
    flow.register(ledger, flow.HOSPITAL)
    receive(ledger, "IN", at(9, 40, 59), flow.TCKN)
    receive(ledger, "OUT", at(9, 41), flow.OTHER_TCKN)
    break_off(ledger, at(9, 30, 20), at(9, 40, 1))
    break_off(ledger, at(14, 0), at(14, 10))
    judging = in_force(ledger)
    ledger.write(lambda tx: judge_due(tx, judging, flow.START, "Node"))
    assert outcomes(ledger) == {"IN": Outcome.HOLD, "OUT": Outcome.HOLD}

    said = run(*DRAFT, "--out", str(site / "exemptions/march.toml"), "--title", "02.03.2026 Muafiyeti").output
    assert "2 pencere / windows" in said
    assert "TASLAK" in (site / "exemptions/march.toml").read_text()
    assert "no faults" in run("rules", "lint").output
    assert "in reach" in run("rules", "activate", "--note", "test").output
    rejudge(ledger)

    assert outcomes(ledger) == {"IN": Outcome.SUBMIT, "OUT": Outcome.HOLD}
    window = "duplicate-query@2026-03-02T09:30"
    verdict = flow.exam(ledger, "IN").verdict
    assert verdict
    assert verdict.finding("duplicate-query-missing").status is Status.EXCUSED
    assert verdict.finding("duplicate-query-missing").exemptions == (window,)

    (row,) = json.loads(run("exemptions", "affected", window, "--json").output)
    assert (row["accession"], row["rules"], row["outcome"]) == ("IN", "duplicate-query-missing", "submit")
    assert json.loads(run("exemptions", "affected", "duplicate-query", "--json").output) == [row]
    shown: list[dict[str, Any]] = list(
        csv.DictReader(run("exemptions", "affected", window, "--csv").output.splitlines())
    )
    assert shown == [row]
    assert flow.TCKN not in run("exemptions", "affected", window).output
    assert json.loads(run("exemptions", "affected", "dose-report", "--json").output) == []


def test_an_unknown_exemption_is_named(run: Run, ledger: SqlLedger) -> None:
    assert "'nonsense'" in run("exemptions", "affected", "nonsense", code=1).output


def test_an_outage_that_goes_on_is_drafted_up_to_now(run: Run, ledger: SqlLedger) -> None:
    now = datetime.now(UTC)
    break_off(ledger, now - timedelta(minutes=30), None)
    since, until = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=1)).isoformat()
    read = tomllib.loads(run("exemptions", "draft", "--from", since, "--to", until).output)
    last = read["window"][0]["last"].replace(tzinfo=ISTANBUL)
    assert now - timedelta(minutes=2) <= last <= datetime.now(UTC)


def test_what_follows_a_window_that_begins_together_with_the_outage_is_drafted(
    run: Run, ledger: SqlLedger, site: Path
) -> None:
    break_off(ledger, at(9, 30), at(9, 40))
    run(*DRAFT, "--out", str(site / "exemptions/first.toml"))
    break_off(ledger, at(9, 40), at(10, 20))
    drafted = run(*DRAFT, "--out", str(site / "exemptions/second.toml"))
    assert "left out: duplicate-query@2026-03-02T09:30 - 2026-03-02 09:39; " in drafted.stderr
    (window,) = tomllib.loads((site / "exemptions/second.toml").read_text())["window"]
    assert [window[end].isoformat() for end in ("from", "last")] == ["2026-03-02T09:40:00", "2026-03-02T10:19:00"]
    assert "no faults" in run("rules", "lint").output
    assert "all of it stands already" in run(*DRAFT, code=1).output


def test_a_window_for_some_exams_stands_for_no_outage(run: Run, ledger: SqlLedger, site: Path) -> None:
    break_off(ledger, at(9, 30), at(9, 40))
    run(*DRAFT, "--out", str(site / "exemptions/some.toml"))
    some = (site / "exemptions/some.toml").read_text() + 'applies = { institution = ["910001"] }\n'
    (site / "exemptions/some.toml").write_text(some)
    run(*DRAFT, "--out", str(site / "exemptions/all.toml"))
    (window,) = tomllib.loads((site / "exemptions/all.toml").read_text())["window"]
    assert (window["id"], window["from"].minute) == ("duplicate-query@2026-03-02T09:30+2", 30)
    assert "no faults" in run("rules", "lint").output


def test_a_draft_is_kept_tried_and_put_in_force_by_its_name(run: Run, ledger: SqlLedger, site: Path) -> None:
    flow.register(ledger, flow.HOSPITAL)
    receive(ledger, "IN", at(9, 40, 59), flow.TCKN)
    break_off(ledger, at(9, 30, 20), at(9, 40, 1))
    judging = in_force(ledger)
    ledger.write(lambda tx: judge_due(tx, judging, flow.START, "Node"))
    before = ledger.active_revision()

    assert "1 pencere / windows" in run(*DRAFT, "--keep", "march").output
    assert "başkası" in run(*DRAFT, "--keep", "march", code=1).output
    assert json.loads(run("rules", "drafts", "--json").output) == [{"draft": "exemptions/march", "faults": 0}]
    assert "0 fark" in run("rules", "diff", "active", "files").output, "a draft is not among the files"
    assert "no faults" in run("rules", "lint").output
    assert "hold -> submit" in run("replay", "--draft", "march").output
    assert "--rules" in run("replay", code=2).output
    assert "exemptions/march" in run("replay", "--draft", "nonsense", code=1).output
    assert ledger.active_revision() == before

    run("rules", "activate", "--draft", "march", "--note", "test", "--by", "ayşe")
    assert run("rules", "drafts").output.strip() == "yok / none"
    assert (site / "exemptions/march.toml").exists()
    rejudge(ledger)
    assert outcomes(ledger) == {"IN": Outcome.SUBMIT}


def test_a_draft_that_would_lose_something_stays_a_draft(run: Run, ledger: SqlLedger, site: Path) -> None:
    shipped = (Path(__file__).parents[2] / "rules/exemptions/duplicate-query.toml").read_text(encoding="utf-8")
    (site / "drafts/exemptions").mkdir(parents=True)
    draft = site / "drafts/exemptions/duplicate-query.toml"
    draft.write_text(shipped[: shipped.rindex("[[window]]")], encoding="utf-8")
    before = ledger.active_revision()
    assert "--yes" in run("rules", "activate", "--draft", "duplicate-query", code=1).output
    assert draft.exists() and not (site / "exemptions/duplicate-query.toml").exists()
    assert ledger.active_revision() == before
    run("rules", "activate", "--draft", "duplicate-query", "--yes")
    assert ledger.active_revision() != before and not draft.exists()
