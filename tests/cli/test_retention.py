"""`gecit retention`: off as shipped, a list where years are set, and a wrong setting is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from msgspec.structs import replace

from gecit.edges.store import SqlLedger, open_ledger
from gecit.settings import SettingsError, load
from tests.support.flow import START, arrive, study

Run = Callable[..., Result]


@pytest.fixture
def ledger(data: Path) -> Iterator[SqlLedger]:
    data.mkdir(parents=True)
    made = open_ledger(f"sqlite:///{data}/ledger.db")
    yield made
    made.close()


def aged(ledger: SqlLedger, node: str) -> None:
    one = study("s1", "A1")
    arrive(ledger, replace(one, key=replace(one.key, node=node), study_date="19990101"), START)


def test_as_shipped_nothing_is_ever_past_its_time(run: Run, ledger: SqlLedger) -> None:
    assert "Gecit.Retention" in run("retention", "list", code=1).output
    assert ledger.read(lambda tx: tx.retention_lists()) == []


def test_a_list_is_shown_and_only_then_kept_to_be_approved(
    run: Run, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORTHANC__GECIT__RETENTION__YEARS", "20")
    assert json.loads(run("retention", "list", "--json", "--dry-run").stdout) == []
    aged(ledger, load().name)
    [shown] = json.loads(run("retention", "list", "--json", "--dry-run").stdout)
    assert (shown["date"], shown["until"]) == ("19990101", "2019-01-01")
    assert ledger.read(lambda tx: tx.retention_lists()) == []
    printed = run("retention", "list").output
    (made,) = ledger.read(lambda tx: tx.retention_lists())
    assert f"/gecit/retention/{made.id}" in printed and made.approved_at is None


@pytest.mark.parametrize("wrong", ["MG", "mg=30", "MG=", "MG=3000"])
def test_years_of_a_modality_that_are_none_are_named(
    run: Run, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("ORTHANC__GECIT__RETENTION__MODALITY_YEARS", wrong)
    with pytest.raises(SettingsError, match="ModalityYears"):
        run("retention", "list")
