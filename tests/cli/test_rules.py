"""`gecit rules`: lint, show, calendar, diff and activate on the shipped files and a site's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace

from gecit.core.boundaries import boundaries
from gecit.core.events import Rejudged
from gecit.core.rulebook import Rulebook
from gecit.core.rulediff import difference
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from tests.support import flow

RULES = Path(__file__).parents[2] / "rules"
BOOK = read_folder(RULES)
Run = Callable[..., Result]

ROW = """
adds_to = "duplicate-query"

[[window]]
from      = 2026-03-02T08:00:00
last      = 2026-03-02T08:30:00
published = 2026-03-05
source    = { kind = "notice", title = "02.03.2026 Muafiyeti" }
"""


@pytest.fixture
def run(gecit: Run) -> Run:
    return lambda *args, code=0: gecit("rules", *args, code=code)


def ledger_of(data: Path) -> SqlLedger:
    return open_ledger(f"sqlite:///{data}/ledger.db")


# lint and show


def test_lint_says_what_a_sites_file_adds_to_and_replaces(data: Path, site: Path, run: Run) -> None:
    (site / "exemptions/march.toml").write_text(ROW)
    shutil.copy(RULES / "exemptions/dose-report.toml", site / "exemptions")
    shown = run("lint").output
    assert "adds rows to the shipped exemption 'duplicate-query'" in shown
    assert "takes the place of the whole shipped 'dose-report'" in shown
    assert "no faults" in shown


def test_a_fault_of_the_sites_folder_is_named_with_the_notes_beside_it(data: Path, site: Path, run: Run) -> None:
    (site / "exemptions/march.toml").write_text(ROW.replace("last  ", "lst   "))
    shown = run("lint", str(site), code=1).output
    assert "march.toml" in shown
    assert "lst" in shown
    assert "no faults" not in shown


def test_files_that_nothing_reads_are_noted(data: Path, site: Path, run: Run) -> None:
    for name in ("exemptions/march.txt", "march.toml", "exemption/march.toml", "exemptions/2026/march.toml"):
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(ROW)
    (site / "README.md").write_text("ours")
    (site / "exemptions/good.toml").write_text(ROW)
    noted = [line for line in run("lint").output.splitlines() if "not read" in line]
    assert sorted(line.split(": ")[1].removeprefix(f"{site}/") for line in noted) == [
        "exemption/march.toml",
        "exemptions/2026/march.toml",
        "exemptions/march.txt",
        "march.toml",
    ]
    assert "not read" not in run("lint", str(RULES)).output


def test_a_rule_is_shown_for_people_with_source_and_reading(run: Run) -> None:
    shown = run("show", "loinc-code").output
    assert "16.03.2020 00:00 - hâlâ yürürlükte / still in force" in shown
    assert "LOINC Kodu Kontrolü" in shown
    assert "okuma / reading:" in shown


def test_a_letters_own_day_stands_beside_its_number(data: Path, site: Path, run: Run) -> None:
    (site / "submission").mkdir()
    text = (RULES / "submission/loinc-code.toml").read_text()
    source = 'source    = { kind = "letter", title = "Yazı", reference = "E.123", published = 2020-02-11 }'
    old = next(line for line in text.splitlines() if line.startswith("source"))
    (site / "submission/loinc-code.toml").write_text(text.replace(old, source))
    assert "letter, Yazı, E.123 (2020-02-11), 2020-02-18" in run("show", "loinc-code").output


def test_an_exemption_is_shown_with_every_window(run: Run) -> None:
    shown = run("show", "duplicate-query").output
    assert "31.08.2021 09:30 - 31.08.2021 12:30  (duplicate-query@2021-08-31T09:30)" in shown
    assert shown.count("(duplicate-query@") == 34
    assert len(json.loads(run("show", "duplicate-query", "--json").output)["windows"]) == 34


# calendar


def test_the_calendar_has_both_ends_of_every_window_and_every_edition_in_order_of_time() -> None:
    found = boundaries(BOOK)
    moments = [one.at for one in found if one.at]
    assert moments == sorted(moments)
    windows = [one for exemption in BOOK.exemptions for one in exemption.windows]
    ends = {(one.part, one.change): one.at for one in found if one.kind == "exemption"}
    assert ends == {(one.id, "begins"): one.start for one in windows} | {(one.id, "ends"): one.end for one in windows}
    editions = [one for rule in BOOK.rules for one in rule.editions]
    starts = [one for one in found if one.kind == "rule" and one.change == "begins"]
    assert len(starts) == len(editions)
    assert len([one for one in found if one.kind == "rule"]) - len(starts) == sum(1 for one in editions if one.until)


def test_the_calendar_says_that_the_last_minute_is_inside(run: Run) -> None:
    shown = run("calendar", "--from", "2021-08-31", "--to", "2021-09-01").output.splitlines()
    assert shown[0].startswith("31.08.2021 09:30  duplicate-query: muafiyet başlar")
    assert shown[1].startswith("31.08.2021 12:31  duplicate-query: muafiyet biter; 31.08.2021 12:30 dahildir")
    assert len(shown) == 2


def test_the_calendar_of_a_rule_has_what_excuses_it(run: Run) -> None:
    found = json.loads(run("calendar", "--rule", "dose-report", "--json").output)
    assert {one["kind"] for one in found} == {"rule", "exemption"}
    assert {one["id"] for one in found} == {"dose-report"}
    assert found[0]["at"] == "2020-02-03T00:00:00+03:00"
    assert run("calendar", "--rule", "nonsense", code=1)


@pytest.mark.parametrize("moment", ["2021-08-31 09:30:00", "2021-08-31T06:30:00+00:00"])
def test_an_instant_is_local_unless_it_says_otherwise(run: Run, moment: str) -> None:
    found = json.loads(run("calendar", "--from", moment, "--to", "2021-08-31T09:31", "--json").output)
    assert [one["change"] for one in found] == ["begins"]


def test_a_date_that_is_none_is_wrong_usage(run: Run) -> None:
    assert "31.08.2021" in run("calendar", "--from", "31.08.2021", code=2).output


# diff


def test_equal_rulebooks_have_no_difference(run: Run) -> None:
    assert difference(BOOK, BOOK) == ()
    assert "0 fark" in run("diff", "files", str(RULES)).output


def test_each_change_of_a_rulebook_is_one_difference() -> None:
    rule, exemption = BOOK.rule("loinc-code"), next(one for one in BOOK.exemptions if one.id == "duplicate-query")
    moved = replace(rule.editions[0], reading="other")
    changed = Rulebook.of(
        tuple(
            replace(one, who="PACS", editions=(moved,)) if one.id == rule.id else one
            for one in BOOK.rules
            if one.id != "radiologist"
        ),
        tuple(replace(one, windows=one.windows[1:]) if one.id == exemption.id else one for one in BOOK.exemptions),
    )
    found = [(one.kind, one.id, one.part, one.change, one.field) for one in difference(BOOK, changed)]
    assert found == [
        ("rule", "loinc-code", "", "changed", "who"),
        ("rule", "loinc-code", "2020-03-16T00:00", "changed", "reading"),
        ("rule", "radiologist", "", "removed", ""),
        ("exemption", "duplicate-query", exemption.windows[0].id, "removed", ""),
    ]
    assert len(difference(changed, BOOK)) == len(found)


def test_tracks_in_another_order_are_a_difference() -> None:
    rule = BOOK.rule("image-present")
    turned = replace(rule, editions=rule.editions[::-1])
    book = Rulebook.of(tuple(turned if one.id == rule.id else one for one in BOOK.rules), BOOK.exemptions)
    assert [(one.id, one.field) for one in difference(BOOK, book)] == [("image-present", "order")]


def test_what_is_in_force_is_compared_with_the_files_window_by_window(data: Path, site: Path, run: Run) -> None:
    run("activate")
    first = ledger_of(data).active_revision()
    (site / "exemptions/march.toml").write_text(ROW)
    shown = run("diff", "active", "files", code=1).output
    assert "+ exemption duplicate-query [duplicate-query@2026-03-02T08:00]" in shown
    assert "1 fark / differences" in shown
    run("activate")
    (one,) = json.loads(run("diff", first[:12], "active", "--json", code=1).output)
    assert (one["change"], one["part"]) == ("added", "duplicate-query@2026-03-02T08:00")
    assert one["after"]["source"]["title"] == "02.03.2026 Muafiyeti"


def test_a_sites_folder_lies_over_the_shipped_rules_and_a_whole_one_stands_alone(
    data: Path, site: Path, run: Run, tmp_path: Path
) -> None:
    (site / "exemptions/march.toml").write_text(ROW)
    assert "0 fark" in run("diff", "files", str(site)).output
    shutil.copytree(RULES, tmp_path / "whole")
    (tmp_path / "whole/submission/radiologist.toml").unlink()
    assert "- rule radiologist" in run("diff", str(RULES), str(tmp_path / "whole"), code=1).output


def test_a_file_copied_into_the_sites_folder_is_one_line_and_not_one_for_every_window(
    data: Path, site: Path, run: Run
) -> None:
    shutil.copy(RULES / "exemptions/duplicate-query.toml", site / "exemptions")
    shown = run("diff", str(RULES), "files", code=1).output
    assert shown.splitlines() == ['~ exemption duplicate-query origin: - -> "site"', "1 fark / differences"]


def test_a_revision_that_was_never_in_force_is_named(data: Path, run: Run) -> None:
    run("activate")
    assert "'0123456789ab'" in run("diff", "active", "0123456789ab", code=1).output


# activate


def test_activating_says_how_many_exams_stand_in_reach(data: Path, site: Path, run: Run) -> None:
    run("activate")
    ledger = ledger_of(data)
    outside = flow.order("A2", ordered_at=datetime(2026, 3, 2, 5, 31, tzinfo=UTC))  # 08:31 in Istanbul
    for number, order in enumerate((flow.order("A1"), outside)):
        flow.send(ledger, flow.incoming(order, str(number)))
    flow.judge(ledger)
    (site / "exemptions/march.toml").write_text(ROW)
    assert "1 tetkik kapsamda / exams stand in reach" in run("activate").output
    assert "kapsamda" not in run("activate").output


def test_a_forgotten_site_folder_is_told_and_drops_nothing_without_yes(
    data: Path, site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "exemptions/march.toml").write_text(ROW)
    run("activate")
    first = ledger_of(data).active_revision()
    monkeypatch.delenv("ORTHANC__GECIT__SITE_RULES")
    told = run("activate", code=1).output
    assert "- exemption duplicate-query [duplicate-query@2026-03-02T08:00]" in told
    assert "1 entries in force would go away; nothing was changed" in told
    assert "ORTHANC__GECIT__SITE_RULES): -" in told
    assert str(RULES) in told
    assert ledger_of(data).active_revision() == first
    assert "yürürlükte / in force" in run("activate", "--yes").output
    assert ledger_of(data).active_revision() == BOOK.revision


def test_a_sites_own_rule_that_a_shipped_one_would_replace_is_no_silent_change(
    data: Path, site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "submission").mkdir()
    text = (RULES / "submission/loinc-code.toml").read_text()
    (site / "submission/loinc-code.toml").write_text(text.replace('"hold"', '"warn"', 1))
    run("activate")
    monkeypatch.delenv("ORTHANC__GECIT__SITE_RULES")
    told = run("activate", code=1).output
    assert '~ rule loinc-code effect: "warn" -> "hold"' in told
    assert "origin" not in told


def test_what_is_only_added_or_changed_needs_no_yes(data: Path, site: Path, run: Run) -> None:
    run("activate")
    (site / "exemptions/march.toml").write_text(ROW)
    assert "+ exemption duplicate-query [duplicate-query@2026-03-02T08:00]" in run("activate").output


def test_waiting_ends_at_once_where_all_stand_judged(data: Path, run: Run) -> None:
    assert "in force" in run("activate", "--wait").output
    assert "already" in run("activate", "--wait").output


def test_waiting_names_what_was_released_and_what_is_to_be_approved(
    data: Path, site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gecit.cli import rules_activate
    from gecit.core.events import ExamJudged, NotificationQueued
    from gecit.core.verdict import Outcome

    run("activate")
    ledger = ledger_of(data)
    flow.send(ledger, flow.incoming(flow.order(), "1"))
    flow.judge(ledger)
    (site / "exemptions/march.toml").write_text(ROW)

    def rejudge(seconds: float) -> None:
        """What the work process would do."""
        revision, verdict = ledger.active_revision(), flow.exam(ledger).verdict
        assert verdict
        now = datetime.now(UTC)
        judged = replace(verdict, outcome=Outcome.SUBMIT, rulebook=revision, due_at=None)
        cause = f"rulebook {revision[:12]}"
        ledger.write(lambda tx: tx.append(ExamJudged(at=now, exam=flow.key(), verdict=judged, cause=cause)))
        queued = NotificationQueued(at=now, exam=flow.key(), generation=1, key="k")
        ledger.write(lambda tx: tx.append(queued))
        done = Rejudged(at=now, revision=revision, before="", looked_at=1, changed=1, released=1)
        ledger.write(lambda tx: tx.append(done))

    monkeypatch.setattr(rules_activate.time, "sleep", rejudge)
    shown = run("activate", "--wait").output
    assert "1 bakıldı / looked at, 1 değişti / changed, 1 serbest / released" in shown
    assert "serbest bırakılan / released:\n  910001/A1" in shown
    assert "withdrawals proposed by it: 0" in shown and "onay bekleyen" not in shown


def test_waiting_for_a_work_process_that_does_not_run_is_given_up(
    data: Path, site: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gecit.cli import rules_activate

    run("activate")
    (site / "exemptions/march.toml").write_text(ROW)
    monkeypatch.setattr(rules_activate, "SILENT", rules_activate.SILENT * 0)
    assert "gecit work` does not run" in run("activate", "--wait", code=1).output
