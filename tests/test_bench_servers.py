"""The benches that run servers: others' HL7 servers, growth on both engines, other ways of ingest, a short soak."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
from bench import growth, hl7_servers, ingest, messages, tracking, ways
from bench.corpus import Case
from bench.hl7_sender import write_frames
from bench.hl7_servers import SERVERS
from bench.soak import run as soak

from .test_bench_way import told


@pytest.mark.system
@pytest.mark.parametrize("name", SERVERS)
def test_servers_of_others_accept_every_message(name: str, tmp_path: Path) -> None:
    """Whoever does not would end the bench."""
    hl7_servers.fetch()
    write_frames(tmp_path / "frames", chain.from_iterable(messages.pairs(10)))
    server = SERVERS[name]
    for window in (1, 4) if server.windows else (1,):
        assert server.figure(tmp_path / "frames", 2, window, 20) > 0


@pytest.mark.postgres
def test_two_small_ledgers_give_every_figure_of_growth_on_both_engines() -> None:
    lines = told(growth.figures(rounds=1, patience=0, small=40, large=80, exams=8))
    names = ("message", "message-cpu", "judged", "judged-cpu")
    assert list(lines) == [(engine, name) for engine in ("sqlite", "postgresql") for name in names]
    assert all(one["goal"]["most"] == 1.2 for one in lines.values())  # type: ignore[index]


def test_pages_of_every_size_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "SMALL", 40)
    monkeypatch.setattr(tracking, "SIZES", (80, 120))
    monkeypatch.setattr(tracking, "REPEATS", 1)
    cases = [case for case, _ in told(tracking.figures(rounds=1, patience=0))]
    assert cases[0] == "80: first"
    assert len(cases) == 2 * 2 * len(tracking.PAGES)


@pytest.mark.system
def test_a_few_files_go_every_way_and_give_its_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not stored ends the bench."""
    monkeypatch.setattr(ingest, "QUIET", 1.0)
    tiny = Case(name="tiny", edge=16, studies=2, series=1, slices=3)
    lines = told(ways.figures(rounds=1, patience=0, cases=[tiny]))
    rates = {case for case, figure in lines if figure == "rate"}
    assert rates == {"stow, tiny", "rest, tiny", "storescp, tiny"}
    assert ("storescp, tiny", "cpu-all") not in lines


@pytest.mark.system
def test_a_short_soak_leaves_nothing_behind_and_gives_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "SAMPLE_SECONDS", 1.0)
    lines = told(soak.figures(length=0.2, pace=2.0))
    figures = {figure for _, figure in lines}
    assert {f"{kind}-p95" for kind in (*soak.KINDS, "told")} <= figures
    assert {f"{name}-growth" for name in ("orthanc", "web", "listen", "work")} <= figures
    assert lines["0.2-minutes", "left-at-the-end"]["value"]["median"] == 0  # type: ignore[index]
