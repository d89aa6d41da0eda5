"""The data of quality in a running process: a mended file counts at once, a broken one costs no verdict."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

import pytest

from gecit.edges.store import SqlLedger
from gecit.processes.quality import NOTHING, quality_of
from gecit.processes.rules import Rules, publish
from gecit.settings import Settings, load
from tests.support.billing import HandClock
from tests.support.flow import START

SHIPPED = Path(__file__).parents[2] / "rules"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    rules = tmp_path / "rules"
    shutil.copytree(SHIPPED, rules)
    return load(environ={"GECIT_DATA": str(tmp_path / "data"), "ORTHANC__GECIT__RULES": str(rules)})


def write(settings: Settings, text: str, stamp: int) -> None:
    path = settings.rules / "quality" / "protocols.toml"
    path.write_text(text)
    os.utime(path, (stamp, stamp))


def test_a_file_that_cannot_be_used_costs_the_hints_and_no_verdict(
    sqlite_ledger: SqlLedger, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    publish(sqlite_ledger, settings.rules, None, START)
    rules = Rules(sqlite_ledger, settings, clock)
    whole = rules.judging()
    assert whole.quality.revision
    with caplog.at_level(logging.ERROR):
        write(settings, "[[protocol]]\nid = 'x'\n", 1)
        clock.forward(seconds=2)
        assert rules.judging().quality is NOTHING
        clock.forward(seconds=2)
        assert rules.judging().rulebook is whole.rulebook
    assert len([one for one in caplog.records if "protocols.toml" in one.getMessage()]) == 1
    write(settings, "", 2)
    clock.forward(seconds=2)
    mended = rules.judging().quality
    assert (mended.protocols, mended.levels) == ((), whole.quality.levels)
    assert mended.revision not in ("", whole.quality.revision)


def test_pages_and_judge_are_given_the_same(settings: Settings) -> None:
    data = quality_of(settings)
    assert data() is data()
    assert data().revision == quality_of(settings)().revision
