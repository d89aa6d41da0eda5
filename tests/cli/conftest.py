"""An installation of its own for each test of the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gecit.cli import cli
from tests.support.watched import watched


@pytest.fixture(autouse=True)
def _told_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No command of any test here changes a ledger that the audit was not told of (docs/decisions/0044)."""
    with watched(monkeypatch) as untold:
        yield
    assert untold == []


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, not made yet, and nothing of the surroundings' configuration."""
    for name in [one for one in os.environ if one.startswith(("GECIT_", "ORTHANC__"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GECIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site's own folder of rules, empty and configured."""
    folder = tmp_path / "site"
    (folder / "exemptions").mkdir(parents=True)
    monkeypatch.setenv("ORTHANC__GECIT__SITE_RULES", str(folder))
    return folder


@pytest.fixture
def gecit(data: Path) -> Callable[..., Result]:
    """Run a command as from a shell; an exception that no command caught is raised here."""

    def command(*args: str | Path, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, list(map(str, args)), input=stdin, catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return command


@pytest.fixture
def run(gecit: Callable[..., Result]) -> Callable[..., Result]:
    """Run a command; a file of tests about one command may put its name in front."""
    return gecit
