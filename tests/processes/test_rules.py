"""What a process judges by: published, taken over while running, remembered; and the judge whom no exam stops."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from gecit.core.exam import Exam
from gecit.core.judge import Compiled
from gecit.core.order import Procedure
from gecit.core.rulefile import RulebookError
from gecit.core.verdict import Status, Verdict
from gecit.edges import codes
from gecit.edges.store import SqlLedger
from gecit.ports import Unavailable
from gecit.processes.judging import ASIDE, Judge
from gecit.processes.rules import NoRulebookError, Rules, context_from, context_of, publish
from gecit.settings import Settings, load
from tests.support.billing import HandClock
from tests.support.flow import JUDGING, START, exam, incoming, key, order, send

SHIPPED = Path(__file__).parents[2] / "rules"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    rules = tmp_path / "rules"
    shutil.copytree(SHIPPED, rules)
    environ = {"GECIT_DATA": str(tmp_path / "data"), "ORTHANC__GECIT__RULES": str(rules)}
    return load(environ=environ)


def without_loinc(settings: Settings) -> None:
    (settings.rules / "submission" / "loinc-code.toml").unlink()


def test_nothing_is_judged_before_a_rulebook_is_activated(sqlite_ledger: SqlLedger, settings: Settings) -> None:
    clock = HandClock()
    rules = Rules(sqlite_ledger, settings, clock)
    with pytest.raises(NoRulebookError, match="gecit rules activate"):
        rules.judging()
    publish(sqlite_ledger, settings.rules, None, START)
    clock.forward(seconds=1)
    assert rules.judging().rulebook.revision == sqlite_ledger.active_revision()


def test_publishing_the_same_files_again_is_no_new_revision(ledger: SqlLedger, settings: Settings) -> None:
    first, new = publish(ledger, settings.rules, None, START, "first")
    assert (publish(ledger, settings.rules, None, START), new) == ((first, False), True)
    without_loinc(settings)
    second, changed = publish(ledger, settings.rules, None, START)
    assert changed
    assert second != first
    assert publish(ledger, SHIPPED, None, START) == (first, True)  # back again is a new activation of an old revision


def test_rule_files_with_a_fault_are_not_published(sqlite_ledger: SqlLedger, settings: Settings) -> None:
    (settings.rules / "submission" / "wrong.toml").write_text("id = 1\n")
    with pytest.raises(RulebookError, match="wrong"):
        publish(sqlite_ledger, settings.rules, None, START)
    assert sqlite_ledger.active_revision() == ""


def test_a_new_revision_is_taken_over_within_a_second(sqlite_ledger: SqlLedger, settings: Settings) -> None:
    clock = HandClock()
    rules = Rules(sqlite_ledger, settings, clock)
    first, _ = publish(sqlite_ledger, settings.rules, None, START)
    assert rules.judging().rulebook.revision == first
    without_loinc(settings)
    second, _ = publish(sqlite_ledger, settings.rules, None, START)
    clock.forward(seconds=0.9)
    assert rules.judging().rulebook.revision == first
    clock.forward(seconds=0.1)
    assert rules.judging().rulebook.revision == second
    assert "loinc-code" not in {one.id for one in rules.judging().rulebook.rules}


def test_while_nothing_changes_the_same_judging_is_given(sqlite_ledger: SqlLedger, settings: Settings) -> None:
    clock = HandClock()
    rules = Rules(sqlite_ledger, settings, clock)
    publish(sqlite_ledger, settings.rules, None, START)
    first = rules.judging()
    clock.forward(hours=1)
    assert rules.judging() is first


def test_a_list_imported_later_is_judged_by_and_stands_in_the_verdict(
    sqlite_ledger: SqlLedger, settings: Settings
) -> None:
    """`listed` in rules/submission/loinc-code.toml asks for a code of the imported list."""
    rule = settings.rules / "submission" / "loinc-code.toml"
    rule.write_text(rule.read_text().replace("listed = false", "listed = true"))
    clock = HandClock(START)
    rules = Rules(sqlite_ledger, settings, clock)
    publish(sqlite_ledger, settings.rules, None, START)
    assert rules.judging().context.loinc_codes is None
    codes.import_folder(settings.codes, settings.rules / "codes", START)
    clock.forward(seconds=1)
    context = rules.judging().context
    recorded = sqlite_ledger.context_at(clock.now())
    assert recorded is not None
    assert context.codes == recorded.revision
    assert context_of(settings).codes == codes.revision(settings.codes) != ""
    assert context.loinc_codes is not None
    assert "24725-4" in context.loinc_codes
    for name, loinc in (("A1", "24725-4"), ("A2", "99999-9")):
        send(sqlite_ledger, incoming(order(name, procedures=(Procedure(sut="R100250", loinc=loinc),)), name))
    Judge(sqlite_ledger, clock, rules.judging, "Node").step()
    verdicts = [exam(sqlite_ledger, name).verdict for name in ("A1", "A2")]
    assert [one.finding("loinc-code").status for one in verdicts if one] == [Status.PASSED, Status.FAILED]
    assert {one.codes for one in verdicts if one} == {context.codes}


def test_the_context_is_recorded_once_and_again_when_it_differs(ledger: SqlLedger, settings: Settings) -> None:
    clock = HandClock(START)
    publish(ledger, settings.rules, None, START)
    first = Rules(ledger, settings, clock).judging().context
    clock.forward(hours=1)
    assert Rules(ledger, settings, clock).judging().context == first
    recorded = ledger.context_at(clock.now())
    assert recorded is not None
    assert recorded.recorded_at == START
    codes.import_folder(settings.codes, settings.rules / "codes", START)
    second = Rules(ledger, settings, clock).judging().context
    assert second.codes != first.codes
    assert [ledger.context_at(one) and context_from(ledger.context_at(one)) for one in (START, clock.now())] == [  # type: ignore[arg-type]
        first,
        second,
    ]


def test_code_lists_that_cannot_be_read_stop_nobody_who_judges_already(
    sqlite_ledger: SqlLedger, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    rules = Rules(sqlite_ledger, settings, clock)
    codes.import_folder(settings.codes, settings.rules / "codes", START)
    publish(sqlite_ledger, settings.rules, None, START)
    first = rules.judging()
    settings.codes.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    clock.forward(seconds=2)
    assert rules.judging() is first
    assert "code lists cannot be read" in caplog.text


def test_many_threads_get_one_judging(sqlite_ledger: SqlLedger, settings: Settings) -> None:
    publish(sqlite_ledger, settings.rules, None, START)
    rules = Rules(sqlite_ledger, settings, HandClock())
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(rules.judging())) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8
    assert len({id(one) for one in found}) == 1


# The judge whom no exam stops


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Accession numbers whose judging fails, after the exam was looked at."""
    bad: set[str] = set()
    real = Compiled.judge

    def judge(self: Compiled, exam: Exam, **more: Any) -> Verdict:
        if exam.key.accession in bad:
            raise ValueError("division by 10000000146")
        return real(self, exam, **more)

    monkeypatch.setattr(Compiled, "judge", judge)
    return bad


