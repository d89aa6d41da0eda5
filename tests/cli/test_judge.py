"""`gecit judge` reproduces old verdicts; `gecit replay` says what other rules would change and writes nothing."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from gecit.cli import cli
from gecit.core.order import Procedure
from gecit.core.rulebook import Rulebook
from gecit.core.verdict import Outcome
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.processes.replaying import Piece, WhatIf, pieces, replayed
from gecit.processes.rules import context_from, snapshot_of
from gecit.steps.judge_exam import judge_due
from gecit.steps.reached import EVERYTHING
from tests.support.flow import (
    DOSE,
    HOSPITAL,
    JUDGING,
    ORDERED,
    START,
    arrive,
    exam,
    incoming,
    order,
    register,
    report,
    send,
    study,
)

RULES = Path(__file__).parents[2] / "rules"
Run = Callable[..., Result]
WINDOW = """
adds_to = "duplicate-query"

[[window]]
id = "the new one"
from = 2026-03-02T07:00:00
last = 2026-03-02T08:59:00
published = 2026-03-03
source = { kind = "site", title = "deneme" }
"""


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    """A ledger with the shipped rules in force, and a context recorded."""
    data.mkdir(parents=True)
    opened = open_ledger(f"sqlite:///{data}/ledger.db")
    register(opened, HOSPITAL)
    activate(opened, read_folder(RULES), START - timedelta(days=1))
    snapshot = snapshot_of(JUDGING.context, START)
    opened.record_context(snapshot.revision, snapshot.content, START - timedelta(days=1))
    yield opened
    opened.close()


def activate(ledger: SqlLedger, book: Rulebook, at: Any = START) -> None:
    ledger.activate_rulebook(book.revision, book.to_json(), at)


def judge(ledger: SqlLedger, at: Any = START) -> None:
    rules, context = ledger.rulebook_at(at), ledger.context_at(at)
    assert rules is not None and context is not None
    judging = replace(JUDGING, rulebook=Rulebook.from_json(rules.content), context=context_from(context))
    while ledger.write(lambda tx: judge_due(tx, judging, at, "Node")):
        pass


def complete(ledger: SqlLedger, name: str = "A1", loinc: str = "36938-9") -> None:
    procedures = (Procedure(sut=f"R{name}00000", loinc=loinc),)
    send(ledger, incoming(order(name, procedures=procedures), f"o{name}"))
    arrive(ledger, study(f"s{name}", name, dose_reports=(replace(DOSE, sop_instance_uid=name),)))
    send(ledger, incoming(report(name), f"r{name}"))


def everything(ledger: SqlLedger) -> tuple[object, ...]:
    """All that stands in the ledger, as far as anybody could have changed it."""
    return (
        ledger.content(),
        [number for number, _ in ledger.events()],
        ledger.deliveries(),
        [one.revision for one in ledger.activations()],
    )


# gecit judge


def test_an_old_verdict_is_reproduced_from_what_was_known_then(run: Run, ledger: SqlLedger) -> None:
    complete(ledger)
    judge(ledger)
    first = exam(ledger).verdict
    book = read_folder(RULES)
    activate(ledger, Rulebook.of(tuple(one for one in book.rules if one.id != "duplicate-query-missing"), ()),
             START + timedelta(hours=1))  # fmt: skip
    send(ledger, incoming(order(department="0801"), "again", at=START + timedelta(hours=2)))
    judge(ledger, START + timedelta(hours=3))
    assert first is not None and first.outcome is Outcome.HOLD
    then = json.loads(run("judge", "A1", "--known-at", START.isoformat(), "--json").output)
    assert then["equal"] is True
    assert then["verdict"]["outcome"] == "hold"
    assert (then["verdict"]["rulebook"], then["verdict"]["codes"]) == (first.rulebook, first.codes)
    assert then["verdict"]["findings"] == then["recorded"]["findings"]
    between = json.loads(run("judge", "A1", "--known-at", (START + timedelta(hours=2)).isoformat(), "--json").output)
    assert (between["verdict"]["outcome"], between["equal"]) == ("submit", False)
    now = run("judge", "A1").output
    assert "SUBMIT" in now
    assert "aynı / equal to" in now


def test_the_reasons_are_told_in_both_languages(run: Run, ledger: SqlLedger) -> None:
    complete(ledger, loinc="")
    judge(ledger)
    told = run("judge", "A1", "--institution", HOSPITAL.skrs).output
    assert "HOLD" in told
    assert "loinc-code" in told
    assert "LOINC kodu yok" in told
    assert "no LOINC code" in told
    assert "OBR-4.4" in told


def test_an_instant_without_a_zone_is_istanbuls_and_another_date_is_supposed(run: Run, ledger: SqlLedger) -> None:
    complete(ledger, loinc="")
    judge(ledger)
    local = (START + timedelta(hours=3)).replace(tzinfo=None).isoformat()
    assert json.loads(run("judge", "A1", "--known-at", local, "--json").output)["equal"] is True
    supposed = json.loads(run("judge", "A1", "--valid-at", "2019-01-01", "--json").output)
    status = {one["rule"]: one["status"] for one in supposed["verdict"]["findings"]}
    assert (status["loinc-code"], supposed["equal"]) == ("not in force", None)


def test_what_cannot_be_judged_is_said(run: Run, ledger: SqlLedger) -> None:
    complete(ledger)
    assert "there is no exam" in run("judge", "NOBODY", code=1).output
    early = (START - timedelta(hours=1)).isoformat()
    assert "no such exam then" in run("judge", "A1", "--known-at", early, code=1).output
    assert "ISO 8601" in run("judge", "A1", "--known-at", "yesterday", code=2).output
    assert "no verdict was recorded" in run("judge", "A1").output
    other = order("A1")
    send(ledger, incoming(replace(other, key=replace(other.key, institution="910002")), "other"))
    assert "910001, 910002" in run("judge", "A1", code=1).output


def test_other_words_alone_are_no_other_verdict(run: Run, ledger: SqlLedger) -> None:
    complete(ledger, loinc="")
    judge(ledger)
    book = read_folder(RULES)
    worded = (
        replace(one, fix=replace(one.fix, tr="Başka söz.")) if one.id == "loinc-code" else one for one in book.rules
    )
    activate(ledger, Rulebook.of(tuple(worded), book.exemptions), START + timedelta(hours=1))
    told = run("judge", "A1").output
    assert "same outcome and statuses, other words than the verdict" in told
    assert "DIFFERS" not in told
    assert "geçmedi / failed" in told


def test_a_verdict_that_differs_names_the_findings_that_do(run: Run, ledger: SqlLedger) -> None:
    complete(ledger, loinc="")
    judge(ledger)
    book = read_folder(RULES)
    fewer = tuple(one for one in book.rules if one.id != "duplicate-query-missing")
    activate(ledger, Rulebook.of(fewer, ()), START + timedelta(hours=1))
    told = run("judge", "A1").output
    assert "FARKLI / DIFFERS from" in told
    assert told.splitlines()[-1] == "  duplicate-query-missing: geçmedi / failed -> yürürlükte değil / not in force"
    (one,) = json.loads(run("judge", "A1", "--json").output)["differs"]
    assert (one["rule"], one["before"], one["after"]) == ("duplicate-query-missing", "failed", None)


def test_judging_changes_nothing(run: Run, ledger: SqlLedger) -> None:
    complete(ledger)
    judge(ledger)
    before = everything(ledger)
    run("judge", "A1")
    assert everything(ledger) == before


# gecit replay


@pytest.fixture
def drafted(tmp_path: Path) -> Path:
    """A site's folder with one window more."""
    folder = tmp_path / "drafted"
    (folder / "exemptions").mkdir(parents=True)
    (folder / "exemptions" / "new.toml").write_text(WINDOW)
    return folder


