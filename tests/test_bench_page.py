"""What the page says is what results say, and a trend is told from noise."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench import __main__ as main_of_bench
from bench import http_sender, page, results
from bench.__main__ import BENCHES
from bench.figures import Figure, Goal, compare, line
from bench.soak.plot import draw
from bench.soak.run import percentile
from bench.soak.trend import slope

FIGURE = compare("b", "case", "rate", "u/s", [(9.0, 8.0, 12.0)], [0.02], Goal(least=0.9))


def test_every_bench_has_its_place_on_the_page_and_its_table_says_what_its_results_say() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.places(text) == set(BENCHES)
    assert page.renewed(text) == text, "run `make bench-page`"


def test_results_are_kept_with_their_origin_and_become_a_table(tmp_path: Path) -> None:
    path = results.keep("b", "python -m bench b --keep", [FIGURE], tmp_path)
    origin, lines = results.read(path)
    assert lines == [line(FIGURE)]
    assert (origin.bench, origin.elsewhere, origin.quiet) == ("b", 0.02, True)
    assert origin.processors >= 1
    text = "before\n<!-- bench b -->\nold\n<!-- end -->\n<!-- bench c -->\nstays\n<!-- end -->\n"
    renewed = page.renewed(text, tmp_path)
    assert "| case | rate, u/s | 9 | 10 | 0.9 | 1.5 | ratio at least 0.9: met, within the noise |" in renewed
    assert "old" not in renewed
    assert "<!-- bench c -->\nstays\n<!-- end -->" in renewed
    assert page.renewed(renewed, tmp_path) == renewed


def test_a_run_beside_others_is_not_called_quiet(tmp_path: Path) -> None:
    busy = compare("b", "case", "rate", "u/s", [(9.0, 8.0, 12.0)], [0.4])
    path = results.keep("b", "python -m bench b --keep", [FIGURE, busy], tmp_path)
    assert not results.read(path)[0].quiet
    assert "**not quiet**: others used up to 40% of it" in page.table(path)


def figure_of(rounds: int, busy: float, name: str = "rate", goal: Goal | None = None) -> Figure:
    """Return a figure of so many rounds beside so much of others."""
    return compare("b", "case", name, "u/s", [(9.0, 8.0, 12.0)] * rounds, [busy], goal)


@pytest.mark.parametrize(
    ("kept", "new", "why"),
    [
        (figure_of(1, 0.02), figure_of(3, 0.94), "others used 2.0% .* kept was measured, 94.0% in this run"),
        (figure_of(3, 0.05), figure_of(3, 0.07), "others used 5.0% .* 7.0% in this run .quiet is up to 6%"),
        (figure_of(3, 0.67), figure_of(3, 0.94), "others used 67.0% .* 94.0% in this run"),
        (figure_of(3, 0.94), figure_of(1, 0.02), "case, rate is kept of 3 rounds, this run has 1"),
        (figure_of(3, 0.02), figure_of(1, 0.94), "94.0% in .*; case, rate is kept of 3 rounds, this run has 1"),
    ],
)
def test_a_run_that_is_not_quiet_or_has_fewer_rounds_takes_no_better_ones_place(
    tmp_path: Path, kept: Figure, new: Figure, why: str
) -> None:
    path = results.keep("b", "good", [kept], tmp_path)
    before = path.read_text(encoding="utf-8")
    with pytest.raises(results.BetterKeptError, match=why) as fault:
        results.keep("b", "bad", [new], tmp_path)
    assert "--anyway (make: ANYWAY=1)" in str(fault.value)
    assert path.read_text(encoding="utf-8") == before
    results.keep("b", "bad", [new], tmp_path, anyway=True)
    assert results.read(path)[0].command == "bad"


@pytest.mark.parametrize(
    ("kept", "new"),
    [
        ([figure_of(3, 0.02)], [figure_of(3, 0.06)]),
        ([figure_of(3, 0.94)], [figure_of(3, 0.99)]),
        ([figure_of(3, 0.02)], [figure_of(5, 0.02)]),
        ([figure_of(3, 0.02, "gone")], [figure_of(1, 0.02)]),
        (
            [figure_of(3, 0.0, goal=Goal(least=1)), figure_of(8, 0.0, "while-it-drains")],
            [figure_of(3, 0.0, goal=Goal(least=1)), figure_of(7, 0.0, "while-it-drains")],
        ),
    ],
)
def test_a_run_as_good_as_what_is_kept_takes_its_place(tmp_path: Path, kept: list[Figure], new: list[Figure]) -> None:
    results.keep("b", "old", kept, tmp_path)
    assert results.read(results.keep("b", "new", new, tmp_path))[0].command == "new"


def test_what_is_not_kept_is_said_and_ends_with_code_1_and_anyway_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next bench is run and kept all the same."""
    keep = functools.partial(results.keep, folder=tmp_path)
    keep("b", "good", [figure_of(3, 0.02)])
    monkeypatch.setattr(results, "keep", keep)
    bench: Callable[[int, float], Iterator[Figure]] = lambda rounds, _: iter([figure_of(rounds, 0.94)])  # noqa: E731
    monkeypatch.setattr(main_of_bench, "BENCHES", {"b": bench, "c": bench})
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bench", "--keep", "--rounds", "1"])
    assert main_of_bench.main() == 1
    said = capsys.readouterr()
    assert "b is not kept" in said.err
    assert len(said.out.splitlines()) == 2
    assert [results.read(tmp_path / f"{name}.jsonl")[0].command[:4] for name in "bc"] == ["good", "pyth"]
    monkeypatch.setattr(sys, "argv", ["bench", "b", "--keep", "--rounds", "1", "--anyway"])
    assert main_of_bench.main() == 0
    assert results.read(tmp_path / "b.jsonl")[0].elsewhere == 0.94