def test_an_exam_that_cannot_be_judged_stops_no_other(
    ledger: SqlLedger, poisoned: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock(START)
    for name in ("A1", "A2", "A3"):
        send(ledger, incoming(order(name), name))
    poisoned.add("A1")
    judge = Judge(ledger, clock, lambda: JUDGING, "Node")
    with caplog.at_level(logging.WARNING):
        assert judge.step()
        assert not judge.step()
    assert [exam(ledger, name).verdict is not None for name in ("A1", "A2", "A3")] == [False, True, True]
    assert judge.aside == 1
    assert f"exam {key()} cannot be judged: ValueError at test_rules.py" in caplog.text
    assert caplog.text.count("cannot be judged") == 1
    assert "10000000146" not in caplog.text

    send(ledger, incoming(order("A4"), "A4"))
    assert judge.step()
    assert exam(ledger, "A4").verdict is not None
    poisoned.clear()
    assert not judge.step()
    clock.forward(seconds=ASIDE.total_seconds())
    assert judge.step()
    assert exam(ledger, "A1").verdict is not None
    assert judge.aside == 0


def test_a_ledger_that_cannot_be_written_puts_no_exam_aside(sqlite_ledger: SqlLedger) -> None:
    class Full(SqlLedger):
        def write(self, work: object) -> object:  # type: ignore[override]
            raise Unavailable("ledger")

    send(sqlite_ledger, incoming(order(), "1"))
    judge = Judge(Full(sqlite_ledger.engine), HandClock(START), lambda: JUDGING, "Node")  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        judge.step()
    assert judge.aside == 0


def test_where_nothing_is_due_no_rulebook_is_asked_for(sqlite_ledger: SqlLedger) -> None:
    def never() -> object:
        raise AssertionError

    assert not Judge(sqlite_ledger, HandClock(START), never, "Node").step()  # type: ignore[arg-type]
