"""The table of points is of this code, the plan is seeded, and results add up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from ..support.node import HOME
from . import page
from .killing import HOOK
from .results import TRIES, Results, Run
from .table import ENGINES, RANDOM, SENDER, Kill, Point, plan, read_points


@pytest.mark.parametrize("point", read_points().values(), ids=lambda one: one.name)
def test_each_point_of_the_table_stands_in_the_code(point: Point) -> None:
    assert callable(point.find())
    assert point.process in ("listen", "work", "web") and point.when in ("before", "after")


def test_every_step_of_the_flow_has_a_point() -> None:
    steps = {"frame", "ACK", "committed", "study read", "facts", "swept", "judging", "verdict", "outbox", "leased",
             "sent", "answered", "recorded", "report built", "document stored"}  # fmt: skip
    names = " | ".join(read_points())
    assert not [one for one in steps if one not in names]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_plan_is_the_same_each_time_and_has_every_point_with_each_victim(engine: str) -> None:
    first = list(islice(plan(engine), 1500))
    assert first == list(islice(plan(engine), 1500))
    planned = {(one.point, one.victim) for one in first}
    for name in read_points():
        assert {(name, victim) for victim in ("itself", "orthanc", "everything")} <= planned
    assert {(name, victim) for name in SENDER for victim in ("orthanc", "everything")} <= planned
    assert {one.victim for one in first if one.point == RANDOM} >= {"listen", "work", "web", "orthanc", "everything"}


def a_run(kills: list[Kill], unreached: list[Kill], lost: list[str] | None = None) -> Run:
    return Run(engine="sqlite", at="2026-03-02T06:00:00+00:00", seconds=1, kills=kills, unreached=unreached,
               messages=1, instances=1, exams=1, lost=lost or [], twice=[], differs=[])  # fmt: skip


def test_a_later_run_goes_on_where_the_plan_stood(tmp_path: Path) -> None:
    results = Results("abc", tmp_path)
    coming = list(islice(plan("sqlite"), 12))
    assert results.next_kills("sqlite", 10) == coming[:10]
    results.add(a_run(coming[:9], [coming[9]], lost=["a message"]))
    assert results.next_kills("sqlite", 3) == coming[9:12], "what was not reached is tried again"
    for _ in range(TRIES - 1):
        results.add(a_run([], [coming[9]]))
    again = Results("abc", tmp_path)
    assert again.next_kills("sqlite", 2) == coming[10:12], "and not for ever"
    assert again.kills("sqlite") == 9 and again.runs()[0].lost == ["a message"]
    assert Results("another commit", tmp_path).kills() == 0


def test_the_page_shows_what_the_runs_came_to_and_keeps_what_stands_around_it(tmp_path: Path) -> None:
    results = Results("abc", tmp_path)
    results.add(a_run(list(islice(plan("sqlite"), 9)), [], lost=["a message"]))
    written = tmp_path / "page.md"
    written.write_text(f"before\n{page.BEGIN}\nOLD TABLE\n{page.END}\nafter\n")
    page.write(results, written)
    text = written.read_text()
    assert "| SQLite | 9 | 1 | 1 | 1 | 1 | 0 | 1 | 0 | 0 |" in text and "| PostgreSQL | 0 |" in text
    assert text.startswith("before\n") and text.endswith("after\n") and "OLD" not in text
    page.write(results, written)
    assert written.read_text() == text


def test_a_page_that_tells_of_more_kills_is_left_alone_unless_it_is_asked_for(tmp_path: Path) -> None:
    """Whoever tries four would otherwise write over what a thousand came to."""
    many, few = Results("abc", tmp_path), Results("def", tmp_path)
    many.add(a_run(list(islice(plan("sqlite"), 9)), []))
    few.add(a_run(list(islice(plan("sqlite"), 4)), []))
    written = tmp_path / "page.md"
    written.write_text(f"{page.BEGIN}\n{page.END}\n")
    page.write(many, written)
    text = written.read_text()
    with pytest.raises(ValueError, match="9 kills, these are 4"):
        page.write(few, written)
    assert written.read_text() == text
    page.write(few, written, fewer=True)
    assert "4 kills." in written.read_text()


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    written = tmp_path / "page.md"
    written.write_text("nothing")
    with pytest.raises(ValueError, match="no place"):
        page.write(Results("abc", tmp_path), written)
    assert written.read_text() == "nothing"


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    results = Results("abc", tmp_path)
    results.add(a_run([], []))
    with (tmp_path / "abc" / "sqlite.jsonl").open("ab") as file:
        file.write(b'\n{"engine": "sql')
    results.add(a_run([], []))
    assert len(results.runs("sqlite")) == 2


@pytest.mark.parametrize(
    ("call", "when", "nth", "passed"),
    [("gecit.edges.mllp_framer:wrap", "after", 1, 0), ("gecit.edges.mllp_framer:wrap", "after", 3, 2),
     ("gecit.edges.hl7_reader:parse", "after", 1, 5)],
)  # fmt: skip
def test_a_process_dies_at_the_call_that_is_armed_and_only_there(
    tmp_path: Path, call: str, when: str, nth: int, passed: int
) -> None:
    point = {"call": call, "when": when, "process": "listen", "answers": False, "nth": nth, "victim": "itself"}
    (tmp_path / "armed").write_text(json.dumps(point))
    program = "from gecit.edges.mllp_framer import wrap\nfor number in range(5): wrap(b'x'); print(number, flush=True)"
    path = os.pathsep.join((str(HOME / "plugins"), str(HOOK)))
    done = subprocess.run(
        [sys.executable, "-c", program, "listen"],
        env={"PYTHONPATH": path, "GECIT_CRASH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert len(done.stdout.split()) == passed, done.stderr
    assert done.returncode == (-9 if passed < 5 else 0)
    assert (tmp_path / "fired").exists() == (passed < 5)


def test_the_clock_can_be_set_off_at_any_time(tmp_path: Path) -> None:
    path = os.pathsep.join((str(HOME / "plugins"), str(HOOK)))
    program = (
        "from gecit.edges.system_clock import SystemClock; from pathlib import Path; import sys\n"
        "first = SystemClock().now(); Path(sys.argv[1], 'clock').write_text('-3600')\n"
        "print(round((SystemClock().now() - first).total_seconds() / 3600))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PYTHONPATH": path, "GECIT_CRASH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "-1\n", done.stderr


def test_without_a_folder_the_hook_touches_nothing() -> None:
    path = os.pathsep.join((str(HOME / "plugins"), str(HOOK)))
    program = "from gecit.edges.mllp_framer import wrap; print(hasattr(wrap, '__wrapped__'))"
    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_the_plan_of_both_engines_reaches_each_point_within_a_thousand_kills() -> None:
    counts = Counter(one.point for engine in ENGINES for one in islice(plan(engine), 500))
    assert set(counts) == {RANDOM, *SENDER, *read_points()} and min(counts.values()) >= 5


@pytest.mark.parametrize("named", ["mysql", "postgres", ""])
def test_an_engine_that_is_none_is_refused_before_anything_is_killed(named: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--kills", "1", "--engines", named],
        cwd=HOME, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "sqlite, postgresql" in done.stderr
