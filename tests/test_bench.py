"""The bench runs, and its lines have their fields. How fast anything is, no test says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from bench import audit, calls, corpus, duplicates, guard, ingest, machine, memory, rejudge, table, worklist
from bench.corpus import Case
from bench.figures import Goal, compare, line, spread
from bench.machine import Machine, elsewhere, used_by_all
from bench.nodes import Cpu
from pydicom import dcmread

from gecit.core.identifiers import is_tckn

TINY = Case(name="tiny", edge=16, studies=2, series=2, slices=3)
FIELDS = {
    *(
        "bench",
        "case",
        "figure",
        "unit",
        "value",
        "anchor",
        "anchor_is",
        "ratio",
        "noise",
        "elsewhere",
        "rounds",
        "goal",
        "met",
    ),
}


@pytest.fixture
def any_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run is repeated because other tests run beside it."""
    monkeypatch.setattr(ingest, "QUIET", 1.0)


def test_a_figure_is_the_value_over_the_mean_of_the_anchors_and_its_noise_is_anchor_over_anchor() -> None:
    figure = compare(
        "b", "c", "f", "u", [(9.0, 8.0, 12.0), (12.0, 10.0, 10.0), (5.0, 10.0, 10.0)], [0.1], Goal(least=0.9)
    )
    assert (figure.ratio.min, figure.ratio.median, figure.ratio.max) == (0.5, 0.9, 1.2)
    assert (figure.noise.min, figure.noise.max) == (1.0, 1.5)
    assert figure.met is True
    assert compare("b", "c", "f", "u", [(9.0, 10.0, 10.0)], [0.1], Goal(most=0.89)).met is False
    assert compare("b", "c", "f", "u", [(9.0, 10.0, 10.0)], [0.1]).met is None


def test_quartiles_lie_between_the_rounds() -> None:
    found = spread([5.0, 1.0, 3.0, 2.0, 4.0])
    assert (found.min, found.q1, found.median, found.q3, found.max) == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert spread([7.0]).q1 == 7.0
    with pytest.raises(ValueError, match="no rounds"):
        spread([])


def test_every_file_has_its_own_identifier_and_every_study_its_own_order(tmp_path: Path) -> None:
    studies = corpus.write(TINY, tmp_path)
    files = [dcmread(path) for one in studies for path in sorted(one.folder.iterdir())]
    assert len(files) == TINY.instances == 12
    assert len({one.SOPInstanceUID for one in files}) == 12
    assert len({one.SeriesInstanceUID for one in files}) == 4
    assert {one.AccessionNumber for one in files} == {one.order.key.accession for one in studies}
    assert all(is_tckn(one.order.patient.tckn) for one in studies)


def test_the_stated_sizes_are_the_real_ones(tmp_path: Path) -> None:
    for case, size in zip(ingest.CASES, (525_000, 14_000), strict=True):
        [study] = corpus.write(
            Case(name=case.name, edge=case.edge, studies=1, series=1, slices=1), tmp_path / case.name
        )
        [file] = study.folder.iterdir()
        assert file.stat().st_size == pytest.approx(size, rel=0.05)


def test_what_nobody_of_us_used_was_used_elsewhere() -> None:
    before, after = Machine(total=100, busy=50, ours=5), Machine(total=120, busy=64, ours=7)
    assert elsewhere(before, after, 9) == pytest.approx(0.15)
    assert elsewhere(before, after, 13) == 0.0


def test_the_seconds_of_processes_that_end_while_they_are_read_are_their_parents() -> None:
    """PostgreSQL's workers come and go while a bench adds up what they used."""
    with subprocess.Popen(["sh", "-c", "while :; do true & wait; done"]) as parent:
        try:
            found = [used_by_all(parent.pid) for _ in range(2000)]
        finally:
            parent.kill()
    assert 0 <= found[0] <= min(found[-100:]) and found[-1] > 0


