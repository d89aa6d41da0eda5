"""`gecit aside`: what is set aside is listed, and tried again where somebody asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gecit.cli import cli
from gecit.core.set_aside import Reason, SetAside
from gecit.edges.set_aside_files import SetAsideFiles
from gecit.edges.store import open_ledger

STUDY = "-".join(["0123abcd"] * 5)


@pytest.fixture
def files(data: Path) -> SetAsideFiles:
    data.mkdir(parents=True)
    open_ledger(f"sqlite:///{data}/ledger.db").close()
    made = SetAsideFiles(data)
    made.put(SetAside(study=STUDY, reason=Reason.DEEP, at=datetime(2026, 3, 1, tzinfo=UTC), orthanc="1.10.1"))
    return made


def test_what_is_set_aside_is_listed_with_why(files: SetAsideFiles) -> None:
    [row] = json.loads(CliRunner().invoke(cli, ["aside", "list", "--json"]).output)
    assert (row["study"], row["orthanc"]) == (STUDY, "1.10.1") and "derin" in row["why"] and "deeper" in row["why"]


def test_a_study_is_tried_again_only_where_it_is_set_aside(files: SetAsideFiles) -> None:
    assert CliRunner().invoke(cli, ["aside", "retry", STUDY.replace("0", "1")]).exit_code == 1
    assert not files.all()[STUDY].again
    assert CliRunner().invoke(cli, ["aside", "retry", STUDY]).exit_code == 0
    assert files.all()[STUDY].again
