"""Files with patients' data are their user's alone, whoever made the folder."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gecit.edges.store import open_ledger
from gecit.processes.private_files import keep_private
from gecit.settings import Settings, load


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    return load(environ={"GECIT_DATA": str(data)})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_ledger_and_the_log_beside_it_are_made_for_their_user_alone(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    found = {one.name: mode(one) for one in tmp_path.iterdir()}
    ledger.close()
    assert found == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm"), 0o600)


def test_open_files_are_closed_to_others_and_the_open_folder_is_told_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    files = [settings.data / name for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "codes.db")]
    for one in files:
        one.touch(mode=0o644)
    assert {mode(one) for one in files} == {0o644}
    with caplog.at_level(logging.WARNING):
        keep_private(settings)
    assert {mode(one) for one in files} == {0o600}
    [line] = caplog.messages
    assert str(settings.data) in line and "başka kullanıcılara açık" in line and "open to other users" in line
    assert mode(settings.data) == 0o755, "the folder is its owner's to close"


def test_nothing_is_told_of_a_folder_that_is_closed_or_not_there(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.data.chmod(0o700)
    keep_private(settings)
    settings.data.rmdir()
    keep_private(settings)
    assert caplog.messages == []