def test_a_drafted_window_shows_whom_it_would_release_and_writes_nothing(
    run: Run, ledger: SqlLedger, drafted: Path, tmp_path: Path
) -> None:
    complete(ledger, "A1")
    complete(ledger, "A2", loinc="")
    judge(ledger)
    before = everything(ledger)
    table = tmp_path / "changes.csv"
    told = run("replay", "--rules", str(drafted), "--csv", str(table)).output
    assert everything(ledger) == before
    assert "2 bakıldı / looked at, 2 değişirdi / would change" in told
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(one["institution"], one["accession"], one["from"], one["to"], one["MEDULA"]) for one in rows] == [
        ("910001", "A1", "hold", "submit", "release"),
        ("910001", "A2", "hold", "hold", "-"),
    ]
    assert rows[0]["findings"] == "duplicate-query-missing: failed -> excused (the new one)"


def test_a_whole_folder_is_a_rulebook_of_its_own(run: Run, ledger: SqlLedger, tmp_path: Path) -> None:
    complete(ledger)
    judge(ledger)
    folder = tmp_path / "whole"
    shutil.copytree(RULES, folder)
    for name in ("submission/duplicate-query-missing.toml", "exemptions/duplicate-query.toml",
                 "exemptions/duplicate-2019.toml"):  # fmt: skip
        (folder / name).unlink()
    assert "hold -> submit" in run("replay", "--rules", str(folder)).output
    assert "0 değişirdi / would change" in run("replay", "--rules", str(RULES)).output
    assert "1 bakıldı / looked at, 0" in run("replay", "--rules", str(RULES), "--all").output


