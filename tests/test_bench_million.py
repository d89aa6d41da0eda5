"""The bench's big ledger is what really playing and judging its exams would make."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from bench import million
from bench.million import WINDOW, fill, wrong_verdicts

from gecit.core.rulebook import Rulebook
from gecit.core.verdict import Effect, Outcome, Status
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger

RULES = Path(__file__).parents[1] / "rules"


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return read_folder(RULES)


def test_cloned_exams_are_what_folding_and_judging_them_gives(ledger: SqlLedger, rulebook: Rulebook) -> None:
    filled = fill(ledger, 240, seed=5, held=40, rulebook=rulebook)
    assert (filled.exams, filled.held) == (240, 40)
    assert wrong_verdicts(ledger, rulebook) == []
    count, same = ledger.rebuild()
    assert same
    assert count > 240 * 7


def test_those_in_the_window_alone_are_held_and_only_for_the_missing_query(
    sqlite_ledger: SqlLedger, rulebook: Rulebook
) -> None:
    fill(sqlite_ledger, 240, held=40, rulebook=rulebook)
    exams = sqlite_ledger.scan(None, 1000).exams
    inside = [one for one in exams if one.order and WINDOW[0] <= one.order.ordered_at < WINDOW[1] + million.MINUTE]
    held = [one for one in exams if one.verdict and one.verdict.outcome is Outcome.HOLD]
    assert inside == held
    assert len(held) == 40
    assert {one.modality for one in held} == {"CT", "MR"}
    said = [one for exam in exams if exam.verdict for one in exam.verdict.findings]
    failed = {one.rule for one in said if one.status is Status.FAILED and one.effect is not Effect.WARN}
    assert failed == {"duplicate-query-missing"}
    assert Status.EXCUSED not in {one.status for one in said}


def test_keys_are_in_no_order_patients_have_several_exams_and_a_seed_makes_the_same_again(
    tmp_path: Path, rulebook: Rulebook
) -> None:
    def filled(seed: int) -> dict[str, list[tuple[object, ...]]]:
        ledger = open_ledger(f"sqlite:///{tmp_path / uuid4().hex}.db")
        fill(ledger, 80, seed, held=8, rulebook=rulebook)
        found = ledger.content()
        written = [one.exam for _, one in ledger.events() if type(one).__name__ == "OrderPlaced"]
        assert written != sorted(written)
        ledger.close()
        return found

    once = filled(1)
    assert once == filled(1) != filled(2)
    assert len({row[2] for row in once["exam"]}) == 20