def test_make_hands_anyway_on() -> None:
    command = ["make", "--dry-run", "--no-print-directory", "bench-viewer", "KEEP=1", "ANYWAY=1"]
    said = subprocess.run(command, cwd=results.HOME, capture_output=True, text=True, check=True).stdout
    assert "-m bench viewer" in said
    assert "--keep --anyway" in said


def test_a_slope_is_that_of_the_line_and_its_bounds_hold_zero_where_nothing_grows() -> None:
    hours = [number / 6 for number in range(60)]
    wobble = [(-1) ** number * (number * 7 % 5) / 5 for number in range(60)]
    grows = slope(hours, [100 + 3 * hour + one for hour, one in zip(hours, wobble, strict=True)])
    assert grows.low <= 3.0 <= grows.high
    assert grows.value == pytest.approx(3.0, abs=0.2)
    assert grows.low > 0
    flat = slope(hours, [100 + one for one in wobble])
    assert flat.low <= 0.0 <= flat.high
    with pytest.raises(ValueError, match="three values"):
        slope([1.0, 2.0], [1.0, 2.0])


def test_one_odd_value_moves_a_slope_little() -> None:
    hours = [float(number) for number in range(30)]
    values = [2 * hour for hour in hours]
    values[29] = 1000.0
    assert slope(hours, values).value == pytest.approx(2.0)


def test_percentiles_lie_between_the_values() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50) == 3.0
    assert percentile([7.0], 95) == 7.0


def test_a_soak_is_drawn_with_all_its_lines(tmp_path: Path) -> None:
    rows = [
        {"minute": minute, "memory": {"orthanc": 100.0, "work": 90.0 + minute}, "p95": {"pages": 30.0}}
        for minute in range(4)
    ]
    draw(rows, tmp_path / "soak.svg")
    drawn = (tmp_path / "soak.svg").read_text(encoding="utf-8")
    assert all(name in drawn for name in ("orthanc", "work", "pages", "MiB"))


def test_stow_sends_a_folder_by_twenties_and_rest_one_by_one(tmp_path: Path) -> None:
    for number in range(23):
        (tmp_path / f"{number:02d}.dcm").write_bytes(b"x%02dx" % number)
    [first, second] = http_sender.requests_of("stow", tmp_path)
    assert (first[1].count(b"Content-Type: application/dicom"), second[1].count(b"Content-Type")) == (20, 3)
    assert second[1].endswith(f"x22x\r\n--{http_sender.BOUNDARY}--\r\n".encode())
    assert [one[:2] for one in http_sender.requests_of("rest", tmp_path)][7] == ("/instances", b"x07x")
    assert not http_sender.failed(b'{"00081198": {"vr": "SQ"}, "00081199": {"vr": "SQ", "Value": [{}]}}')
    assert http_sender.failed(b'{"00081198": {"vr": "SQ", "Value": [{}]}}')