def test_several_processes_say_what_one_says(ledger: SqlLedger, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        complete(ledger, f"A{number}", loinc="" if number % 2 else "36938-9")
    judge(ledger)
    book = read_folder(RULES)
    less = Rulebook.of(tuple(one for one in book.rules if "duplicate" not in one.id), ())
    asked = WhatIf(
        database=f"sqlite:///{data}/ledger.db", rulebook=less, context=JUDGING.context, now=START + timedelta(days=1)
    )
    monkeypatch.setattr("gecit.processes.replaying.FEW", 4)
    todo = pieces(ledger, EVERYTHING)
    assert len(todo) == 3
    both = list(replayed(asked, todo, workers=2))
    alone = list(replayed(asked, [Piece()], workers=1))
    assert [one for part in both for one in part.changes] == list(alone[0].changes)
    assert sum(one.looked_at for one in both) == alone[0].looked_at == 9
    assert len(alone[0].changes) == 9


def test_a_stretch_of_order_dates_is_gone_through_alone(ledger: SqlLedger, data: Path) -> None:
    complete(ledger)
    judge(ledger)
    asked = WhatIf(
        database=f"sqlite:///{data}/ledger.db", rulebook=read_folder(RULES), context=JUDGING.context, now=START
    )
    for stretch, looked_at in (((ORDERED, None), 1), ((None, ORDERED), 0)):
        (found,) = replayed(asked, pieces(ledger, (stretch,)), workers=1)
        assert found.looked_at == looked_at


def test_faulty_rules_are_named(run: Run, ledger: SqlLedger, drafted: Path) -> None:
    (drafted / "exemptions" / "new.toml").write_text(WINDOW.replace("adds_to", "adds_two"))
    result = CliRunner().invoke(cli, ["replay", "--rules", str(drafted)])
    assert result.exit_code != 0
    assert "adds_two" in str(result.exception)


def test_a_site_folder_with_a_rule_of_its_own_lies_over_the_shipped_ones(
    run: Run, ledger: SqlLedger, tmp_path: Path
) -> None:
    complete(ledger)
    judge(ledger)
    folder = tmp_path / "site"
    (folder / "submission").mkdir(parents=True)
    shutil.copy(RULES / "submission" / "smart-imaging.toml", folder / "submission")
    assert "0 değişirdi / would change" in run("replay", "--rules", str(folder), "--all").output