def test_every_goal_is_of_a_figure_that_is_measured() -> None:
    assert {case for case, _ in ingest.GOALS} <= {one.name for one in ingest.CASES}


def test_an_unknown_name_is_refused() -> None:
    answer = subprocess.run([sys.executable, "-m", "bench", "nothing"], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "no bench 'nothing'; there are ingest, ways, " in answer.stderr
    assert "[]" not in answer.stderr


@pytest.mark.system
@pytest.mark.usefixtures("any_machine")
def test_tiny_studies_go_through_both_orthancs_and_give_every_figure() -> None:
    lines = [json.loads(line(one)) for one in ingest.figures(rounds=1, patience=0, cases=[TINY])]
    assert all(set(one) == FIELDS for one in lines)
    named = {one["figure"]: one for one in lines}
    assert set(named) == {"rate", "rate-with-settle-wait", "rate-of-answers", "cpu-all", "cpu-orthanc"}
    assert named["rate-with-settle-wait"]["value"]["median"] <= named["rate"]["value"]["median"]
    assert named["rate"]["value"]["median"] <= named["rate-of-answers"]["value"]["median"]
    assert all(one["value"]["median"] > 0 for name, one in named.items() if name.startswith("rate"))


def test_a_small_ledger_is_judged_anew_and_gives_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejudge, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(rejudge, "SMALL", 100)
    monkeypatch.setattr(duplicates, "QUERIES", 5)
    lines = [json.loads(line(one)) for one in rejudge.figures(rounds=1, patience=0, count=400, held=100)]
    assert [one["figure"] for one in lines] == [
        "query-p95",
        "what-if-of-all",
        "exemption-of-10000",
        "order-during-exemption",
        "rule-that-reaches-all",
        "memory-grown-meanwhile",
        "order-during-rejudging",
    ]
    assert all(set(one) == FIELDS for one in lines)


@pytest.mark.system
def test_a_small_worklist_is_answered_alike_by_both_and_gives_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number of answers that is not the expected one ends the bench."""
    monkeypatch.setattr(worklist, "QUIET", 1.0)
    lines = [json.loads(line(one)) for one in worklist.figures(rounds=1, patience=0, count=10, queries=2)]
    assert [one["case"] for one in lines] == ["one-order-of-10", "one-modality-of-10", "everything-of-10"]
    assert all(set(one) == FIELDS and one["value"]["median"] > 0 for one in lines)


def test_a_line_becomes_a_row_of_the_page() -> None:
    """What a bench writes can be put into docs/performance.md as it is."""
    figure = compare("b", "case", "rate", "u/s", [(9.0, 8.0, 12.0), (12.0, 10.0, 10.0)], [0.01], Goal(least=0.9))
    assert list(table.rows([line(figure)])) == [
        "| case | rate, u/s | 10.5 (9–12) | 10 | 1.05 (0.9–1.2) | 1.25 (1–1.5) "
        "| ratio at least 0.9: met, within the noise |"
    ]
    one = compare("b", "case", "rate", "u/s", [(5.0, 10.0, 10.0)], [0.01], Goal(most=0.4))
    assert list(table.rows([line(one)])) == ["| case | rate, u/s | 5 | 10 | 0.5 | 1 | ratio at most 0.4: **not met** |"]


def goal_shown(figure: str, goal: Goal | None, busy: Sequence[float]) -> str:
    """Return the last cell of a row of 300 MiB beside 100."""
    [row] = table.rows([line(compare("b", "case", figure, "MiB", [(300.0, 100.0, 100.0)], busy, goal))])
    return row.rsplit("|", 2)[1].strip()


def test_a_goal_says_whether_it_is_of_the_ratio_or_of_the_value_and_then_in_which_unit() -> None:
    assert goal_shown("grown", Goal(most=350.0, absolute=True), [0.0]) == "at most 350 MiB: met"
    assert goal_shown("grown", Goal(least=350.0, absolute=True), [0.0]) == "at least 350 MiB: **not met**"
    assert goal_shown("grown", Goal(most=350.0), [0.0]) == "ratio at most 350: met"


def test_a_row_says_where_others_disturbed_it_unless_it_is_of_processor_time() -> None:
    goal, at_the_limit, above = Goal(most=350.0, absolute=True), [0.06], [0.0, 0.061, 0.9]
    assert goal_shown("rate", goal, above) == "at most 350 MiB: met, **not quiet**"
    assert goal_shown("rate", Goal(most=1.0), above) == "ratio at most 1: **not met**, **not quiet**"
    assert goal_shown("rate", None, above) == "–, **not quiet**"
    assert goal_shown("rate", goal, at_the_limit) == "at most 350 MiB: met"
    assert goal_shown("message-cpu", goal, above) == "at most 350 MiB: met"


class Resting:
    """A node that used a second of processor time since it was last asked."""

    def __init__(self) -> None:
        self._used = 0.0

    def cpu(self) -> Cpu:
        """Return what it used."""
        self._used += 1.0
        return Cpu(orthanc=self._used, others=0.0)


def test_memory_says_when_it_fills_and_what_share_of_the_machine_others_used_meanwhile(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the ten busy seconds in each half of 20 and 40 each node used one; nothing is sent and no node is started."""
    looks = iter([Machine(total=at, busy=busy, ours=0) for at, busy in ((0, 0), (20, 10), (20, 10), (60, 20))])
    monkeypatch.setattr(memory, "machine_now", lambda: next(looks))
    monkeypatch.setattr(memory.nodes, "gecit", lambda *_, **__: nullcontext(Resting()))
    monkeypatch.setattr(memory.nodes, "bare", lambda *_: nullcontext(Resting()))
    monkeypatch.setattr(memory.codes, "import_csv", lambda *_: None)
    monkeypatch.setattr(memory, "environ_of_a_node", dict)
    monkeypatch.setattr(memory, "_fill", lambda *_: None)
    monkeypatch.setattr(memory, "memory_of", lambda _: {"orthanc": 100.0})
    found = {one.figure: one.elsewhere.median for one in memory.figures(count=2)}
    assert found == {"orthanc": 0.4, "together-less-bare": 0.4, "grown": 0.4}
    said = capsys.readouterr().err
    assert all(one in said for one in ("writing 4 files", "half 1 of 2: 2 instances", "half 2 of 2"))


def test_stores_go_to_memory_only_where_there_is_room_for_them_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "MEMORY_FOLDER", tmp_path)
    assert machine.memory_folder(1) == tmp_path
    assert machine.memory_folder(1 << 60) is None
    monkeypatch.setattr(machine, "MEMORY_FOLDER", tmp_path / "none")
    assert machine.memory_folder(1) is None
    machine.warm_memory(3 << 20)


def test_the_audits_figures_have_their_cases() -> None:
    cases = [one.case for one in audit.figures(rounds=1, patience=0, rows=8, orders=3)]
    assert cases == ["row-one-by-one", "row-eight-at-once", "order-p95"]


@pytest.mark.system
def test_the_guards_figures_come_from_two_real_nodes() -> None:
    found = list(guard.figures(rounds=1, patience=0, studies=40, frames=80))
    assert [one.case for one in found] == ["frames-of-one-study", "first-frame-of-a-study"]
    assert all(one.anchor.median > 0 for one in found)


@pytest.mark.system
def test_what_a_call_leaves_in_orthanc_is_measured_for_both_kinds_of_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dozen nodes, whose figures nobody reads here: their rests alone would last as long as a test may."""
    monkeypatch.setattr(calls, "WARM_SECONDS", 1.0)
    monkeypatch.setattr(calls, "GIVEN_BACK_SECONDS", 0.1)
    found = list(calls.figures(rounds=1, count=500))
    assert [one.case for one in found] == list(calls.CASES)
    assert [one.goal is None for one in found] == [True, True, False, False]
    assert all(one.anchor.median > 0 for one in found)
