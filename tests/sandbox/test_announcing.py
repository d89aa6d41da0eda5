"""The demo announces an exemption for its outage; played again soon, it announces the new one alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gecit.core.events import OutageBegan, OutageEnded
from gecit.edges.rules_files import read_folder
from gecit.edges.store import SqlLedger, open_ledger
from gecit.sandbox.announcing import announce, seconds_excused
from gecit.sandbox.node import site_rules
from gecit.settings import Settings, load

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SERVICE = "upstream:sandbox"


def at(minute: int, second: int = 0) -> datetime:
    return NOON + timedelta(minutes=minute, seconds=second)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("GECIT_CONFIG", raising=False)
    name = {"ORTHANC__GECIT__DUPLICATES__UPSTREAM_NAME": "sandbox"}
    return load(environ={"GECIT_DATA": str(tmp_path), **name, **site_rules(tmp_path)})


@pytest.fixture
def ledger(settings: Settings) -> Iterator[SqlLedger]:
    opened = open_ledger(settings.database)
    yield opened
    opened.close()


def outage(ledger: SqlLedger, began: datetime, ended: datetime) -> None:
    ledger.write(lambda tx: tx.append(OutageBegan(at=began, service=SERVICE, reason="503")))
    ledger.write(lambda tx: tx.append(OutageEnded(at=ended, service=SERVICE)))


def windows(settings: Settings) -> list[tuple[datetime, datetime | None]]:
    """The site's windows, as the rule files have them."""
    book = read_folder(settings.rules, settings.site_rules)
    [into] = [one for one in book.exemptions if one.id == "duplicate-query"]
    return sorted((one.start, one.last) for one in into.windows if one.origin == "site")


@pytest.mark.parametrize("minute", [1, 10])
def test_a_second_day_within_the_hour_announces_its_own_outage_alone(
    settings: Settings, ledger: SqlLedger, minute: int
) -> None:
    """Also where the second outage begins in the minute after the first: both together would be one window again."""
    before = len(windows(settings))
    outage(ledger, at(0, 2), at(0, 5))
    assert announce(settings, ledger, at(0, 9)) == [(at(0), at(0))]
    outage(ledger, at(minute, 2), at(minute, 5))
    assert announce(settings, ledger, at(minute, 9)) == [(at(minute), at(minute))]
    assert windows(settings)[before:] == [(at(0), at(0)), (at(minute), at(minute))]
    assert ledger.active_revision() == read_folder(settings.rules, settings.site_rules).revision


def test_what_stands_already_is_not_announced_again(settings: Settings, ledger: SqlLedger) -> None:
    """Without a new outage no file is written and no revision is put in force."""
    outage(ledger, at(0, 2), at(0, 5))
    announce(settings, ledger, at(0, 9))
    files, revision = windows(settings), ledger.active_revision()
    assert announce(settings, ledger, at(5)) == []
    assert (windows(settings), ledger.active_revision()) == (files, revision)


def test_an_order_waits_until_the_minute_that_is_excused_already_is_over(settings: Settings, ledger: SqlLedger) -> None:
    """Played at once again, the day's outage would lie in the window of the day before."""
    assert seconds_excused(settings, at(0, 20)) == 0
    outage(ledger, at(0, 2), at(0, 5))
    announce(settings, ledger, at(0, 9))
    assert [seconds_excused(settings, at(*one)) for one in ((0, 20), (1, 0), (9, 0))] == [40, 0, 0]
