"""What the page says is what results say, and a trend is told from noise."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import http_sender, page, results
from bench.__main__ import BENCHES
from bench.figures import Goal, compare, line
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
    assert "| case | rate, u/s | 9 | 10 | 0.9 | 1.5 | at least 0.9: met, within the noise |" in renewed
    assert "old" not in renewed
    assert "<!-- bench c -->\nstays\n<!-- end -->" in renewed
    assert page.renewed(renewed, tmp_path) == renewed


def test_a_run_beside_others_is_not_called_quiet(tmp_path: Path) -> None:
    busy = compare("b", "case", "rate", "u/s", [(9.0, 8.0, 12.0)], [0.4])
    path = results.keep("b", "python -m bench b --keep", [FIGURE, busy], tmp_path)
    assert not results.read(path)[0].quiet
    assert "**not quiet**: others used up to 40% of it" in page.table(path)


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
